// A Store caches one resource type: the objects from the watch, overlaid with pending writes. These
// are writes of this operator that the watch has not delivered yet.
//
// Guarantees
//  * The watcher is the only source of objects besides pending writes. Readers get snapshots: an
//    object that they hold never changes.
//  * A relist replaces the content in one step; the cache is never emptied first.
//  * Read your own writes (KEP-5647): after record_written() and record_deleted() readers see the
//    object in the written state or a newer one. A pending write ends when the watch has caught up:
//    with an event, bookmark or relist at its revision or a higher one.
//  * After record_deleted() readers do not see the deleted object again, even if the watch is late.
//  * on_change() reports each change that readers can see once, after the change. The change may
//    come from the watch or from this operator. The event that confirms a pending write is not
//    reported.
// Assumptions
//  * resourceVersions of one resource type are comparable as numbers (KEP-5504), and a watch sends
//    events in their order. A relist at a lower resourceVersion than before means a restored etcd:
//    it drops all pending writes.
// Caveats
//  * A written object that the selector does not match is visible until the watch has caught up.
//  * each() and by_index() have no order.
//  * Objects are kept packed (json/pack.h) and compressed, with the first object of the type as the
//    dictionary. They are unpacked for each reader; the last few stay unpacked.
//  * When a new version of an object cannot be decoded, the last decoded version stays.
// Bounds
//  * The objects of a store take at most Type::cache_bytes. Once more than half of these are in
//    use, each namespace has a limit of 1/limits::kCacheShare of cache_bytes, so that it cannot use
//    up the capacity for other namespaces. An object that exceeds a limit is kept as a stub, which
//    is its metadata alone (json::Completeness::kMetadataOnly). The stubs of a namespace have a
//    limit of the same size; an object beyond that is dropped. wants_relist() is true once the
//    limits allow a stub to be kept whole, or a dropped object to be kept.
//
// The Informer owns the Store. It is used on the thread of the io_context only.
#pragma once

#include <array>
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
#include "kube/watch/packed_entry.h"

namespace kube {

// A Scope is the set of objects that a watch covers: those of all namespaces, those of one
// namespace, or one object.
struct Scope {
  std::string namespace_name = {};  // empty: all namespaces, or a cluster-scoped type
  std::string name = {};            // empty: all objects

  bool holds(std::string_view object_namespace, std::string_view object_name) const;
  bool operator==(const Scope&) const = default;
};

// StoreCore is the part of a Store that does not depend on the type. Used through Store<T>.
class StoreCore {
 public:
  // A Type has the functions and the bound that depend on the type of the objects.
  struct Type {
    base::Result<Entry> (*decode)(json::View);
    std::string (*pack)(const void*);
    Entry (*unpack)(std::string_view, json::Completeness);
    Entry (*stub)(const api::ObjectMeta&);  // returns an object with this metadata alone
    std::size_t cache_bytes;                // maximum memory of the whole store
  };
  using IndexKey = std::function<std::string(const void*)>;
  using Summary = std::function<std::uint64_t(const void*)>;
  // A null pointer means that there is no object.
  using Changed = std::function<void(const void* before, const void* after)>;

  StoreCore(Type type, std::vector<Scope> scopes);

  // Adds an index and returns its number. Call it before the first object arrives. `summary`
  // computes a number from each object; a reader uses it to decide whether to unpack the object.
  std::size_t add_index(IndexKey key, Summary summary);
  void on_change(Changed changed) { listeners_.push_back(std::move(changed)); }

  // The following functions are for the watcher of scope number `scope`. Changes by put() and
  // erase() after begin_relist() are visible only after end_relist().
  void begin_relist(std::size_t scope);
  // Adds or replaces an object. kMalformed: the object cannot be decoded, and the cache keeps its
  // last decoded version.
  base::Result<void> put(std::size_t scope, json::View object);
  base::Result<void> erase(std::size_t scope, json::View object);
  void end_relist(std::size_t scope, std::uint64_t revision);
  void progress(std::size_t scope, std::uint64_t revision);

  // The following functions are for Store<T>.
  Entry get(std::string_view namespace_name, std::string_view name) const;
  void each(const std::function<void(const Entry&)>& visit) const;
  void each_of(std::size_t index, std::string_view key,
               const std::function<bool(const Entry&)>& visit) const;
  std::vector<IndexCandidate> candidates(std::size_t index, std::string_view key) const;
  std::size_t size() const { return objects_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::size_t reduced() const { return reduced_; }  // objects that are kept in part
  // Returns the number of objects that were dropped since the last relist because a limit was
  // reached.
  std::size_t dropped() const { return dropped_ + dropped_by_namespace_limit_; }
  bool wants_relist() const;
  std::uint64_t revision(std::string_view namespace_name, std::string_view name) const;
  void record_written(const Entry& entry);
  void record_deleted(const api::ObjectKey& key, std::string_view uid,
                      std::string_view resource_version);
  std::size_t pending_writes() const { return pending_writes_.size(); }

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

  // A write that the watch has not delivered yet. The written object is in objects_.
  struct PendingWrite {
    PackedEntry watched;      // the object as the watch delivered it last
    std::uint64_t revision;   // resourceVersion of the written object
    std::string deleted_uid;  // uid of the deleted object; empty if the write is not a delete

    bool is_confirmed(std::uint64_t now) const;  // whether a watch at revision `now` has caught up
  };
  using PendingWrites = std::map<api::ObjectKey, PendingWrite>;

  struct NamespaceUsage {
    std::size_t bytes = 0;  // memory of all objects of the namespace
    std::size_t stubs = 0;  // memory of the objects that are kept in part
  };

  struct Part {
    Scope scope;
    std::uint64_t revision = 0;  // the watch is known to be complete up to this revision
    bool relisting = false;
    Set relisted;
    std::multimap<std::uint64_t, api::ObjectKey> pending;  // key: PendingWrite::revision
  };

  // An index is ordered by the hash of the key and then by the name of the object, so that one
  // object is found quickly even if many objects have the same key.
  struct Indexed {
    std::size_t hash;
    PackedEntry entry;
    std::uint64_t summary = 0;
  };
  struct ByHashAndName {
    using is_transparent = void;
    bool operator()(const Indexed& a, const Indexed& b) const;
    bool operator()(const Indexed& a, std::size_t b) const { return a.hash < b; }
    bool operator()(std::size_t a, const Indexed& b) const { return a < b.hash; }
  };
  struct Index {
    IndexKey key;
    Summary summary;
    std::set<Indexed, ByHashAndName> entries;
  };

  using Change = std::pair<PackedEntry, PackedEntry>;  // the object before and after

  PackedEntry pack(const Entry& entry, std::size_t full_cost = 0);
  PackedEntry keep(const Entry& entry, const PackedEntry& visible, bool relisting);
  bool has_room(std::string_view namespace_name, std::size_t other_bytes, std::size_t cost) const;
  bool has_room_for_stub(const PackedEntry& stub, const PackedEntry& visible, bool relisting) const;
  NamespaceUsage usage_of(std::string_view namespace_name) const;
  std::size_t bytes_per_namespace() const { return type_.cache_bytes / limits::kCacheShare; }
  void account(const PackedEntry& entry, bool added);
  void recount();
  void count_usage(const PackedEntry& entry, bool added);
  void update_namespace_limits();
  Entry unpack(const PackedEntry& entry) const;
  void remember(const PackedEntry& entry, const Entry& unpacked) const;
  PackedEntry visible(const Name& name) const;
  void apply_watch_event(Part& part, const Name& name, PackedEntry entry, std::uint64_t revision);
  void end_confirmed_writes(Part& part);
  void add_pending_write(Part& part, api::ObjectKey key, PendingWrite write);
  void apply_pending_writes(Part& part, bool rewound);
  std::vector<Change> changes_to(const Part& part) const;
  void set_visible(const Name& name, const PackedEntry& after);
  void replace(const Change& change, const Entry& before, const Entry& after);
  void update_indexes(const Change& change, const Entry& before, const Entry& after);
  void notify_listeners(const Entry& before, const Entry& after);

  Type type_;
  std::vector<Part> parts_;
  std::vector<Index> indexes_;
  std::vector<Changed> listeners_;
  Set objects_;  // the objects that readers see
  PendingWrites pending_writes_;
  std::string dictionary_;  // for compress(): the start of the first packed object
  std::size_t bytes_ = 0;   // memory of objects_ and of unfinished relists
  std::size_t reduced_ = 0;
  std::size_t dropped_ = 0;                     // objects dropped because of cache_bytes
  std::size_t dropped_by_namespace_limit_ = 0;  // objects dropped because of a namespace's limit
  std::map<std::string, NamespaceUsage, std::less<>>
      usage_by_namespace_;          // key: namespace; empty unless limits_namespaces_
  bool limits_namespaces_ = false;  // set when bytes_ is above 1/2 of cache_bytes, reset below 3/8
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
Entry unpack_entry(std::string_view packed, json::Completeness completeness) {
  auto object = std::make_shared<T>();
  json::unpack(packed, *object);
  object->metadata.completeness = completeness;
  const api::ObjectMeta* meta = &object->metadata;
  return Entry{std::move(object), meta};
}

// Returns an object with this metadata alone, marked as kMetadataOnly.
template <class T>
Entry stub_entry(const api::ObjectMeta& metadata) {
  T object;
  object.metadata = metadata;
  object.metadata.completeness = json::Completeness::kMetadataOnly;
  return entry_of(std::move(object));
}

// A Store<T> takes at most this many bytes of memory for packed objects.
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

  // Adds a secondary index; objects with an empty key are not in it. `summary` computes the number
  // that candidates() returns with each object; the default value is 0. Call it before the
  // Informer's run().
  Index add_index(
      std::function<std::string(const T&)> key,
      std::function<std::uint64_t(const T&)> summary = [](const T&) { return 0U; }) {
    return {core_.add_index(
        [key = std::move(key)](const void* object) { return key(*static_cast<const T*>(object)); },
        [summary = std::move(summary)](const void* object) {
          return summary(*static_cast<const T*>(object));
        })};
  }

  // Adds a function that is called after each change with the object before and after it; null
  // means that there is no object. Both are valid during the call only. The function may read the
  // store but must not change it.
  void on_change(std::function<void(const T* before, const T* after)> changed) {
    core_.on_change([changed = std::move(changed)](const void* before, const void* after) {
      changed(static_cast<const T*>(before), static_cast<const T*>(after));
    });
  }

  // Returns the object; null when there is none.
  Pointer get(const api::ObjectKey& key) const {
    return as_pointer(core_.get(key.namespace_name, key.name));
  }

  // Calls `visit` for each object. The objects are unpacked one at a time, since all of them may
  // not fit into memory. `visit` must not change the store.
  void each(const std::function<void(const Pointer&)>& visit) const {
    core_.each([&](const Entry& entry) { visit(as_pointer(entry)); });
  }

  // Returns the objects that have this key in the index, but at most `max`, since all of them may
  // not fit into memory.
  std::vector<Pointer> by_index(Index index, std::string_view key,
                                std::size_t max = limits::kObjectsOfIndex) const {
    std::vector<Pointer> pointers;
    core_.each_of(index.number, key, [&](const Entry& entry) {
      if (pointers.size() < max) pointers.push_back(as_pointer(entry));
      return pointers.size() < max;
    });
    return pointers;
  }

  // Returns all objects that have this key in the index, without unpacking them, and sometimes an
  // object of another key (see IndexCandidate). Takes time linear in the number of returned
  // objects.
  std::vector<IndexCandidate> candidates(Index index, std::string_view key) const {
    return core_.candidates(index.number, key);
  }

  std::size_t size() const { return core_.size(); }

  // bytes(): memory of the store. reduced(): number of objects that are kept in part. dropped():
  // number of objects that were dropped since the last relist because a limit was reached.
  std::size_t bytes() const { return core_.bytes(); }
  std::size_t reduced() const { return core_.reduced(); }
  std::size_t dropped() const { return core_.dropped(); }

  // Returns the highest resourceVersion up to which the watch for this key is known to be complete;
  // 0 if no scope contains the key.
  std::uint64_t revision(const api::ObjectKey& key) const {
    return core_.revision(key.namespace_name, key.name);
  }

  // Records a pending write. `object` is the answer of the API server to a create, apply or patch,
  // to a delete that left the object with a deletionTimestamp, or to a live read. An answer that is
  // not newer than the cache is ignored.
  void record_written(T object) {
    auto pointer = std::make_shared<const T>(std::move(object));
    const api::ObjectMeta* meta = &pointer->metadata;
    core_.record_written(Entry{std::move(pointer), meta});
  }

  // Records that the object with this uid no longer exists. `resource_version`: its last known
  // resourceVersion.
  void record_deleted(const api::ObjectKey& key, std::string_view uid,
                      std::string_view resource_version) {
    core_.record_deleted(key, uid, resource_version);
  }

  // Records that a read found no object of that name. `before`: the object that get() returned
  // before the read; may be null. Only this version is dropped: another client may have created a
  // newer object since the API server answered, and the watch may have delivered it.
  void record_absent(const api::ObjectKey& key, const Pointer& before) {
    if (before) record_deleted(key, before->metadata.uid, before->metadata.resource_version);
  }

  // Returns the core, to which the Informer adds the objects from the watch.
  StoreCore& core() { return core_; }

 private:
  static Pointer as_pointer(const Entry& entry) {
    return std::static_pointer_cast<const T>(entry.object);
  }

  StoreCore core_;
};

}  // namespace kube
