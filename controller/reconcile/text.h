// Texts of conditions. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace reconcile {

// The text with each word that has a digit replaced by one sign: texts of other programs count
// ports, retries and seconds.
std::string without_numbers(std::string_view text);

}  // namespace reconcile
