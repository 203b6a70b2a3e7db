#include "kube/watch/packed_entry.h"

#include <lz4.h>

#include <algorithm>
#include <stdexcept>

#include "base/limits.h"
#include "base/text/number.h"
#include "kube/hash.h"

namespace kube {

std::uint64_t revision_of(std::string_view resource_version) {
  return base::whole_number<std::uint64_t>(resource_version).value_or(0);
}

std::string compress(const std::string& packed, const std::string& dictionary) {
  LZ4_stream_t stream;
  LZ4_initStream(&stream, sizeof(stream));
  LZ4_loadDict(&stream, dictionary.data(), static_cast<int>(dictionary.size()));
  std::string smaller(packed.size(), '\0');
  const int max = static_cast<int>(packed.size()) - 1;
  const int size = LZ4_compress_fast_continue(&stream, packed.data(), smaller.data(),
                                              static_cast<int>(packed.size()), max, 1);
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
  std::uint32_t completeness : 2;  // a json::Completeness
  std::uint32_t full_cost : 30;    // bytes

  const char* texts() const { return reinterpret_cast<const char*>(this + 1); }
};

void intrusive_ptr_add_ref(const PackedEntry::Block* block) { ++block->references; }

void intrusive_ptr_release(const PackedEntry::Block* block) {
  if (--block->references == 0) ::operator delete(const_cast<PackedEntry::Block*>(block));
}

PackedEntry::PackedEntry(const api::ObjectMeta& meta, std::string_view bytes, std::size_t size,
                         std::size_t full_cost) {
  const std::string& namespace_name = meta.namespace_name;
  const std::size_t whole = sizeof(Block) + namespace_name.size() + meta.name.size() + bytes.size();
  auto* block =
      new (::operator new(whole)) Block{revision_of(meta.resource_version),
                                        hash(meta.uid),
                                        0,
                                        static_cast<std::uint32_t>(bytes.size()),
                                        static_cast<std::uint32_t>(size),
                                        static_cast<std::uint32_t>(namespace_name.size()),
                                        static_cast<std::uint32_t>(meta.name.size()),
                                        static_cast<std::uint32_t>(meta.completeness) & 3U,
                                        static_cast<std::uint32_t>(full_cost) & 0x3fffffffU};
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

json::Completeness PackedEntry::completeness() const {
  return static_cast<json::Completeness>(block_->completeness);
}

std::size_t PackedEntry::full_cost() const { return block_->full_cost; }

std::size_t PackedEntry::cost() const {
  if (!block_) return 0;
  return sizeof(Block) + block_->namespace_size + block_->name_size + block_->stored +
         limits::kCacheEntryBytes;
}

bool PackedEntry::is_version(std::string_view uid, std::string_view resource_version) const {
  return block_ && block_->revision == revision_of(resource_version) && has_uid(uid);
}

// Compares uid, resourceVersion and completeness, not addresses, because the watch delivers a
// second copy of each object that this operator wrote.
bool PackedEntry::is_same_version(const PackedEntry& other) const {
  if (block_ == other.block_) return true;
  return block_ && other.block_ && block_->revision == other.block_->revision &&
         block_->uid == other.block_->uid && block_->completeness == other.block_->completeness;
}

bool PackedEntry::has_uid(std::string_view uid) const { return block_->uid == hash(uid); }

}  // namespace kube
