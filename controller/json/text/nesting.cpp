#include "json/text/nesting.h"

#include <algorithm>

#include "base/limits.h"

namespace json {

bool Nesting::is_value() const {
  return levels_.empty() || !(levels_.back().in_key || levels_.back().at_key);
}

std::string_view Nesting::key() const {
  return levels_.empty() ? std::string_view() : levels_.back().key;
}

std::string_view Nesting::parent_key() const {
  for (std::size_t i = levels_.size(); i-- > 1;) {
    if (levels_[i].mapping) return levels_[i - 1].key;
  }
  return {};
}

bool Nesting::any_key(const std::function<bool(std::string_view)>& is_such) const {
  return std::any_of(levels_.begin(), levels_.end(),
                     [&](const Level& level) { return is_such(level.key); });
}

std::uint64_t Nesting::map() const { return levels_.empty() ? 0 : levels_.back().map; }

bool Nesting::open(bool mapping, bool flow, bool anchored) {
  if (levels_.size() >= limits::kScalarDepth) return false;
  Level level;
  level.mapping = mapping;
  level.flow = flow || in_flow();
  level.anchored_map = mapping && anchored;
  level.in_key = !is_value();
  level.at_key = mapping;
  if (mapping) level.map = ++maps_;
  if (!mapping) level.key = key();
  levels_.push_back(std::move(level));
  return true;
}

std::uint64_t Nesting::close() {
  const std::uint64_t map = levels_.back().map;
  levels_.pop_back();
  node_done({});
  return map;
}

void Nesting::leaf(std::string_view text) { node_done(text); }

void Nesting::node_done(std::string_view text) {
  if (levels_.empty() || !levels_.back().mapping) return;
  Level& level = levels_.back();
  if (level.at_key) level.key = text.size() <= limits::kScalarKeyBytes ? text : "";
  level.at_key = !level.at_key;
}

}  // namespace json
