// This file has helpers for the texts of conditions. All functions are pure and can be called on
// any thread.
#pragma once

#include <string>
#include <string_view>

namespace reconcile {

// Returns the text with "#" instead of each word that has a digit. Messages of other programs
// contain ports, retry counts and seconds, so two messages often differ in numbers only.
std::string without_numbers(std::string_view text);

}  // namespace reconcile
