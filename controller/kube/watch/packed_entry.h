// A PackedEntry holds one version of an object as the caches store it: packed (json/pack.h) and
// compressed. Its reference count is not atomic, so it is used on one thread only.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/meta.h"
#include "json/pack.h"

namespace kube {

// Returns metadata.resourceVersion as a number; 0 if it is not a number.
std::uint64_t revision_of(std::string_view resource_version);

// An Entry is an object of any type with its metadata. A default-constructed Entry has no object.
struct Entry {
  std::shared_ptr<const void> object;
  const api::ObjectMeta* meta = nullptr;

  explicit operator bool() const { return meta != nullptr; }
};

// A PackedEntry has the name and version of an object, and the packed object. A default-constructed
// PackedEntry has no object. Copies share their content.
class PackedEntry {
 public:
  PackedEntry() = default;
  // `bytes`: the packed object, compressed or not. `size`: bytes of the packed object when it is
  // not compressed. `full_cost`: if only the metadata is kept because a limit is reached, the
  // cost() of the whole object; otherwise 0.
  PackedEntry(const api::ObjectMeta& meta, std::string_view bytes, std::size_t size,
              std::size_t full_cost = 0);

  explicit operator bool() const { return block_ != nullptr; }
  std::string_view namespace_name() const;
  std::string_view name() const;
  std::string_view bytes() const;
  std::size_t size() const;
  json::Completeness completeness() const;
  std::size_t full_cost() const;
  std::size_t cost() const;  // bytes of memory, including tables and indexes; 0 without an object
  // The address is unique while the entry or a copy of it exists.
  const void* address() const { return block_.get(); }

  bool is_version(std::string_view uid, std::string_view resource_version) const;
  bool is_same_version(const PackedEntry& other) const;
  bool has_uid(std::string_view uid) const;

 private:
  struct Block;
  friend void intrusive_ptr_add_ref(const Block* block);
  friend void intrusive_ptr_release(const Block* block);

  boost::intrusive_ptr<const Block> block_;
};

// An IndexCandidate is an object that an index probably has for a key. The index compares only a
// hash of the key, so a candidate can belong to another key.
struct IndexCandidate {
  PackedEntry entry;
  std::uint64_t summary = 0;  // the number that the index has computed from the object

  api::ObjectKey key() const {
    return {std::string(entry.namespace_name()), std::string(entry.name())};
  }
};

// Compresses with LZ4. Returns the input unchanged if it does not get smaller.
std::string compress(const std::string& packed, const std::string& dictionary);

// Reverses compress(): returns the text of `size` bytes that was compressed with the same
// dictionary. Throws std::logic_error when the bytes are not such a text, which is a bug.
std::string decompress(std::string_view bytes, std::size_t size, const std::string& dictionary);

}  // namespace kube
