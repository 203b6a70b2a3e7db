// One blob on its way to a registry: looked for, sent, and gone on with after the connection was
// cut, as the registry says how far it has come. On the thread of the io_context.
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
#include "registry/image_source.h"
#include "registry/session.h"

namespace registry {

struct BlobProgress {
  enum class State { kSending, kPresent, kSent };

  std::string digest;
  State state = State::kSending;
  std::uint64_t done = 0;   // bytes, this run's and those that an earlier one has left
  std::uint64_t total = 0;  // bytes
};

class BlobUpload {
 public:
  using Report = std::function<void(const BlobProgress&)>;

  // The session is open; all of them outlive the upload. report is called while run() runs.
  BlobUpload(Session& session, base::Clock& clock, base::Random& random, Parts::Blob blob,
             Report report);
  BlobUpload(const BlobUpload&) = delete;
  BlobUpload& operator=(const BlobUpload&) = delete;
  ~BlobUpload();

  // Tries again, with pauses, as long as limits::kUploadTries in a row do not all fail without
  // getting on. kUnauthorized, kForbidden: the registry does not let it; kMalformed: the content is
  // not what it is named by, or the registry does not keep to its API; kInvalid: the file cannot be
  // read; kNotFound: neither the registry nor we have it; the rest as HttpClient::send. Throws
  // system_error (operation_aborted) when it is cancelled; what the registry has got then stays
  // there until it tidies up.
  boost::asio::awaitable<base::Result<void>> run();

  // Bytes that were sent, those that had to be sent again included.
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
  void tell(BlobProgress::State state, std::uint64_t done);

  Session& session_;
  base::Clock& clock_;
  base::Random& random_;
  Parts::Blob blob_;
  Report report_;
  std::unique_ptr<Source> source_;
  std::optional<Url> upload_;      // where it goes on; none: it has not begun
  std::uint64_t offset_ = 0;       // what the registry has of it
  std::uint64_t furthest_ = 0;     // the highest offset so far
  std::uint64_t chunk_ = 0;        // bytes of one request at most
  std::uint64_t least_chunk_ = 0;  // what the registry wants of all chunks but the last
  std::uint64_t sent_ = 0;
};

}  // namespace registry
