// Builds images for tests in their form on disk: OCI layouts, and tars of any files. Values; any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "crypto/digest.h"
#include "support/temporary_folder.h"

namespace test_image {

inline constexpr std::string_view kManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kIndex = "application/vnd.oci.image.index.v1+json";

// Returns pseudo-random bytes; equal seeds give equal bytes.
inline std::string bytes(std::size_t size, std::uint32_t seed = 1) {
  std::string text(size, '\0');
  for (char& byte : text) {
    seed = seed * 1664525U + 1013904223U;
    byte = static_cast<char>(seed >> 24);
  }
  return text;
}

inline std::string blob_name(const std::string& digest) {
  return "blobs/sha256/" + digest.substr(digest.find(':') + 1);
}

// Returns a descriptor of `content` that claims `size` bytes.
inline std::string sized(const std::string& content, std::string_view type, std::size_t size,
                         const std::string& more = "") {
  return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + crypto::sha256(content) +
         R"(","size":)" + std::to_string(size) + more + "}";
}

inline std::string descriptor(const std::string& content, std::string_view type,
                              const std::string& more = "") {
  return sized(content, type, content.size(), more);
}

using Files = std::vector<std::pair<std::string, std::string>>;  // name, content

// Layout is the content of an OCI layout, which is written as a folder or as a tar.
class Layout {
 public:
  // Adds a blob and returns its content.
  std::string add(std::string content) {
    files_.emplace_back(blob_name(crypto::sha256(content)), content);
    return content;
  }

  // Adds an image with these layers and returns its manifest.
  std::string add_image(const std::vector<std::string>& layers, const std::string& config = "{}") {
    std::string list;
    for (const std::string& layer : layers) {
      list += (list.empty() ? "" : ",") +
              descriptor(add(layer), "application/vnd.oci.image.layer.v1.tar+gzip");
    }
    return add(R"({"schemaVersion":2,"mediaType":")" + std::string(kManifest) + R"(","config":)" +
               descriptor(add(config), "application/vnd.oci.image.config.v1+json") +
               R"(,"layers":[)" + list + "]}");
  }

  std::string add_index(const std::vector<std::string>& descriptors) {
    return add(index(descriptors));
  }

  static std::string index(const std::vector<std::string>& descriptors) {
    std::string list;
    for (const std::string& one : descriptors) list += (list.empty() ? "" : ",") + one;
    return R"({"schemaVersion":2,"mediaType":")" + std::string(kIndex) + R"(","manifests":[)" +
           list + "]}";
  }

  // Adds an entry to index.json.
  void name(const std::string& content, std::string_view type, const std::string& name) {
    named_.push_back(descriptor(content, type,
                                name.empty() ? ""
                                             : R"(,"annotations":{"org.opencontainers.image.)"
                                               R"(ref.name":")" +
                                                   name + R"("})"));
  }

  // Adds an entry to index.json that claims `size` bytes.
  void name_sized(const std::string& content, std::string_view type, std::size_t size) {
    named_.push_back(sized(content, type, size));
  }

  // Removes a blob.
  void remove(const std::string& content) {
    const std::string name = blob_name(crypto::sha256(content));
    std::erase_if(files_, [&](const auto& file) { return file.first == name; });
  }

  void replace(const std::string& content, const std::string& by) {
    const std::string name = blob_name(crypto::sha256(content));
    for (auto& file : files_) {
      if (file.first == name) file.second = by;
    }
  }

  Files files() const {
    Files all = files_;
    all.emplace_back("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    all.emplace_back("index.json", index(named_));
    return all;
  }

  std::string write(const support::TemporaryFolder& folder, const std::string& name) const {
    for (const auto& [file, content] : files()) folder.write(name + "/" + file, content);
    return folder.path(name);
  }

 private:
  Files files_;
  std::vector<std::string> named_;
};

// Returns one entry of a tar (ustar): header and content.
inline std::string tar_entry(const std::string& name, const std::string& content, char type = '0',
                             const std::string& link = "") {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%011zo", content.size());
  put(0, name);
  put(100, "0000644");
  put(124, size.data());
  put(148, "        ");
  header[156] = type;
  put(157, link);
  put(257, std::string("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  std::snprintf(size.data(), size.size(), "%06o", sum);
  put(148, size.data());
  std::string padded = content;
  padded.resize((content.size() + 511) / 512 * 512, '\0');
  return header + padded;
}

inline std::string tar(const Files& files) {
  std::string text;
  for (const auto& [name, content] : files) text += tar_entry(name, content);
  return text + std::string(1024, '\0');
}

}  // namespace test_image
