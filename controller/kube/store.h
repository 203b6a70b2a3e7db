// The cache of one resource type: what the watch said, overlaid with the operator's own writes.
//
// Guarantees
//  * One writer, the watcher. Readers get snapshots: an object they hold never changes.
//  * A relist is swapped in at once; the cache is never emptied first.
//  * Read your own writes (KEP-5647): after record_written and record_deleted readers see that
//    object at least as new as the write. The record ends when the watch has caught up: an event,
//    bookmark or relist of a revision that is not lower.
//  * An object that was deleted here is not seen again, however late the watch is.
//  * Every change of what readers see is told to on_change once, after the fact: those of the
//    watch and our own alike. The event that merely confirms a write of our own is not told.
// Assumptions
//  * resourceVersions of one resource type are comparable as numbers (KEP-5504), and a watch sends
//    events in their order. A relist at a lower one than before means a restored etcd: the
//    records are dropped with it.
// Caveats
//  * A written object that the selector does not match is seen until the watch has caught up.
//  * each() and by_index() have no order.
//  * Objects are kept packed (json/pack.h), compressed by what they have in common with the first
//    of their type, and unpacked for whoever reads them; the last few stay unpacked.
//  * An object that cannot be decoded stays as it was last readable.
// Bounds
//  * The objects of a store take at most Type::cache_bytes. Beyond limits::kCacheShare's part of
//    them a namespace gets no more once half of them are used, so that one namespace does not use
//    up the room of the others. An object for which there is no room is kept with its metadata
//    alone (json::Kept::kNoRoom), and when there is no room for that either, not at all.
//    wants_relist() says that there is room again.
//
// One owner (the Informer). Used on the thread of the io_context only.
#pragma once

#include <array>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/local_registry.h"
#include "api/meta.h"
#include "base/error.h"
#include "base/limits.h"
#include "json/fields.h"
#include "json/pack.h"
#include "json/value.h"
#include "kube/decode.h"

namespace kube {

// metadata.resourceVersion as a number; 0 for what is none.
std::uint64_t revision_of(std::string_view resource_version);

// An object of any type, and the metadata in it. Without an object: none.
struct Entry {
  std::shared_ptr<const void> object;
  const api::ObjectMeta* meta = nullptr;

  explicit operator bool() const { return meta != nullptr; }
};

// One state of an object as it is kept: what tells it from others, and the rest packed. Without
// one: none. Copies share it; one thread.
class PackedEntry {
 public:
  PackedEntry() = default;
  // bytes: its object, in whatever form; size: of what they become; wanted: what the whole object
  // would take, of one that is kept in part for want of room.
  PackedEntry(const api::ObjectMeta& meta, std::string_view bytes, std::size_t size,
              std::size_t wanted = 0);

  explicit operator bool() const { return block_ != nullptr; }
  std::string_view namespace_name() const;
  std::string_view name() const;
  std::string_view bytes() const;
  std::size_t size() const;
  json::Kept kept() const;
  std::size_t wanted() const;
  std::size_t cost() const;  // bytes of memory, with its places in tables; of none 0
  const void* address() const { return block_.get(); }  // while a copy lives, its own

  bool is_version(std::string_view uid, std::string_view resource_version) const;
  bool is_same_version(const PackedEntry& other) const;
  bool has_uid(std::string_view uid) const;

 private:
  struct Block;
  friend void intrusive_ptr_add_ref(const Block* block);
  friend void intrusive_ptr_release(const Block* block);

  boost::intrusive_ptr<const Block> block_;
};

// An object that an index may have for a key. It is not unpacked, so now and then it is one of
// another key.
struct Candidate {
  PackedEntry entry;
  std::uint64_t digest = 0;  // the number that the index makes of the object

  api::ObjectKey key() const {
    return {std::string(entry.namespace_name()), std::string(entry.name())};
  }
};

// A part of the API: a namespace, or everything; in it one object, or all.
struct Scope {
  std::string namespace_name = {};  // empty: all, or a type that has none
  std::string name = {};            // empty: all

  bool holds(std::string_view object_namespace, std::string_view object_name) const;
  bool operator==(const Scope&) const = default;
};

// What is the same for every type. Store<T> is the way to it.
class StoreCore {
 public:
  // What there is to know of a type.
  struct Type {
    base::Result<Entry> (*decode)(json::View);
    std::string (*pack)(const void*);
    Entry (*unpack)(std::string_view, json::Kept);
    Entry (*stub)(const api::ObjectMeta&);  // an object with these metadata alone
    std::size_t cache_bytes;
  };
  using IndexKey = std::function<std::string(const void*)>;
  using Digest = std::function<std::uint64_t(const void*)>;
  using Changed = std::function<void(const void* before, const void* after)>;  // null: none

  StoreCore(Type type, std::vector<Scope> scopes);

  // To be called before the first object comes. Returns the number of the index. digest makes a
  // number of each object, by which a reader can tell whether the object is worth unpacking.
  std::size_t add_index(IndexKey key, Digest digest);
  void on_change(Changed changed) { listeners_.push_back(std::move(changed)); }

  // For the watcher of that scope. Between begin_relist and end_relist nothing of what was put is
  // seen.
  void begin_relist(std::size_t scope);
  // kMalformed: not such an object; the cache keeps what it had.
  base::Result<void> put(std::size_t scope, json::View object);
  base::Result<void> erase(std::size_t scope, json::View object);
  void end_relist(std::size_t scope, std::uint64_t revision);
  void progress(std::size_t scope, std::uint64_t revision);

  // For readers and writers of objects.
  Entry get(std::string_view namespace_name, std::string_view name) const;
  void each(const std::function<void(const Entry&)>& visit) const;
  void each_of(std::size_t index, std::string_view key,
               const std::function<bool(const Entry&)>& visit) const;
  std::vector<Candidate> candidates(std::size_t index, std::string_view key) const;
  std::size_t size() const { return objects_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::size_t reduced() const { return reduced_; }  // objects that are kept in part
  std::size_t dropped() const { return dropped_; }  // since the last list
  bool wants_relist() const;
  std::uint64_t revision(std::string_view namespace_name, std::string_view name) const;
  void record_written(const Entry& entry);
  void record_deleted(const api::ObjectKey& key, std::string_view uid,
                      std::string_view resource_version);
  std::size_t records() const { return records_.size(); }

 private:
  struct Name {
    std::string_view namespace_name;
    std::string_view name;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Name& name) const;
    std::size_t operator()(const PackedEntry& entry) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const PackedEntry& a, const PackedEntry& b) const;
    bool operator()(const Name& a, const PackedEntry& b) const;
    bool operator()(const PackedEntry& a, const Name& b) const;
  };
  using Set = boost::unordered_flat_set<PackedEntry, Hash, Equal>;

  // A write of our own that the watch has not caught up with. What is written is in objects_.
  struct Record {
    PackedEntry watched;     // what the watch says
    std::uint64_t revision;  // of the write
    std::string gone_uid;    // deleted: of the object that is no more; empty: written

    bool is_over(std::uint64_t now) const;  // the watch, at that revision, has caught up
  };
  using Records = std::map<api::ObjectKey, Record>;

  struct Part {
    Scope scope;
    std::uint64_t revision = 0;  // the highest that the cache is known to reflect
    bool relisting = false;
    Set relisted;
    std::multimap<std::uint64_t, api::ObjectKey> records;  // by revision of the write
  };

  // By hash of the key, then by name: many objects may have one key, and one of them is found
  // among them at once.
  struct Indexed {
    std::size_t hash;
    PackedEntry entry;
    std::uint64_t digest = 0;
  };
  struct ByHashAndName {
    using is_transparent = void;
    bool operator()(const Indexed& a, const Indexed& b) const;
    bool operator()(const Indexed& a, std::size_t b) const { return a.hash < b; }
    bool operator()(std::size_t a, const Indexed& b) const { return a < b.hash; }
  };
  struct Index {
    IndexKey key;
    Digest digest;
    std::set<Indexed, ByHashAndName> entries;
  };

  using Change = std::pair<PackedEntry, PackedEntry>;  // before, after

  Part* part_of(std::string_view namespace_name, std::string_view name);
  const Part* part_of(std::string_view namespace_name, std::string_view name) const;
  PackedEntry pack(const Entry& entry, std::size_t wanted = 0);
  PackedEntry keep(const Entry& entry, const PackedEntry& instead_of);
  bool has_room(std::string_view namespace_name, std::size_t held, std::size_t cost) const;
  void account(const PackedEntry& entry, bool added);
  void recount();
  void note_shares();
  Entry unpack(const PackedEntry& entry) const;
  void remember(const PackedEntry& entry, const Entry& unpacked) const;
  PackedEntry shown(const Name& name) const;
  void watched(Part& part, const Name& name, PackedEntry entry, std::uint64_t revision);
  void end_records(Part& part);
  void add_record(Part& part, api::ObjectKey key, Record record);
  void overlay(Part& part, bool rewound);
  std::vector<Change> changes_to(const Part& part) const;
  void show(const Name& name, const PackedEntry& after);
  void replace(const Change& change, const Entry& before, const Entry& after);
  void update_indexes(const Change& change, const Entry& before, const Entry& after);
  void tell(const Entry& before, const Entry& after);

  Type type_;
  std::vector<Part> parts_;
  std::vector<Index> indexes_;
  std::vector<Changed> listeners_;
  Set objects_;  // what readers see
  Records records_;
  std::string dictionary_;  // the first object, packed
  std::size_t bytes_ = 0;   // of objects_ and of lists that are being put together
  std::size_t reduced_ = 0;
  std::size_t dropped_ = 0;
  std::map<std::string, std::size_t, std::less<>> shares_;  // bytes by namespace, while crowded_
  bool crowded_ = false;                                    // more than half of the room is used
  mutable std::array<std::pair<PackedEntry, Entry>, limits::kUnpackedObjects> recent_;
  mutable std::size_t next_recent_ = 0;
};

template <class T>
Entry entry_of(T object) {
  auto pointer = std::make_shared<T>(std::move(object));
  const api::ObjectMeta* meta = &pointer->metadata;
  return Entry{std::move(pointer), meta};
}

template <class T>
base::Result<Entry> decode_entry(json::View view) {
  base::Result<T> object = decode_object<T>(view);
  if (!object) return object.error();
  return entry_of(*std::move(object));
}

template <class T>
std::string pack_entry(const void* object) {
  return json::pack(*static_cast<const T*>(object));
}

template <class T>
Entry unpack_entry(std::string_view packed, json::Kept kept) {
  auto object = std::make_shared<T>();
  json::unpack(packed, *object);
  object->metadata.kept = kept;
  const api::ObjectMeta* meta = &object->metadata;
  return Entry{std::move(object), meta};
}

// An object with these metadata alone, for want of room.
template <class T>
Entry stub_entry(const api::ObjectMeta& metadata) {
  T object;
  object.metadata = metadata;
  object.metadata.kept = json::Kept::kNoRoom;
  return entry_of(std::move(object));
}

// What a store of a type may hold, packed.
template <class T>
inline constexpr std::size_t kCacheBytes = limits::kChildCacheBytes;
template <>
inline constexpr std::size_t kCacheBytes<api::LocalRegistry> = limits::kRegistryCacheBytes;
template <>
inline constexpr std::size_t kCacheBytes<api::Namespace> = limits::kNamespaceCacheBytes;

template <class T>
class Store {
 public:
  using Pointer = std::shared_ptr<const T>;
  struct Index {
    std::size_t number;
  };

  explicit Store(std::vector<Scope> scopes = {Scope{}})
      : core_({decode_entry<T>, pack_entry<T>, unpack_entry<T>, stub_entry<T>, kCacheBytes<T>},
              std::move(scopes)) {}

  // A secondary index; objects with an empty key are not in it. digest makes the number that
  // candidates() gives with an object; without it 0. Before the informer runs.
  Index add_index(
      std::function<std::string(const T&)> key,
      std::function<std::uint64_t(const T&)> digest = [](const T&) { return 0U; }) {
    return {core_.add_index(
        [key = std::move(key)](const void* object) { return key(*static_cast<const T*>(object)); },
        [digest = std::move(digest)](const void* object) {
          return digest(*static_cast<const T*>(object));
        })};
  }

  // Called after each change with the object before and after it; null: none. Both are valid
  // during the call only. It may read the store, but not write to it.
  void on_change(std::function<void(const T* before, const T* after)> changed) {
    core_.on_change([changed = std::move(changed)](const void* before, const void* after) {
      changed(static_cast<const T*>(before), static_cast<const T*>(after));
    });
  }

  // Null when there is none.
  Pointer get(const api::ObjectKey& key) const {
    return as_pointer(core_.get(key.namespace_name, key.name));
  }

  // Each of them, one after the other: they do not fit into memory all at once. visit may not
  // change the store.
  void each(const std::function<void(const Pointer&)>& visit) const {
    core_.each([&](const Entry& entry) { visit(as_pointer(entry)); });
  }

  // At most so many of those of a key, since all of them may not fit into memory.
  std::vector<Pointer> by_index(Index index, std::string_view key,
                                std::size_t most = limits::kObjectsOfIndex) const {
    std::vector<Pointer> pointers;
    core_.each_of(index.number, key, [&](const Entry& entry) {
      if (pointers.size() < most) pointers.push_back(as_pointer(entry));
      return pointers.size() < most;
    });
    return pointers;
  }

  // All objects of a key, without unpacking them. The time is linear in their number, and small for
  // each.
  std::vector<Candidate> candidates(Index index, std::string_view key) const {
    return core_.candidates(index.number, key);
  }

  std::size_t size() const { return core_.size(); }

  // Its memory in bytes; objects that are kept in part; objects that are not kept at all.
  std::size_t bytes() const { return core_.bytes(); }
  std::size_t reduced() const { return core_.reduced(); }
  std::size_t dropped() const { return core_.dropped(); }

  // The highest resourceVersion that the cache is known to reflect for this key.
  std::uint64_t revision(const api::ObjectKey& key) const {
    return core_.revision(key.namespace_name, key.name);
  }

  // object is the server's answer to a write: create, apply, patch, or a delete that left the
  // object with a deletionTimestamp. An answer older than what is known is ignored.
  void record_written(T object) {
    auto pointer = std::make_shared<const T>(std::move(object));
    const api::ObjectMeta* meta = &pointer->metadata;
    core_.record_written(Entry{std::move(pointer), meta});
  }

  // The object of that uid is gone. resource_version: the last that it was known to have.
  void record_deleted(const api::ObjectKey& key, std::string_view uid,
                      std::string_view resource_version) {
    core_.record_deleted(key, uid, resource_version);
  }

  // For the Informer, which writes.
  StoreCore& core() { return core_; }

 private:
  static Pointer as_pointer(const Entry& entry) {
    return std::static_pointer_cast<const T>(entry.object);
  }

  StoreCore core_;
};

}  // namespace kube
