#include "json/path.h"

#include "base/text/quote.h"

namespace json {

std::string Path::text() const {
  if (parent_ == nullptr) return "";
  std::string text = parent_->text();
  if (is_key_) return text + "[" + base::shown(name_) + "]";
  if (name_.empty()) return text + "[" + std::to_string(index_) + "]";
  if (!text.empty()) text += '.';
  return text + base::shown(name_);
}

}  // namespace json
