// Texts of conditions. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace reconcile {

// At most `bytes` of the text, cut where a character begins: the API server takes only whole UTF-8.
std::string bounded_text(std::string_view text, std::size_t bytes);

// The text with each word that has a digit replaced by one sign: texts of other programs count
// ports, retries and seconds.
std::string without_numbers(std::string_view text);

}  // namespace reconcile
