#include "json/nesting.h"

#include "base/limits.h"

namespace json {

bool Nesting::is_value() const {
  return levels_.empty() || !(levels_.back().in_key || levels_.back().at_key);
}

std::string_view Nesting::key() const {
  return levels_.empty() ? std::string_view() : levels_.back().key;
}

bool Nesting::open(bool mapping, bool flow) {
  if (levels_.size() >= limits::kScalarDepth) return false;
  Level level;
  level.mapping = mapping;
  level.flow = flow || in_flow();
  level.in_key = !is_value();
  level.at_key = mapping;
  if (!mapping) level.key = key();
  levels_.push_back(std::move(level));
  return true;
}

void Nesting::close() {
  levels_.pop_back();
  node_done({});
}

void Nesting::leaf(std::string_view text) { node_done(text); }

void Nesting::node_done(std::string_view text) {
  if (levels_.empty() || !levels_.back().mapping) return;
  Level& level = levels_.back();
  if (level.at_key) level.key = text.size() <= limits::kScalarKeyBytes ? text : "";
  level.at_key = !level.at_key;
}

}  // namespace json
