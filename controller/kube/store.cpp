#include "kube/store.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

namespace kube {
namespace {

// What tells objects and their versions apart, without decoding the rest.
struct Identity {
  std::string namespace_name;
  std::string name;
  std::string uid;
  std::string resource_version;
};

struct Identified {
  Identity metadata;
};

bool is_same_version(const Entry& entry, const Identity& identity) {
  return entry && entry.meta->resource_version == identity.resource_version &&
         entry.meta->uid == identity.uid;
}

// By content: the watch brings a copy of its own of what we wrote.
bool is_same_version(const Entry& a, const Entry& b) {
  if (a == b) return true;
  return a && b && a.meta->resource_version == b.meta->resource_version &&
         a.meta->uid == b.meta->uid;
}

std::size_t hash(std::string_view text) { return std::hash<std::string_view>()(text); }

}  // namespace
}  // namespace kube

template <>
struct json::Fields<kube::Identity> {
  using T = kube::Identity;
  static constexpr auto kTable = std::make_tuple(
      json::field("namespace", &T::namespace_name), json::field("name", &T::name),
      json::field("uid", &T::uid), json::field("resourceVersion", &T::resource_version));
};

template <>
struct json::Fields<kube::Identified> {
  static constexpr auto kTable =
      std::make_tuple(json::field("metadata", &kube::Identified::metadata));
};

namespace kube {
namespace {

base::Result<Identity> identify(json::View object) {
  base::Result<Identified> read = json::decode<Identified>(object);
  if (!read) return read.error();
  if (read->metadata.name.empty() || revision_of(read->metadata.resource_version) == 0) {
    return base::Error{base::ErrorCode::kMalformed, "an object without a name or resourceVersion"};
  }
  return std::move(read->metadata);
}

}  // namespace

std::uint64_t revision_of(std::string_view resource_version) {
  std::uint64_t revision = 0;
  const char* end = resource_version.data() + resource_version.size();
  const auto [stop, failure] = std::from_chars(resource_version.data(), end, revision);
  return failure == std::errc() && stop == end ? revision : 0;
}

bool Scope::holds(std::string_view object_namespace, std::string_view object_name) const {
  return (namespace_name.empty() || namespace_name == object_namespace) &&
         (name.empty() || name == object_name);
}

std::size_t StoreCore::Hash::operator()(const Name& name) const {
  constexpr std::size_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio: spreads the bits
  return hash(name.namespace_name) * kOdd + hash(name.name);
}

std::size_t StoreCore::Hash::operator()(const Entry& entry) const {
  return (*this)(Name{entry.meta->namespace_name, entry.meta->name});
}

bool StoreCore::Equal::operator()(const Entry& a, const Entry& b) const {
  return (*this)(Name{a.meta->namespace_name, a.meta->name}, b);
}

bool StoreCore::Equal::operator()(const Name& a, const Entry& b) const {
  return a.name == b.meta->name && a.namespace_name == b.meta->namespace_name;
}

bool StoreCore::Equal::operator()(const Entry& a, const Name& b) const { return (*this)(b, a); }

StoreCore::StoreCore(Decode decode, std::vector<Scope> scopes) : decode_(decode) {
  for (Scope& scope : scopes) parts_.push_back(Part{std::move(scope), 0, false, {}, {}});
}

std::size_t StoreCore::add_index(IndexKey key) {
  indexes_.push_back(Index{std::move(key), {}});
  return indexes_.size() - 1;
}

void StoreCore::begin_relist(std::size_t scope) {
  parts_[scope].relisting = true;
  parts_[scope].relisted.clear();
}

base::Result<void> StoreCore::put(std::size_t scope, json::View object) {
  Part& part = parts_[scope];
  base::Result<Identity> identity = identify(object);
  if (!identity) return identity.error();
  const Name name{identity->namespace_name, identity->name};
  const std::uint64_t revision = revision_of(identity->resource_version);
  Entry entry = shown(name);
  base::Result<void> read;
  if (!is_same_version(entry, *identity)) {  // else: no need to decode what is there already
    base::Result<Entry> decoded = decode_(object);
    if (decoded) {
      entry = *std::move(decoded);
    } else {
      read = decoded.error();
    }
  }
  if (part.relisting) {
    if (!entry) return read;
    part.relisted.erase(name);
    part.relisted.insert(std::move(entry));
  } else if (read) {
    watched(part, name, std::move(entry), revision);
  } else {
    progress(scope, revision);
  }
  return read;
}

base::Result<void> StoreCore::erase(std::size_t scope, json::View object) {
  Part& part = parts_[scope];
  const base::Result<Identity> identity = identify(object);
  if (!identity) return identity.error();
  const Name name{identity->namespace_name, identity->name};
  if (part.relisting) {
    part.relisted.erase(name);
  } else {
    watched(part, name, Entry{}, revision_of(identity->resource_version));
  }
  return {};
}

void StoreCore::end_relist(std::size_t scope, std::uint64_t revision) {
  Part& part = parts_[scope];
  const bool rewound = revision < part.revision;
  part.relisting = false;
  part.revision = revision;
  overlay(part, rewound);
  const std::vector<Change> changes = changes_to(part);
  part.relisted = Set();
  for (const auto& [before, after] : changes) replace(before, after);
  for (const auto& [before, after] : changes) tell(before, after);
}

void StoreCore::progress(std::size_t scope, std::uint64_t revision) {
  Part& part = parts_[scope];
  if (part.relisting) return;
  part.revision = std::max(part.revision, revision);
  end_records(part);
}

const Entry* StoreCore::find(std::string_view namespace_name, std::string_view name) const {
  const auto found = objects_.find(Name{namespace_name, name});
  return found == objects_.end() ? nullptr : &*found;
}

std::vector<Entry> StoreCore::all() const { return {objects_.begin(), objects_.end()}; }

std::vector<Entry> StoreCore::by_index(std::size_t index, std::string_view key) const {
  std::vector<Entry> found;
  const auto [first, last] = indexes_[index].entries.equal_range(hash(key));
  for (auto it = first; it != last; ++it) {
    const Entry* entry = find(it->second->namespace_name, it->second->name);
    if (entry != nullptr && indexes_[index].key(entry->object.get()) == key) {
      found.push_back(*entry);
    }
  }
  return found;
}

std::uint64_t StoreCore::revision(std::string_view namespace_name, std::string_view name) const {
  const Part* part = part_of(namespace_name, name);
  return part == nullptr ? 0 : part->revision;
}

void StoreCore::record_written(const Entry& entry) {
  const api::ObjectMeta& meta = *entry.meta;
  Part* part = part_of(meta.namespace_name, meta.name);
  const std::uint64_t revision = revision_of(meta.resource_version);
  if (part == nullptr || revision <= part->revision) return;
  const Name name{meta.namespace_name, meta.name};
  Record record{shown(name), revision, {}};
  const auto known = records_.find(api::key_of(meta));
  if (known != records_.end()) {
    const Record& earlier = known->second;
    const bool older = earlier.gone_uid.empty() && earlier.revision >= revision;
    if (older || earlier.gone_uid == meta.uid) return;
    record.watched = earlier.watched;
  }
  add_record(*part, api::key_of(meta), std::move(record));
  show(name, entry);
}

void StoreCore::record_deleted(const api::ObjectKey& key, std::string_view uid,
                               std::string_view resource_version) {
  Part* part = part_of(key.namespace_name, key.name);
  if (part == nullptr) return;
  const Name name{key.namespace_name, key.name};
  const Entry current = shown(name);
  if (current && current.meta->uid != uid) return;  // another object by now
  Record record{current, revision_of(resource_version), std::string(uid)};
  const auto known = records_.find(key);
  if (known != records_.end()) {
    record.watched = known->second.watched;
    record.revision = std::max(record.revision, known->second.revision);
  }
  if (record.watched || record.revision > part->revision) {
    add_record(*part, key, std::move(record));
  }
  show(name, Entry{});
}

StoreCore::Part* StoreCore::part_of(std::string_view namespace_name, std::string_view name) {
  for (Part& part : parts_) {
    if (part.scope.holds(namespace_name, name)) return &part;
  }
  return nullptr;
}

const StoreCore::Part* StoreCore::part_of(std::string_view namespace_name,
                                          std::string_view name) const {
  for (const Part& part : parts_) {
    if (part.scope.holds(namespace_name, name)) return &part;
  }
  return nullptr;
}

Entry StoreCore::shown(const Name& name) const {
  const Entry* entry = find(name.namespace_name, name.name);
  return entry == nullptr ? Entry{} : *entry;
}

// What the watch says about one object now; entry is empty when it is gone.
void StoreCore::watched(Part& part, const Name& name, Entry entry, std::uint64_t revision) {
  const auto record =
      records_.find(api::ObjectKey{std::string(name.namespace_name), std::string(name.name)});
  if (record != records_.end()) {
    record->second.watched = std::move(entry);
  } else {
    show(name, entry);
  }
  part.revision = std::max(part.revision, revision);
  end_records(part);
}

bool StoreCore::Record::is_over(std::uint64_t now) const {
  if (revision > now) return false;
  return gone_uid.empty() || !watched || watched.meta->uid != gone_uid;
}

// Ends the records that the watch has caught up with.
void StoreCore::end_records(Part& part) {
  auto it = part.records.begin();
  while (it != part.records.end() && it->first <= part.revision) {
    const auto record = records_.find(it->second);
    if (!record->second.is_over(part.revision)) {
      ++it;
      continue;
    }
    const api::ObjectKey key = it->second;
    const Entry after = std::move(record->second.watched);
    it = part.records.erase(it);
    records_.erase(record);
    show(Name{key.namespace_name, key.name}, after);
  }
}

void StoreCore::add_record(Part& part, api::ObjectKey key, Record record) {
  const auto known = records_.find(key);
  if (known != records_.end()) {
    const auto [first, last] = part.records.equal_range(known->second.revision);
    part.records.erase(
        std::find_if(first, last, [&](const auto& entry) { return entry.second == key; }));
  }
  part.records.emplace(record.revision, key);
  records_.insert_or_assign(std::move(key), std::move(record));
}

// Puts what is recorded over the new list, and ends what the list has caught up with.
void StoreCore::overlay(Part& part, bool rewound) {
  for (auto it = part.records.begin(); it != part.records.end();) {
    const auto record = records_.find(it->second);
    const Name name{record->first.namespace_name, record->first.name};
    const auto listed = part.relisted.find(name);
    record->second.watched = listed == part.relisted.end() ? Entry{} : *listed;
    if (rewound || record->second.is_over(part.revision)) {
      it = part.records.erase(it);
      records_.erase(record);
      continue;
    }
    part.relisted.erase(name);
    if (record->second.gone_uid.empty()) part.relisted.insert(shown(name));
    ++it;
  }
}

// From what is shown of that part to what was listed.
std::vector<StoreCore::Change> StoreCore::changes_to(const Part& part) const {
  std::vector<Change> changes;
  for (const Entry& entry : objects_) {
    const Name name{entry.meta->namespace_name, entry.meta->name};
    if (!part.scope.holds(name.namespace_name, name.name)) continue;
    if (!part.relisted.contains(name)) changes.emplace_back(entry, Entry{});
  }
  for (const Entry& entry : part.relisted) {
    const Entry before = shown(Name{entry.meta->namespace_name, entry.meta->name});
    if (!is_same_version(before, entry)) changes.emplace_back(before, entry);
  }
  return changes;
}

void StoreCore::show(const Name& name, const Entry& after) {
  const Entry before = shown(name);
  if (is_same_version(before, after)) return;
  replace(before, after);
  tell(before, after);
}

void StoreCore::replace(const Entry& before, const Entry& after) {
  if (before) objects_.erase(before);
  if (after) objects_.insert(after);
  update_indexes(before, after);
}

void StoreCore::update_indexes(const Entry& before, const Entry& after) {
  for (Index& index : indexes_) {
    const std::string old_key = before ? index.key(before.object.get()) : std::string();
    const std::string new_key = after ? index.key(after.object.get()) : std::string();
    if (!old_key.empty()) {
      const auto [first, last] = index.entries.equal_range(hash(old_key));
      index.entries.erase(std::find_if(
          first, last, [&](const auto& entry) { return entry.second == before.meta; }));
    }
    if (!new_key.empty()) index.entries.emplace(hash(new_key), after.meta);
  }
}

void StoreCore::tell(const Entry& before, const Entry& after) {
  for (const Changed& changed : listeners_) changed(before.object.get(), after.object.get());
}

}  // namespace kube
