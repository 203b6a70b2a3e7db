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
//  * all() and by_index() have no order.
//  * Overhead per object, its own fields aside: about 45 bytes, and 40 for each index.
//  * An object that cannot be decoded stays as it was last readable.
//
// One owner (the Informer). Used on the thread of the io_context only.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/meta.h"
#include "base/error.h"
#include "json/fields.h"
#include "json/value.h"

namespace kube {

// metadata.resourceVersion as a number; 0 for what is none.
std::uint64_t revision_of(std::string_view resource_version);

// An object of any type, and the metadata in it. Without an object: none.
struct Entry {
  std::shared_ptr<const void> object;
  const api::ObjectMeta* meta = nullptr;

  explicit operator bool() const { return meta != nullptr; }
  bool operator==(const Entry&) const = default;
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
  using Decode = base::Result<Entry> (*)(json::View);
  using IndexKey = std::function<std::string(const void*)>;
  using Changed = std::function<void(const void* before, const void* after)>;  // null: none

  StoreCore(Decode decode, std::vector<Scope> scopes);

  // Before the first object only. Gives the number of the index.
  std::size_t add_index(IndexKey key);
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
  const Entry* find(std::string_view namespace_name, std::string_view name) const;
  std::vector<Entry> all() const;
  std::vector<Entry> by_index(std::size_t index, std::string_view key) const;
  std::size_t size() const { return objects_.size(); }
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
    std::size_t operator()(const Entry& entry) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const;
    bool operator()(const Name& a, const Entry& b) const;
    bool operator()(const Entry& a, const Name& b) const;
  };
  using Set = boost::unordered_flat_set<Entry, Hash, Equal>;

  // A write of our own that the watch has not caught up with. What is written is in objects_.
  struct Record {
    Entry watched;           // what the watch says
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

  struct Index {
    IndexKey key;
    std::unordered_multimap<std::size_t, const api::ObjectMeta*> entries;  // by hash of the key
  };

  using Change = std::pair<Entry, Entry>;  // before, after

  Part* part_of(std::string_view namespace_name, std::string_view name);
  const Part* part_of(std::string_view namespace_name, std::string_view name) const;
  Entry shown(const Name& name) const;
  void watched(Part& part, const Name& name, Entry entry, std::uint64_t revision);
  void end_records(Part& part);
  void add_record(Part& part, api::ObjectKey key, Record record);
  void overlay(Part& part, bool rewound);
  std::vector<Change> changes_to(const Part& part) const;
  void show(const Name& name, const Entry& after);
  void replace(const Entry& before, const Entry& after);
  void update_indexes(const Entry& before, const Entry& after);
  void tell(const Entry& before, const Entry& after);

  Decode decode_;
  std::vector<Part> parts_;
  std::vector<Index> indexes_;
  std::vector<Changed> listeners_;
  Set objects_;  // what readers see
  Records records_;
};

template <class T>
base::Result<Entry> decode_entry(json::View view) {
  auto object = std::make_shared<T>();
  json::Failure failure;
  json::Codec<T>::decode(view, *object, json::Path(), failure);
  if (failure) return *std::move(failure);
  const api::ObjectMeta* meta = &object->metadata;
  return Entry{std::move(object), meta};
}

template <class T>
class Store {
 public:
  using Pointer = std::shared_ptr<const T>;
  struct Index {
    std::size_t number;
  };

  explicit Store(std::vector<Scope> scopes = {Scope{}})
      : core_(decode_entry<T>, std::move(scopes)) {}

  // A secondary index; objects with an empty key are not in it. Before the informer runs.
  Index add_index(std::function<std::string(const T&)> key) {
    return {core_.add_index([key = std::move(key)](const void* object) {
      return key(*static_cast<const T*>(object));
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
    const Entry* entry = core_.find(key.namespace_name, key.name);
    return entry == nullptr ? nullptr : as_pointer(*entry);
  }

  // As get, but valid only until the next co_await.
  const T* find(const api::ObjectKey& key) const {
    const Entry* entry = core_.find(key.namespace_name, key.name);
    return entry == nullptr ? nullptr : static_cast<const T*>(entry->object.get());
  }

  std::vector<Pointer> all() const { return as_pointers(core_.all()); }

  std::vector<Pointer> by_index(Index index, std::string_view key) const {
    return as_pointers(core_.by_index(index.number, key));
  }

  std::size_t size() const { return core_.size(); }

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

  static std::vector<Pointer> as_pointers(const std::vector<Entry>& entries) {
    std::vector<Pointer> pointers;
    pointers.reserve(entries.size());
    for (const Entry& entry : entries) pointers.push_back(as_pointer(entry));
    return pointers;
  }

  StoreCore core_;
};

}  // namespace kube
