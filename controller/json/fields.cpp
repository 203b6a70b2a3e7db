#include "json/fields.h"

#include <fmt/core.h>

#include <limits>

namespace json {

void fail_type(DecodeError& failure, const Path& path, std::string_view expected, View found) {
  if (failure) return;
  const std::string where = path.text();
  failure = base::Error{base::ErrorCode::kMalformed,
                        fmt::format("{}: expected {}, found {}", where.empty() ? "value" : where,
                                    expected, describe(found.kind())),
                        {{where, "FieldValueTypeInvalid", fmt::format("expected {}", expected)}}};
}

bool Leaf<std::string>::read(View view, std::string& out) {
  if (view.kind() != Kind::kString) return false;
  out = view.string();
  return true;
}

bool Leaf<bool>::read(View view, bool& out) {
  if (view.kind() != Kind::kBool) return false;
  out = view.boolean();
  return true;
}

bool Leaf<std::int64_t>::read(View view, std::int64_t& out) {
  if (view.kind() != Kind::kInteger) return false;
  out = view.integer();
  return true;
}

bool Leaf<int>::read(View view, int& out) {
  if (view.kind() != Kind::kInteger) return false;
  const std::int64_t value = view.integer();
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
    return false;
  }
  out = static_cast<int>(value);
  return true;
}

bool Leaf<base::Time>::read(View view, base::Time& out) {
  if (view.kind() != Kind::kString) return false;
  const auto time = base::parse_time(view.string());
  if (time) out = *time;
  return time.has_value();
}

}  // namespace json
