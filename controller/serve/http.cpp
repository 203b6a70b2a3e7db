#include "serve/http.h"

#include <algorithm>

namespace serve {

bool Request::has_parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    if (parameter.substr(0, parameter.find('=')) == name) return true;
    rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
  }
  return false;
}

}  // namespace serve
