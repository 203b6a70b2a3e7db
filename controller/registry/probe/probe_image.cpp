#include "registry/probe/probe_image.h"

#include <fmt/core.h>

#include <array>
#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>
#include <cstdint>
#include <cstdio>
#include <tuple>

#include "crypto/digest.h"
#include "json/fields.h"
#include "registry/probe/program.h"

namespace registry {
namespace {

namespace zlib = boost::beast::zlib;

constexpr std::string_view kOperatingSystem = "linux";
constexpr std::string_view kUser = "65532";  // "nonroot" of many base images
constexpr std::string_view kProgram = "pulled";
constexpr std::string_view kRound = "round";

struct PlatformText {
  std::string architecture;
  std::string os;
  std::string variant;
};

struct IndexEntry {
  std::string media_type;
  std::string digest;
  std::int64_t size = 0;
  PlatformText platform;
};

struct Index {
  int schema_version = 2;
  std::string media_type;
  std::vector<IndexEntry> manifests;
};

struct Process {
  std::string user;
  std::vector<std::string> entrypoint;
};

struct RootLayers {
  std::string type;
  std::vector<std::string> diff_ids;
};

struct ImageConfig {
  std::string architecture;
  std::string os;
  std::string variant;
  Process config;
  RootLayers rootfs;
};

}  // namespace
}  // namespace registry

template <>
struct json::Fields<registry::PlatformText> {
  using Type = registry::PlatformText;
  static constexpr auto kTable =
      std::make_tuple(json::field("architecture", &Type::architecture),
                      json::field("os", &Type::os), json::field("variant", &Type::variant));
};

template <>
struct json::Fields<registry::IndexEntry> {
  using Type = registry::IndexEntry;
  static constexpr auto kTable = std::make_tuple(
      json::field("mediaType", &Type::media_type), json::field("digest", &Type::digest),
      json::field("size", &Type::size), json::field("platform", &Type::platform));
};

template <>
struct json::Fields<registry::Index> {
  using Type = registry::Index;
  static constexpr auto kTable = std::make_tuple(
      json::field("schemaVersion", &Type::schema_version),
      json::field("mediaType", &Type::media_type), json::field("manifests", &Type::manifests));
};

template <>
struct json::Fields<registry::Process> {
  using Type = registry::Process;
  static constexpr auto kTable = std::make_tuple(json::field("User", &Type::user),
                                                 json::field("Entrypoint", &Type::entrypoint));
};

template <>
struct json::Fields<registry::RootLayers> {
  using Type = registry::RootLayers;
  static constexpr auto kTable =
      std::make_tuple(json::field("type", &Type::type), json::field("diff_ids", &Type::diff_ids));
};

template <>
struct json::Fields<registry::ImageConfig> {
  using Type = registry::ImageConfig;
  static constexpr auto kTable =
      std::make_tuple(json::field("architecture", &Type::architecture),
                      json::field("os", &Type::os), json::field("variant", &Type::variant),
                      json::field("config", &Type::config), json::field("rootfs", &Type::rootfs));
};

namespace registry {
namespace {

// Appends a file to a tar archive in the format ustar (POSIX.1-1988): a header of 512 bytes, and
// the content in blocks of 512 bytes.
void add_file(std::string& tar, std::string_view name, int mode, std::string_view content) {
  constexpr std::size_t kBlock = 512;
  constexpr std::size_t kChecksumAt = 148;
  std::array<char, kBlock> header{};
  const auto put = [&header](std::size_t at, std::string_view text) {
    text.copy(header.data() + at, text.size());
  };
  std::array<char, 16> number{};
  const auto octal = [&number](int width, std::size_t value) {
    const int length = std::snprintf(number.data(), number.size(), "%0*zo", width, value);
    return std::string_view(number.data(), static_cast<std::size_t>(length));
  };
  put(0, name);
  put(100, octal(7, static_cast<std::size_t>(mode)));
  put(108, octal(7, 0));  // user
  put(116, octal(7, 0));  // group
  put(124, octal(11, content.size()));
  put(136, octal(11, 0));  // the time: 1970
  put(kChecksumAt, "        ");
  put(156, "0");  // a regular file
  put(257, std::string_view("ustar\00000", 8));
  std::size_t sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  put(kChecksumAt, octal(6, sum));
  header[kChecksumAt + 6] = '\0';
  tar.append(header.data(), header.size()).append(content);
  tar.append((kBlock - content.size() % kBlock) % kBlock, '\0');
}

std::string layer_of(std::string_view program, std::string_view round) {
  constexpr std::size_t kEndBytes = 1024;  // two empty blocks end an archive
  std::string tar;
  add_file(tar, kProgram, 0755, program);
  add_file(tar, kRound, 0644, round);
  return tar.append(kEndBytes, '\0');
}

void append_number(std::string& text, std::uint32_t value) {  // four bytes, the lowest first
  for (int shift = 0; shift < 32; shift += 8) text += static_cast<char>(value >> shift & 0xff);
}

// Compresses the bytes in the format of gzip (RFC 1952), without a name and a time.
std::string gzip(const std::string& bytes) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  const std::size_t begin = out.size();
  zlib::deflate_stream stream;
  out.resize(begin + zlib::deflate_upper_bound(bytes.size()));
  zlib::z_params params;
  params.next_in = bytes.data();
  params.avail_in = bytes.size();
  params.next_out = out.data() + begin;
  params.avail_out = out.size() - begin;
  boost::system::error_code error;
  stream.write(params, zlib::Flush::finish, error);  // the bound leaves room for all of it
  out.resize(begin + params.total_out);
  boost::crc_32_type checksum;
  checksum.process_bytes(bytes.data(), bytes.size());
  append_number(out, checksum.checksum());
  append_number(out, static_cast<std::uint32_t>(bytes.size()));
  return out;
}

ProbeImage::Part part(std::string_view media_type, std::string bytes) {
  Descriptor descriptor{
      std::string(media_type), crypto::sha256(bytes), static_cast<std::int64_t>(bytes.size()), {}};
  return {std::move(descriptor), std::move(bytes)};
}

}  // namespace

ProbeImage make_probe_image(std::string_view round) {
  ProbeImage image;
  Index index{2, std::string(kOciIndexType), {}};
  for (const ProbePlatform& platform : probe_platforms()) {
    const PlatformText name{std::string(platform.architecture), std::string(kOperatingSystem),
                            std::string(platform.variant)};
    const std::string tar = layer_of(probe_program(platform), round);
    std::string compressed = gzip(tar);
    const std::string layer_type = layer_media_type(compressed);
    ProbeImage::Part layer = part(layer_type, std::move(compressed));
    ImageConfig config{name.architecture,
                       name.os,
                       name.variant,
                       {std::string(kUser), {fmt::format("/{}", kProgram)}},
                       {"layers", {crypto::sha256(tar)}}};
    ProbeImage::Part config_part = part(kOciConfigType, json::encode(config));
    ProbeImage::Part manifest =
        part(kOciManifestType, oci_manifest(config_part.descriptor, {layer.descriptor}));
    index.manifests.push_back({manifest.descriptor.media_type, manifest.descriptor.digest,
                               manifest.descriptor.size, name});
    image.blobs.push_back(std::move(layer));
    image.blobs.push_back(std::move(config_part));
    image.manifests.push_back(std::move(manifest));
  }
  image.manifests.push_back(part(kOciIndexType, json::encode(index)));
  return image;
}

}  // namespace registry
