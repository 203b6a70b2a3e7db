#include "registry/upload/blob_upload.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "base/text/number.h"
#include "crypto/digest.h"

namespace registry {
namespace {

namespace asio = boost::asio;
using Instant = RepositorySession::Instant;
using State = BlobProgress::State;

template <class T>
using Awaitable = asio::awaitable<base::Result<T>>;

constexpr Instant kNoDeadline = RepositorySession::kNoDeadline;
constexpr std::string_view kBytes = "application/octet-stream";

// After HTTP 413 from the registry, or from a proxy before it, the chunk size is halved: to at most
// kSmallerChunk and at least kSmallestChunk bytes.
constexpr std::uint64_t kSmallerChunk = 64ULL << 20;
constexpr std::uint64_t kSmallestChunk = 5ULL << 20;

// Returns the number of bytes in a range: 1024 for "0-1023". Registries send "0-0" both for one
// byte and for none; it counts as none.
std::optional<std::uint64_t> bytes_in_range(std::string_view range) {
  const std::size_t dash = range.find('-');
  if (range.starts_with("bytes=")) return bytes_in_range(range.substr(6));
  if (dash == std::string_view::npos || range.substr(0, dash) != "0") return std::nullopt;
  const auto last = base::whole_number<std::uint64_t>(range.substr(dash + 1));
  if (!last || *last == std::uint64_t(-1)) return std::nullopt;
  return *last == 0 ? 0 : *last + 1;
}

}  // namespace

// Provides the bytes of one chunk. Each byte of the blob is hashed when it is first read.
class BlobUpload::Source final : public net::BodySource {
 public:
  Source(BlobUpload& upload, const ImageParts::Blob& blob)
      : upload_(upload), blob_(blob), hasher_(blob.descriptor.digest) {}

  void set_range(std::uint64_t begin, std::uint64_t end) {
    begin_ = at_ = begin;
    end_ = end;
  }

  std::uint64_t size() const override { return end_ - begin_; }

  base::Result<void> rewind() override {
    at_ = begin_;
    return {};
  }

  base::Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t max = std::min<std::uint64_t>(buffer.size(), end_ - at_);
    auto got = blob_.range->file->read(blob_.range->offset + at_, buffer.first(max));
    if (!got) {
      failure_ = got.error();
      return got;
    }
    // The upload never resumes beyond hashed_, so the hash skips no byte.
    if (at_ + *got > hashed_) {
      hasher_.add({buffer.data() + (hashed_ - at_), *got - (hashed_ - at_)});
      hashed_ = at_ + *got;
    }
    at_ += *got;
    if (hashed_ == blob_.range->size && digest_.empty()) digest_ = hasher_.digest();
    return got;
  }

  void sent(std::size_t bytes) override {
    upload_.sent_ += bytes;
    upload_.report_progress(State::kSending, at_);
  }

  std::uint64_t hashed() const { return hashed_; }
  const std::optional<base::Error>& failure() const { return failure_; }

  // Returns whether the whole blob has been read and its digest does not match.
  bool has_digest_mismatch() const {
    return !digest_.empty() && digest_ != blob_.descriptor.digest;
  }

 private:
  BlobUpload& upload_;
  const ImageParts::Blob& blob_;
  crypto::Hasher hasher_;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t hashed_ = 0;
  std::string digest_;  // empty until the whole blob was read
  std::optional<base::Error> failure_;
};

BlobUpload::BlobUpload(RepositorySession& session, base::Clock& clock, base::Random& random,
                       ImageParts::Blob blob, Report report)
    : session_(session),
      clock_(clock),
      random_(random),
      blob_(std::move(blob)),
      report_(std::move(report)),
      source_(std::make_unique<Source>(*this, blob_)),
      chunk_(std::max<std::uint64_t>(size(), 1)) {}

BlobUpload::~BlobUpload() = default;

void BlobUpload::report_progress(State state, std::uint64_t done) {
  if (report_) report_({blob_.descriptor.digest, state, done, size()});
}

base::Error BlobUpload::refused(std::string_view what, int status) const {
  return refusal(status, fmt::format("{} answers HTTP status {} to {} of {}", session_.host(),
                                     status, what, blob_.descriptor.digest));
}

Awaitable<bool> BlobUpload::is_present() {
  HttpRequest request{"HEAD", session_.url("blobs/" + blob_.descriptor.digest)};
  // Some registries redirect to a storage server on another host.
  auto sending =
      session_.send(std::move(request), kNoDeadline, HttpClient::CrossHostRedirect::kAnonymous);
  const auto answer = co_await std::move(sending);
  if (!answer) co_return answer.error();
  if (answer->status == 200) co_return true;
  base::Error error = refused("the HEAD request", answer->status);
  if (error.code == base::ErrorCode::kMalformed) co_return false;  // 404, or another refusal
  co_return error;
}

Awaitable<void> BlobUpload::begin() {
  auto sending = session_.send({"POST", session_.url("blobs/uploads/")}, kNoDeadline);
  const auto answer = co_await std::move(sending);
  if (!answer) co_return answer.error();
  if (answer->status != 202) co_return refused("the start of an upload", answer->status);
  auto location = session_.location(*answer);
  if (!location) co_return location.error();
  const std::string_view min = answer->header("OCI-Chunk-Min-Length");
  std::from_chars(min.data(), min.data() + min.size(), min_chunk_);
  upload_ = std::move(*location);
  offset_ = 0;
  co_return base::Result<void>();
}

// Asks the registry how many bytes of the interrupted upload it has. If it no longer knows the
// upload or gives no usable number, upload_ is reset: the caller then begins a new upload. That is
// not an error.
Awaitable<void> BlobUpload::ask_offset() {
  auto sending = session_.send({"GET", *upload_}, kNoDeadline);
  const auto answer = co_await std::move(sending);
  if (!answer) co_return answer.error();
  base::Error error = refused("the request for the progress of the upload", answer->status);
  if (error.transient()) co_return error;
  const auto bytes = bytes_in_range(answer->header("Range"));
  const bool known = answer->status == 204 || answer->status == 200;
  if (!known || !bytes || *bytes > source_->hashed() || *bytes > size()) {
    upload_.reset();
    co_return base::Result<void>();
  }
  offset_ = *bytes;
  if (auto location = session_.location(*answer)) upload_ = std::move(*location);
  co_return base::Result<void>();
}

// Sends a small blob in the request that completes the upload.
Awaitable<void> BlobUpload::send_whole() {
  auto text = read_whole(*blob_.range, limits::kWholeBlobBytes);
  if (!text) co_return text.error();
  if (!crypto::matches(blob_.descriptor.digest, *text)) {
    co_return base::Error{base::ErrorCode::kMalformed,
                          fmt::format("{}: digest mismatch: the content of {} has another digest",
                                      blob_.range->file->path(), blob_.descriptor.digest)};
  }
  HttpRequest request{"PUT", with_parameter(*upload_, "digest", blob_.descriptor.digest)};
  request.headers = {{"Content-Type", std::string(kBytes)}};
  request.body = std::move(*text);
  sent_ += request.body.size();
  auto sending = session_.send(std::move(request), kNoDeadline);
  const auto answer = co_await std::move(sending);
  upload_.reset();  // a retry first checks whether the registry has the blob
  if (!answer) co_return answer.error();
  if (answer->status != 201) co_return refused("the upload", answer->status);
  co_return base::Result<void>();
}

// Reads Location and Range from the answer to a chunk that ends at offset `end`. The registry may
// have stored only a part of the chunk.
base::Result<void> BlobUpload::take_chunk(const HttpAnswer& answer, std::uint64_t end) {
  auto location = session_.location(answer);
  if (!location) return location.error();
  upload_ = std::move(*location);
  const std::string_view range = answer.header("Range");
  offset_ = range.empty() ? end : bytes_in_range(range).value_or(end);
  // The registry may answer before the whole chunk was sent, so its offset is also compared with
  // the number of bytes that were read.
  if (offset_ <= std::min(end, source_->hashed())) return {};
  upload_.reset();
  return base::Error{
      base::ErrorCode::kMalformed,
      fmt::format("{} reports more bytes of {} than the {} that were sent", session_.host(),
                  blob_.descriptor.digest, std::min(end, source_->hashed()))};
}

Awaitable<void> BlobUpload::send_chunk() {
  const std::uint64_t end = offset_ + std::min(size() - offset_, std::max(chunk_, min_chunk_));
  source_->set_range(offset_, end);
  HttpRequest request{"PATCH", *upload_};
  request.headers = {{"Content-Type", std::string(kBytes)}};
  if (offset_ > 0 || end < size()) {
    request.headers.push_back({"Content-Range", fmt::format("{}-{}", offset_, end - 1)});
  }
  request.source = source_.get();
  request.timeout = limits::kUploadCommitTimeout;
  auto sending = session_.send(std::move(request), kNoDeadline);
  const auto answer = co_await std::move(sending);
  if (source_->failure()) co_return *source_->failure();
  if (!answer) co_return answer.error();
  if (answer->status == 413 && chunk_ > kSmallestChunk) {
    chunk_ = std::max(kSmallestChunk, std::min(chunk_ / 2, kSmallerChunk));
    upload_.reset();
    co_return base::Error{base::ErrorCode::kUnavailable,
                          fmt::format("{} refused a chunk of {} as too large (HTTP status 413)",
                                      session_.host(), blob_.descriptor.digest)};
  }
  if (answer->status != 202) {
    // 404: the registry has lost the upload, so the next attempt begins a new one. 416: the
    // registry has another offset, so the next attempt asks for it.
    if (answer->status == 404) upload_.reset();
    const bool again = answer->status == 404 || answer->status == 416;
    auto error = refused("the upload", answer->status);
    if (again) error.code = base::ErrorCode::kUnavailable;
    co_return error;
  }
  co_return take_chunk(*answer, end);
}

Awaitable<void> BlobUpload::send_chunks() {
  while (offset_ < size()) {
    const std::uint64_t before = offset_;
    auto sending = send_chunk();
    const auto sent = co_await std::move(sending);
    furthest_ = std::max(furthest_, offset_);
    if (source_->has_digest_mismatch()) break;
    if (!sent) co_return sent.error();
    if (offset_ <= before) {
      co_return base::Error{base::ErrorCode::kUnavailable,
                            fmt::format("{} answers, but stores no more bytes of {}",
                                        session_.host(), blob_.descriptor.digest)};
    }
  }
  if (source_->has_digest_mismatch()) {
    auto abandoning = abandon();
    co_await std::move(abandoning);
    co_return base::Error{base::ErrorCode::kMalformed,
                          fmt::format("{}: digest mismatch: the content of {} has another digest",
                                      blob_.range->file->path(), blob_.descriptor.digest)};
  }
  co_return base::Result<void>();
}

asio::awaitable<void> BlobUpload::abandon() {
  if (!upload_) co_return;
  HttpRequest request{"DELETE", *upload_};
  request.timeout = limits::kUploadCancelTimeout;
  upload_.reset();
  auto sending = session_.send(std::move(request), kNoDeadline);
  co_await std::move(sending);
}

Awaitable<void> BlobUpload::finish() {
  HttpRequest request{"PUT", with_parameter(*upload_, "digest", blob_.descriptor.digest)};
  request.timeout = limits::kUploadCommitTimeout;
  upload_.reset();
  auto sending = session_.send(std::move(request), kNoDeadline);
  const auto answer = co_await std::move(sending);
  if (!answer) co_return answer.error();
  if (answer->status != 201) co_return refused("the end of the upload", answer->status);
  co_return base::Result<void>();
}

Awaitable<void> BlobUpload::attempt() {
  if (upload_) {
    auto asking = ask_offset();
    const auto asked = co_await std::move(asking);
    if (!asked) co_return asked.error();
  }
  if (!upload_) {
    auto looking = is_present();
    const auto present = co_await std::move(looking);
    if (!present) co_return present.error();
    if (*present) {
      report_progress(sent_ == 0 ? State::kPresent : State::kSent, size());
      co_return base::Result<void>();
    }
    if (!blob_.range) {
      co_return base::Error{
          base::ErrorCode::kNotFound,
          fmt::format("blob {} is missing in the image source, and {} does not have it either",
                      blob_.descriptor.digest, session_.host())};
    }
    auto beginning = begin();
    const auto begun = co_await std::move(beginning);
    if (!begun) co_return begun.error();
  }
  report_progress(State::kSending, offset_);
  const bool small = size() <= limits::kWholeBlobBytes && offset_ == 0;
  if (small) {
    auto sending = send_whole();
    const auto sent = co_await std::move(sending);
    if (!sent) co_return sent.error();
  } else {
    auto sending = send_chunks();
    const auto sent = co_await std::move(sending);
    if (!sent) co_return sent.error();
    auto finishing = finish();
    const auto finished = co_await std::move(finishing);
    if (!finished) co_return finished.error();
  }
  report_progress(State::kSent, size());
  co_return base::Result<void>();
}

Awaitable<void> BlobUpload::run() {
  base::Backoff backoff(limits::kUploadBackoff);
  for (int failures = 0;;) {
    const std::uint64_t before = furthest_;
    auto attempting = attempt();
    auto attempted = co_await std::move(attempting);
    if (attempted || !attempted.error().transient()) co_return attempted;
    failures = furthest_ > before ? 1 : failures + 1;
    if (failures >= limits::kUploadTries) co_return attempted;
    const auto pause = attempted.error().retry_after.value_or(backoff.next(random_, clock_.now()));
    auto sleeping = clock_.sleep_for(pause);
    co_await std::move(sleeping);
  }
}

}  // namespace registry
