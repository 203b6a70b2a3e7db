#include "sim/field_set.h"

#include <algorithm>
#include <utility>

namespace sim {
namespace {

bool precedes(const FieldEntry& entry, std::string_view element) {
  return std::string_view(entry.element) < element;
}

bool is_void(const FieldEntry& entry) { return !entry.member && entry.below.empty(); }

void write_quoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char character : text) {
    if (character == '"' || character == '\\') out += '\\';
    out += character;
  }
  out += '"';
}

}  // namespace

const FieldEntry* FieldSet::find_entry(std::string_view element) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), element, precedes);
  return found != entries_.end() && found->element == element ? &*found : nullptr;
}

FieldEntry& FieldSet::need(std::string_view element) {
  if (entries_.empty() || precedes(entries_.back(), element)) {
    return entries_.emplace_back(FieldEntry{std::string(element), false, {}});
  }
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), element, precedes);
  if (found != entries_.end() && found->element == element) return *found;
  return *entries_.insert(found, FieldEntry{std::string(element), false, {}});
}

bool FieldSet::has(std::string_view element) const {
  const FieldEntry* found = find_entry(element);
  return found != nullptr && found->member;
}

const FieldSet* FieldSet::below(std::string_view element) const {
  const FieldEntry* found = find_entry(element);
  return found == nullptr || found->below.empty() ? nullptr : &found->below;
}

void FieldSet::insert(std::string_view element) { need(element).member = true; }

FieldSet& FieldSet::descend(std::string_view element) { return need(element).below; }

void FieldSet::prune() {
  for (FieldEntry& entry : entries_) entry.below.prune();
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(), is_void), entries_.end());
}

FieldSet FieldSet::unite(const FieldSet& other) const {
  FieldSet result;
  result.entries_.reserve(std::max(entries_.size(), other.entries_.size()));
  auto a = entries_.begin();
  auto b = other.entries_.begin();
  while (a != entries_.end() || b != other.entries_.end()) {
    if (b == other.entries_.end() || (a != entries_.end() && a->element < b->element)) {
      result.entries_.push_back(*a++);
    } else if (a == entries_.end() || b->element < a->element) {
      result.entries_.push_back(*b++);
    } else {
      result.entries_.push_back({a->element, a->member || b->member, a->below.unite(b->below)});
      ++a;
      ++b;
    }
  }
  return result;
}

FieldSet FieldSet::intersect(const FieldSet& other) const {
  FieldSet result;
  for (const FieldEntry& entry : entries_) {
    const FieldEntry* match = other.find_entry(entry.element);
    if (match == nullptr) continue;
    FieldEntry both{entry.element, entry.member && match->member,
                    entry.below.intersect(match->below)};
    if (!is_void(both)) result.entries_.push_back(std::move(both));
  }
  return result;
}

FieldSet FieldSet::subtract(const FieldSet& other) const {
  FieldSet result;
  for (const FieldEntry& entry : entries_) {
    const FieldEntry* match = other.find_entry(entry.element);
    if (match == nullptr) {
      result.entries_.push_back(entry);
      continue;
    }
    FieldEntry rest{entry.element, entry.member && !match->member,
                    entry.below.subtract(match->below)};
    if (!is_void(rest)) result.entries_.push_back(std::move(rest));
  }
  return result;
}

FieldSet FieldSet::subtract_whole(const FieldSet& other) const {
  FieldSet result;
  for (const FieldEntry& entry : entries_) {
    const FieldEntry* match = other.find_entry(entry.element);
    if (match != nullptr && match->member) continue;
    FieldEntry rest = entry;
    if (match != nullptr) rest.below = entry.below.subtract_whole(match->below);
    if (!is_void(rest)) result.entries_.push_back(std::move(rest));
  }
  return result;
}

FieldSet FieldSet::with_named_fields(const Schema& schema) const {
  FieldSet result;
  result.entries_.reserve(entries_.size());
  for (const FieldEntry& entry : entries_) {
    FieldEntry named{entry.element, entry.member, {}};
    const Schema* type = schema.type_of(entry.element);
    if (!entry.below.empty()) {
      named.below = type == nullptr ? entry.below : entry.below.with_named_fields(*type);
      if (schema.declares(entry.element)) named.member = true;
    }
    result.entries_.push_back(std::move(named));
  }
  return result;
}

FieldSet FieldSet::read(const Value& fields_v1) {
  FieldSet result;
  if (!fields_v1.IsObject()) return result;
  for (auto member = fields_v1.MemberBegin(); member != fields_v1.MemberEnd(); ++member) {
    const std::string_view element = as_text(member->name);
    if (element == ".") continue;
    const Value* itself = find(member->value, ".");
    FieldEntry& entry = result.need(element);
    entry.below = read(member->value);
    entry.member = itself != nullptr || entry.below.empty();
  }
  return result;
}

void FieldSet::write(std::string& out) const {
  out += '{';
  bool first = true;
  for (const FieldEntry& entry : entries_) {
    if (!std::exchange(first, false)) out += ',';
    write_quoted(entry.element, out);
    out += ':';
    if (entry.below.empty()) {
      out += "{}";
      continue;
    }
    std::string inner;
    entry.below.write(inner);
    if (entry.member) inner.insert(1, R"(".":{},)");
    out += inner;
  }
  out += '}';
}

bool FieldSet::operator==(const FieldSet& other) const {
  return std::equal(entries_.begin(), entries_.end(), other.entries_.begin(), other.entries_.end(),
                    [](const FieldEntry& a, const FieldEntry& b) {
                      return a.member == b.member && a.element == b.element && a.below == b.below;
                    });
}

}  // namespace sim
