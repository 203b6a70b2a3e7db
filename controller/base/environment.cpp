#include "base/environment.h"

#include <fmt/core.h>
#include <unistd.h>

namespace base {

EnvironmentVariables process_environment() {
  EnvironmentVariables environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::vector<std::string> child_environment(
    const std::vector<std::pair<std::string, std::string>>& more) {
  EnvironmentVariables merged = process_environment();
  for (const auto& [name, value] : more) merged.insert_or_assign(name, value);
  std::vector<std::string> texts;
  texts.reserve(merged.size());
  for (const auto& [name, value] : merged) texts.push_back(fmt::format("{}={}", name, value));
  return texts;
}

std::vector<char*> null_terminated(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::string variable(const EnvironmentVariables& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace base
