// Uploads one blob to a registry, unless the registry already has the blob. After a lost connection
// it resumes at the offset that the registry reports. A BlobUpload is used on the thread of the
// io_context only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "registry/session.h"
#include "registry/upload/image_source.h"

namespace registry {

struct BlobProgress {
  enum class State { kSending, kPresent, kSent };

  std::string digest;
  State state = State::kSending;
  std::uint64_t done = 0;   // bytes of the blob, including those from earlier attempts
  std::uint64_t total = 0;  // bytes
};

class BlobUpload {
 public:
  using Report = std::function<void(const BlobProgress&)>;

  // The session must be open. RepositorySession, clock and random outlive the upload. `report` is
  // called only while run() runs; it may be empty.
  BlobUpload(RepositorySession& session, base::Clock& clock, base::Random& random,
             ImageParts::Blob blob, Report report);
  BlobUpload(const BlobUpload&) = delete;
  BlobUpload& operator=(const BlobUpload&) = delete;
  ~BlobUpload();

  // Uploads the blob. Transient errors are retried with backoff, until limits::kUploadTries
  // attempts in a row have failed without progress. kUnauthorized, kForbidden: the registry refuses
  // access; kMalformed: digest mismatch, or the registry violates the specification; kInvalid: the
  // file cannot be read; kNotFound: neither the image source nor the registry has the blob; other
  // errors as HttpClient::send. Throws system_error (operation_aborted) when it is cancelled; the
  // registry then keeps the received bytes until it removes abandoned uploads.
  boost::asio::awaitable<base::Result<void>> run();

  // Returns the number of bytes sent, including those that had to be sent again.
  std::uint64_t sent() const { return sent_; }

 private:
  class Source;

  boost::asio::awaitable<base::Result<void>> attempt();
  boost::asio::awaitable<base::Result<bool>> is_present();
  boost::asio::awaitable<base::Result<void>> begin();
  boost::asio::awaitable<base::Result<void>> ask_offset();
  boost::asio::awaitable<base::Result<void>> send_whole();
  boost::asio::awaitable<base::Result<void>> send_chunks();
  boost::asio::awaitable<base::Result<void>> send_chunk();
  boost::asio::awaitable<base::Result<void>> finish();
  boost::asio::awaitable<void> abandon();
  base::Result<void> take_chunk(const HttpAnswer& answer, std::uint64_t end);
  base::Error refused(std::string_view what, int status) const;
  std::uint64_t size() const { return static_cast<std::uint64_t>(blob_.descriptor.size); }
  void report_progress(BlobProgress::State state, std::uint64_t done);

  RepositorySession& session_;
  base::Clock& clock_;
  base::Random& random_;
  ImageParts::Blob blob_;
  Report report_;
  std::unique_ptr<Source> source_;
  std::optional<Url> upload_;    // URL for the next request; none: no upload is open
  std::uint64_t offset_ = 0;     // bytes that the registry has
  std::uint64_t furthest_ = 0;   // the highest offset so far
  std::uint64_t chunk_ = 0;      // maximum size of one request, bytes
  std::uint64_t min_chunk_ = 0;  // the registry's minimum size of a chunk other than the last
  std::uint64_t sent_ = 0;
};

}  // namespace registry
