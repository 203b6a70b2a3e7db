#include "kube/watch/store.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "kube/hash.h"

namespace kube {
namespace {

// These fields identify an object and its version. They are decoded without the rest of the object.
struct Identity {
  std::string namespace_name;
  std::string name;
  std::string uid;
  std::string resource_version;
};

struct Identified {
  Identity metadata;
};

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
    return base::Error{base::ErrorCode::kMalformed, "the object has no name or no resourceVersion"};
  }
  return std::move(read->metadata);
}

// Returns the part of the store that covers the object; null when none does. `parts` may be const.
template <class Parts>
auto* part_of(Parts& parts, std::string_view namespace_name, std::string_view name) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const auto& part) {
    return part.scope.holds(namespace_name, name);
  });
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

bool Scope::holds(std::string_view object_namespace, std::string_view object_name) const {
  return (namespace_name.empty() || namespace_name == object_namespace) &&
         (name.empty() || name == object_name);
}

std::size_t StoreCore::Hash::operator()(const Name& name) const {
  constexpr std::size_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio: spreads the bits
  return hash(name.namespace_name) * kOdd + hash(name.name);
}

std::size_t StoreCore::Hash::operator()(const PackedEntry& entry) const {
  return (*this)(Name{entry.namespace_name(), entry.name()});
}

bool StoreCore::Equal::operator()(const PackedEntry& a, const PackedEntry& b) const {
  return (*this)(Name{a.namespace_name(), a.name()}, b);
}

bool StoreCore::Equal::operator()(const Name& a, const PackedEntry& b) const {
  return a.name == b.name() && a.namespace_name == b.namespace_name();
}

bool StoreCore::Equal::operator()(const PackedEntry& a, const Name& b) const {
  return (*this)(b, a);
}

bool StoreCore::ByHashAndName::operator()(const Indexed& a, const Indexed& b) const {
  return std::make_tuple(a.hash, a.entry.namespace_name(), a.entry.name()) <
         std::make_tuple(b.hash, b.entry.namespace_name(), b.entry.name());
}

StoreCore::StoreCore(Type type, std::vector<Scope> scopes) : type_(type) {
  for (Scope& scope : scopes) parts_.push_back(Part{std::move(scope), 0, false, {}, {}});
}

std::size_t StoreCore::add_index(IndexKey key, Summary summary) {
  indexes_.push_back(Index{std::move(key), std::move(summary), {}});
  return indexes_.size() - 1;
}

void StoreCore::begin_relist(std::size_t scope) {
  parts_[scope].relisting = true;
  dropped_ = 0;
  dropped_by_namespace_limit_ = 0;
  if (parts_[scope].relisted.empty()) return;
  parts_[scope].relisted.clear();
  recount();
}

base::Result<void> StoreCore::put(std::size_t scope, json::View object) {
  Part& part = parts_[scope];
  base::Result<Identity> identity = identify(object);
  if (!identity) return identity.error();
  const Name name{identity->namespace_name, identity->name};
  const std::uint64_t revision = revision_of(identity->resource_version);
  PackedEntry entry = visible(name);
  base::Result<void> read;
  // If the cache has this version, and not only its metadata, it is not decoded again.
  if (!entry.is_version(identity->uid, identity->resource_version) ||
      entry.completeness() == json::Completeness::kMetadataOnly) {
    base::Result<Entry> decoded = type_.decode(object);
    if (decoded) {
      entry = keep(*decoded, entry, part.relisting);
    } else {
      read = decoded.error();
    }
  }
  if (part.relisting) {
    const auto earlier = part.relisted.find(name);
    if (!entry && (!read || earlier == part.relisted.end())) return read;
    const bool is_new = entry.address() != visible(name).address();
    if (earlier != part.relisted.end()) part.relisted.erase(earlier);
    if (!entry) return read;
    part.relisted.insert(entry);
    if (is_new) account(entry, true);
  } else if (read) {
    apply_watch_event(part, name, std::move(entry), revision);
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
    apply_watch_event(part, name, PackedEntry(), revision_of(identity->resource_version));
  }
  return {};
}

void StoreCore::end_relist(std::size_t scope, std::uint64_t revision) {
  Part& part = parts_[scope];
  const bool rewound = revision < part.revision;
  part.relisting = false;
  part.revision = revision;
  apply_pending_writes(part, rewound);
  const std::vector<Change> changes = changes_to(part);
  part.relisted = Set();
  recount();
  for (const Change& change : changes) replace(change, unpack(change.first), unpack(change.second));
  for (const Change& change : changes)
    notify_listeners(unpack(change.first), unpack(change.second));
}

void StoreCore::progress(std::size_t scope, std::uint64_t revision) {
  Part& part = parts_[scope];
  if (part.relisting) return;
  part.revision = std::max(part.revision, revision);
  end_confirmed_writes(part);
}

Entry StoreCore::get(std::string_view namespace_name, std::string_view name) const {
  return unpack(visible(Name{namespace_name, name}));
}

void StoreCore::each(const std::function<void(const Entry&)>& visit) const {
  for (const PackedEntry& entry : objects_) visit(unpack(entry));
}

void StoreCore::each_of(std::size_t index, std::string_view key,
                        const std::function<bool(const Entry&)>& visit) const {
  const auto [first, last] = indexes_[index].entries.equal_range(hash(key));
  for (auto it = first; it != last; ++it) {
    const Entry entry = unpack(it->entry);
    if (indexes_[index].key(entry.object.get()) == key && !visit(entry)) return;
  }
}

std::vector<IndexCandidate> StoreCore::candidates(std::size_t index, std::string_view key) const {
  const auto [first, last] = indexes_[index].entries.equal_range(hash(key));
  std::vector<IndexCandidate> found;
  for (auto it = first; it != last; ++it) found.push_back({it->entry, it->summary});
  return found;
}

PackedEntry StoreCore::pack(const Entry& entry, std::size_t full_cost) {
  const std::string packed = type_.pack(entry.object.get());
  PackedEntry kept(*entry.meta, compress(packed, dictionary_), packed.size(), full_cost);
  if (dictionary_.empty()) dictionary_ = packed.substr(0, limits::kDictionaryBytes);
  remember(kept, entry);
  return kept;
}

Entry StoreCore::unpack(const PackedEntry& entry) const {
  if (!entry) return Entry();
  for (const auto& [kept, unpacked] : recent_) {
    if (kept && kept.address() == entry.address()) return unpacked;
  }
  const std::string packed = decompress(entry.bytes(), entry.size(), dictionary_);
  Entry unpacked = type_.unpack(packed, entry.completeness());
  remember(entry, unpacked);
  return unpacked;
}

void StoreCore::remember(const PackedEntry& entry, const Entry& unpacked) const {
  if (entry.size() > limits::kRememberedBytes) return;
  recent_[next_recent_] = {entry, unpacked};
  next_recent_ = (next_recent_ + 1) % recent_.size();
}

std::uint64_t StoreCore::revision(std::string_view namespace_name, std::string_view name) const {
  const Part* part = part_of(parts_, namespace_name, name);
  return part == nullptr ? 0 : part->revision;
}

void StoreCore::record_written(const Entry& entry) {
  const api::ObjectMeta& meta = *entry.meta;
  Part* part = part_of(parts_, meta.namespace_name, meta.name);
  const std::uint64_t revision = revision_of(meta.resource_version);
  if (part == nullptr || revision <= part->revision) return;
  const Name name{meta.namespace_name, meta.name};
  PendingWrite write{visible(name), revision, {}};
  const auto known = pending_writes_.find(api::key_of(meta));
  if (known != pending_writes_.end()) {
    const PendingWrite& earlier = known->second;
    const bool older = earlier.deleted_uid.empty() && earlier.revision >= revision;
    if (older || earlier.deleted_uid == meta.uid) return;
    write.watched = earlier.watched;
  }
  add_pending_write(*part, api::key_of(meta), std::move(write));
  set_visible(name, keep(entry, visible(name), false));
}

void StoreCore::record_deleted(const api::ObjectKey& key, std::string_view uid,
                               std::string_view resource_version) {
  Part* part = part_of(parts_, key.namespace_name, key.name);
  if (part == nullptr) return;
  const Name name{key.namespace_name, key.name};
  const PackedEntry current = visible(name);
  if (current && !current.has_uid(uid)) return;  // the object was recreated
  PendingWrite write{current, revision_of(resource_version), std::string(uid)};
  const auto known = pending_writes_.find(key);
  if (known != pending_writes_.end()) {
    write.watched = known->second.watched;
    write.revision = std::max(write.revision, known->second.revision);
  }
  if (write.watched || write.revision > part->revision) {
    add_pending_write(*part, key, std::move(write));
  }
  set_visible(name, PackedEntry());
}

PackedEntry StoreCore::visible(const Name& name) const {
  const auto found = objects_.find(name);
  return found == objects_.end() ? PackedEntry() : *found;
}

// Applies a watch event to one object. An empty `entry` means that the object was deleted.
void StoreCore::apply_watch_event(Part& part, const Name& name, PackedEntry entry,
                                  std::uint64_t revision) {
  const auto write = pending_writes_.find(
      api::ObjectKey{std::string(name.namespace_name), std::string(name.name)});
  if (write != pending_writes_.end()) {
    write->second.watched = std::move(entry);
  } else {
    set_visible(name, entry);
  }
  part.revision = std::max(part.revision, revision);
  end_confirmed_writes(part);
}

bool StoreCore::PendingWrite::is_confirmed(std::uint64_t now) const {
  if (revision > now) return false;
  return deleted_uid.empty() || !watched || !watched.has_uid(deleted_uid);
}

// Ends the pending writes that the watch has caught up with.
void StoreCore::end_confirmed_writes(Part& part) {
  auto it = part.pending.begin();
  while (it != part.pending.end() && it->first <= part.revision) {
    const auto write = pending_writes_.find(it->second);
    if (!write->second.is_confirmed(part.revision)) {
      ++it;
      continue;
    }
    const api::ObjectKey key = it->second;
    const PackedEntry after = std::move(write->second.watched);
    it = part.pending.erase(it);
    pending_writes_.erase(write);
    set_visible(Name{key.namespace_name, key.name}, after);
  }
}

void StoreCore::add_pending_write(Part& part, api::ObjectKey key, PendingWrite write) {
  const auto known = pending_writes_.find(key);
  if (known != pending_writes_.end()) {
    const auto [first, last] = part.pending.equal_range(known->second.revision);
    part.pending.erase(
        std::find_if(first, last, [&](const auto& entry) { return entry.second == key; }));
  }
  part.pending.emplace(write.revision, key);
  pending_writes_.insert_or_assign(std::move(key), std::move(write));
}

// Overlays the new list with the pending writes, and ends those that the list has caught up with.
// `rewound`: the list is older than the cache, so all pending writes end.
void StoreCore::apply_pending_writes(Part& part, bool rewound) {
  for (auto it = part.pending.begin(); it != part.pending.end();) {
    const auto write = pending_writes_.find(it->second);
    const Name name{write->first.namespace_name, write->first.name};
    const auto listed = part.relisted.find(name);
    write->second.watched = listed == part.relisted.end() ? PackedEntry() : *listed;
    if (rewound || write->second.is_confirmed(part.revision)) {
      it = part.pending.erase(it);
      pending_writes_.erase(write);
      continue;
    }
    part.relisted.erase(name);
    if (write->second.deleted_uid.empty()) part.relisted.insert(visible(name));
    ++it;
  }
}

// Returns the changes from the objects that readers see in this part to the new list.
std::vector<StoreCore::Change> StoreCore::changes_to(const Part& part) const {
  std::vector<Change> changes;
  for (const PackedEntry& entry : objects_) {
    const Name name{entry.namespace_name(), entry.name()};
    if (!part.scope.holds(name.namespace_name, name.name)) continue;
    if (!part.relisted.contains(name)) changes.emplace_back(entry, PackedEntry());
  }
  for (const PackedEntry& entry : part.relisted) {
    const PackedEntry before = visible(Name{entry.namespace_name(), entry.name()});
    if (!before.is_same_version(entry)) changes.emplace_back(before, entry);
  }
  return changes;
}

void StoreCore::set_visible(const Name& name, const PackedEntry& after) {
  const Change change{visible(name), after};
  if (change.first.is_same_version(after)) return;
  const Entry before = unpack(change.first);
  const Entry now = unpack(after);
  replace(change, before, now);
  notify_listeners(before, now);
}

void StoreCore::replace(const Change& change, const Entry& before, const Entry& after) {
  if (before) objects_.erase(change.first);
  if (after) objects_.insert(change.second);
  account(change.first, false);
  account(change.second, true);
  update_indexes(change, before, after);
}

void StoreCore::update_indexes(const Change& change, const Entry& before, const Entry& after) {
  for (Index& index : indexes_) {
    const std::string old_key = before ? index.key(before.object.get()) : std::string();
    const std::string new_key = after ? index.key(after.object.get()) : std::string();
    if (!old_key.empty()) index.entries.erase(Indexed{hash(old_key), change.first});
    if (new_key.empty()) continue;
    index.entries.insert(Indexed{hash(new_key), change.second, index.summary(after.object.get())});
  }
}

void StoreCore::notify_listeners(const Entry& before, const Entry& after) {
  for (const Changed& changed : listeners_) changed(before.object.get(), after.object.get());
}

}  // namespace kube
