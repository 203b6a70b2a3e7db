#include "kube/store.h"

#include <lz4.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <stdexcept>
#include <utility>

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

// Compresses with LZ4. Returns the input unchanged if it does not get smaller.
std::string compress(const std::string& packed, const std::string& dictionary) {
  LZ4_stream_t stream;
  LZ4_initStream(&stream, sizeof(stream));
  LZ4_loadDict(&stream, dictionary.data(), static_cast<int>(dictionary.size()));
  std::string smaller(packed.size(), '\0');
  const int most = static_cast<int>(packed.size()) - 1;
  const int size = LZ4_compress_fast_continue(&stream, packed.data(), smaller.data(),
                                              static_cast<int>(packed.size()), most, 1);
  if (size <= 0) return packed;
  smaller.resize(static_cast<std::size_t>(size));
  return smaller;
}

std::string decompress(std::string_view bytes, std::size_t size, const std::string& dictionary) {
  if (bytes.size() == size) return std::string(bytes);
  std::string packed(size, '\0');
  const int done = LZ4_decompress_safe_usingDict(
      bytes.data(), packed.data(), static_cast<int>(bytes.size()), static_cast<int>(size),
      dictionary.data(), static_cast<int>(dictionary.size()));
  if (done != static_cast<int>(size)) throw std::logic_error("the cache cannot read its object");
  return packed;
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

// The namespace, the name and the stored bytes follow the Block in memory. `uid` is a hash of the
// uid, which suffices because the API server chooses uids at random.
struct PackedEntry::Block {
  std::uint64_t revision;
  std::uint64_t uid;
  mutable std::uint32_t references;
  std::uint32_t stored;  // bytes
  std::uint32_t size;
  std::uint32_t namespace_size;
  std::uint32_t name_size;
  std::uint32_t kept : 2;     // a json::Kept
  std::uint32_t wanted : 30;  // bytes

  const char* texts() const { return reinterpret_cast<const char*>(this + 1); }
};

void intrusive_ptr_add_ref(const PackedEntry::Block* block) { ++block->references; }

void intrusive_ptr_release(const PackedEntry::Block* block) {
  if (--block->references == 0) ::operator delete(const_cast<PackedEntry::Block*>(block));
}

PackedEntry::PackedEntry(const api::ObjectMeta& meta, std::string_view bytes, std::size_t size,
                         std::size_t wanted) {
  const std::string& namespace_name = meta.namespace_name;
  const std::size_t whole = sizeof(Block) + namespace_name.size() + meta.name.size() + bytes.size();
  auto* block = new (::operator new(whole)) Block{revision_of(meta.resource_version),
                                                  hash(meta.uid),
                                                  0,
                                                  static_cast<std::uint32_t>(bytes.size()),
                                                  static_cast<std::uint32_t>(size),
                                                  static_cast<std::uint32_t>(namespace_name.size()),
                                                  static_cast<std::uint32_t>(meta.name.size()),
                                                  static_cast<std::uint32_t>(meta.kept) & 3U,
                                                  static_cast<std::uint32_t>(wanted) & 0x3fffffffU};
  char* texts = reinterpret_cast<char*>(block + 1);
  texts = std::copy(namespace_name.begin(), namespace_name.end(), texts);
  texts = std::copy(meta.name.begin(), meta.name.end(), texts);
  std::copy(bytes.begin(), bytes.end(), texts);
  block_.reset(block);
}

std::string_view PackedEntry::namespace_name() const {
  return {block_->texts(), block_->namespace_size};
}

std::string_view PackedEntry::name() const {
  return {block_->texts() + block_->namespace_size, block_->name_size};
}

std::string_view PackedEntry::bytes() const {
  return {block_->texts() + block_->namespace_size + block_->name_size, block_->stored};
}

std::size_t PackedEntry::size() const { return block_->size; }

json::Kept PackedEntry::kept() const { return static_cast<json::Kept>(block_->kept); }

std::size_t PackedEntry::wanted() const { return block_->wanted; }

std::size_t PackedEntry::cost() const {
  if (!block_) return 0;
  return sizeof(Block) + block_->namespace_size + block_->name_size + block_->stored +
         limits::kCacheEntryBytes;
}

bool PackedEntry::is_version(std::string_view uid, std::string_view resource_version) const {
  return block_ && block_->revision == revision_of(resource_version) && has_uid(uid);
}

// Compares uid, resourceVersion and `kept`, not addresses, because the watch delivers a second copy
// of each object that this operator wrote.
bool PackedEntry::is_same_version(const PackedEntry& other) const {
  if (block_ == other.block_) return true;
  return block_ && other.block_ && block_->revision == other.block_->revision &&
         block_->uid == other.block_->uid && block_->kept == other.block_->kept;
}

bool PackedEntry::has_uid(std::string_view uid) const { return block_->uid == hash(uid); }

StoreCore::StoreCore(Type type, std::vector<Scope> scopes) : type_(type) {
  for (Scope& scope : scopes) parts_.push_back(Part{std::move(scope), 0, false, {}, {}});
}

std::size_t StoreCore::add_index(IndexKey key, Digest digest) {
  indexes_.push_back(Index{std::move(key), std::move(digest), {}});
  return indexes_.size() - 1;
}

void StoreCore::begin_relist(std::size_t scope) {
  parts_[scope].relisting = true;
  dropped_ = 0;
  over_share_ = 0;
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
  // A version that the cache already has with its content is not decoded again.
  if (!entry.is_version(identity->uid, identity->resource_version) ||
      entry.kept() == json::Kept::kNoRoom) {
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
  for (auto it = first; it != last; ++it) found.push_back({it->entry, it->digest});
  return found;
}

// Returns whether an object of this cost may be kept whole. `held`: bytes of the other objects.
bool StoreCore::has_room(std::string_view namespace_name, std::size_t held,
                         std::size_t cost) const {
  const std::size_t for_stubs = type_.cache_bytes / 8;
  if (held + cost > type_.cache_bytes - for_stubs) return false;
  return !crowded_ || share_of(namespace_name).bytes + cost <= bytes_of_share();
}

// Returns whether the metadata of an object may be kept as a stub. `visible`: the version that
// readers see. Stubs have a separate limit for each namespace. So a namespace that has reached its
// limit still gets the metadata of some objects, but its stubs cannot use up the capacity for other
// namespaces.
bool StoreCore::has_room_for_stub(const PackedEntry& stub, const PackedEntry& visible,
                                  bool relisting) const {
  if (!crowded_ || (visible && stub.cost() <= visible.cost())) return true;
  const bool replaces_stub = visible && visible.kept() != json::Kept::kWhole;
  const std::size_t stubs = share_of(stub.namespace_name()).stubs;
  const std::size_t others = stubs - std::min(stubs, replaces_stub ? visible.cost() : 0);
  // During a relist the earlier versions count as well.
  return others + stub.cost() <= bytes_of_share() * (relisting ? 2 : 1);
}

StoreCore::Share StoreCore::share_of(std::string_view namespace_name) const {
  const auto found = shares_.find(namespace_name);
  return found == shares_.end() ? Share() : found->second;
}

// Packs an object whole, packs its metadata alone, or drops it, depending on the limits. `visible`:
// the version that readers see. During a relist this version stays until the end, and takes memory
// besides the new version.
PackedEntry StoreCore::keep(const Entry& entry, const PackedEntry& visible, bool relisting) {
  const PackedEntry instead_of = relisting ? PackedEntry() : visible;
  const std::size_t held = bytes_ - std::min(bytes_, instead_of.cost());
  PackedEntry whole = pack(entry);
  const bool has_place =
      instead_of && instead_of.kept() != json::Kept::kNoRoom && whole.cost() <= instead_of.cost();
  if (has_place || has_room(entry.meta->namespace_name, held, whole.cost())) return whole;
  PackedEntry stub = pack(type_.stub(*entry.meta), whole.cost());
  const bool fits = held + stub.cost() <= type_.cache_bytes;
  if (fits && has_room_for_stub(stub, visible, relisting)) return stub;
  ++(fits ? over_share_ : dropped_);
  return PackedEntry();
}

void StoreCore::account(const PackedEntry& entry, bool added) {
  if (!entry) return;
  const std::size_t cost = entry.cost();
  const bool in_part = entry.kept() != json::Kept::kWhole;
  if (added) {
    bytes_ += cost;
    reduced_ += in_part ? 1 : 0;
  } else {
    bytes_ -= std::min(bytes_, cost);
    reduced_ -= in_part && reduced_ > 0 ? 1 : 0;
  }
  if (crowded_) note_share(entry, added);
  note_shares();
}

void StoreCore::note_share(const PackedEntry& entry, bool added) {
  const auto change = [&](std::size_t& bytes) {
    bytes = added ? bytes + entry.cost() : bytes - std::min(bytes, entry.cost());
  };
  Share& share = shares_[std::string(entry.namespace_name())];
  change(share.bytes);
  if (entry.kept() != json::Kept::kWhole) change(share.stubs);
}

// Counts the bytes of each namespace, but only while the cache is crowded (crowded_): then each
// namespace has a limit.
void StoreCore::note_shares() {
  if (!crowded_ && bytes_ > type_.cache_bytes / 2) {
    crowded_ = true;
    for (const PackedEntry& entry : objects_) note_share(entry, true);
    for (const Part& part : parts_) {
      for (const PackedEntry& entry : part.relisted) {
        if (!objects_.contains(entry)) note_share(entry, true);
      }
    }
  } else if (crowded_ && bytes_ < type_.cache_bytes / 8 * 3) {
    crowded_ = false;
    shares_.clear();
  }
}

void StoreCore::recount() {
  bytes_ = 0;
  reduced_ = 0;
  crowded_ = false;
  shares_.clear();
  for (const PackedEntry& entry : objects_) {
    bytes_ += entry.cost();
    reduced_ += entry.kept() == json::Kept::kWhole ? 0 : 1;
  }
  note_shares();
}

bool StoreCore::wants_relist() const {
  if (dropped_ > 0 && bytes_ < type_.cache_bytes / 4 * 3) return true;
  if (over_share_ > 0 && !crowded_) return true;
  if (reduced_ == 0) return false;
  return std::any_of(objects_.begin(), objects_.end(), [this](const PackedEntry& entry) {
    return entry.kept() == json::Kept::kNoRoom &&
           has_room(entry.namespace_name(), bytes_, entry.wanted());
  });
}

PackedEntry StoreCore::pack(const Entry& entry, std::size_t wanted) {
  const std::string packed = type_.pack(entry.object.get());
  PackedEntry kept(*entry.meta, compress(packed, dictionary_), packed.size(), wanted);
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
  Entry unpacked = type_.unpack(packed, entry.kept());
  remember(entry, unpacked);
  return unpacked;
}

void StoreCore::remember(const PackedEntry& entry, const Entry& unpacked) const {
  if (entry.size() > limits::kRememberedBytes) return;
  recent_[next_recent_] = {entry, unpacked};
  next_recent_ = (next_recent_ + 1) % recent_.size();
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
  Part* part = part_of(key.namespace_name, key.name);
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

// Puts the pending writes over the new list, and ends those that the list has caught up with.
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
    index.entries.insert(Indexed{hash(new_key), change.second, index.digest(after.object.get())});
  }
}

void StoreCore::notify_listeners(const Entry& before, const Entry& after) {
  for (const Changed& changed : listeners_) changed(before.object.get(), after.object.get());
}

}  // namespace kube
