#include "registry/upload/upload.h"

#include <fmt/core.h>

#include <algorithm>

#include "async/parallel.h"

namespace registry {
namespace {

namespace asio = boost::asio;
using Instant = RepositorySession::Instant;

template <class T>
using Awaitable = asio::awaitable<base::Result<T>>;

// The state that the blob-sending coroutines share.
struct UploadState {
  RepositorySession& session;
  base::Clock& clock;
  base::Random& random;
  std::vector<ImageParts::Blob> waiting;  // blobs to send; the last one is sent first
  const BlobUpload::Report& report;
  Pushed& pushed;
};

// Sends one blob after the other until no blob is waiting.
Awaitable<void> send_waiting(UploadState& work) {
  while (!work.waiting.empty()) {
    ImageParts::Blob blob = std::move(work.waiting.back());
    work.waiting.pop_back();
    bool present = false;
    BlobUpload upload(work.session, work.clock, work.random, std::move(blob),
                      [&work, &present](const BlobProgress& progress) {
                        present = progress.state == BlobProgress::State::kPresent;
                        if (work.report) work.report(progress);
                      });
    auto running = upload.run();
    const auto run = co_await std::move(running);
    work.pushed.sent += upload.sent();
    if (present) ++work.pushed.present;
    if (!run) co_return run.error();
  }
  co_return base::Result<void>();
}

base::Error refused(const RepositorySession& session, int status) {
  return refusal(status, fmt::format("{} answers HTTP status {} to a manifest of {}",
                                     session.host(), status, session.path()));
}

}  // namespace

Uploader::Uploader(asio::any_io_executor executor, base::Clock& clock, base::Random& random,
                   UploadOptions options)
    : executor_(std::move(executor)),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      trust_(options_.ca_file) {}

Awaitable<void> Uploader::send_blobs(RepositorySession& session, ImageParts& parts,
                                     const PushRequest& request, Pushed& pushed) {
  // Blobs are taken from the back, so the largest is sent first: otherwise it could be the last
  // one, sent while the other branches idle.
  std::sort(parts.blobs.begin(), parts.blobs.end(), [](const auto& left, const auto& right) {
    return left.descriptor.size < right.descriptor.size;
  });
  UploadState work{session, clock_, random_, std::move(parts.blobs), request.report, pushed};
  const std::size_t branches =
      std::min(std::max<std::size_t>(options_.uploads, 1), work.waiting.size());
  if (branches == 0) co_return base::Result<void>();
  std::vector<asio::awaitable<base::Result<void>>> senders;
  for (std::size_t i = 0; i < branches; ++i) senders.push_back(send_waiting(work));
  auto sending = async::run_until_one_fails(std::move(senders));
  auto sent = co_await std::move(sending);
  co_return sent;
}

Awaitable<void> Uploader::send_manifest(RepositorySession& session,
                                        const ImageParts::ManifestText& manifest,
                                        std::string name) {
  base::Backoff backoff(limits::kUploadBackoff);
  for (int failures = 0;;) {
    HttpRequest request{"PUT", session.url("manifests/" + name)};
    request.headers = {{"Content-Type", manifest.descriptor.media_type}};
    request.body = manifest.text;
    request.timeout = limits::kUploadSilence;
    auto sending = session.send(std::move(request), RepositorySession::kNoDeadline);
    const auto answer = co_await std::move(sending);
    if (answer && net::is_success(answer->status)) co_return base::Result<void>();
    const base::Error error = answer ? refused(session, answer->status) : answer.error();
    if (!error.transient() || ++failures >= limits::kUploadTries) co_return error;
    auto sleeping = clock_.sleep_for(backoff.next(random_, clock_.now()));
    co_await std::move(sleeping);
  }
}

Awaitable<Pushed> Uploader::push(const ImageSource& source, const SourceImage& image,
                                 PushRequest request) {
  auto parts = source.parts(image);
  if (!parts) co_return parts.error();
  auto pushing = push(*std::move(parts), std::move(request));
  auto pushed = co_await std::move(pushing);
  co_return pushed;
}

Awaitable<Pushed> Uploader::push(ImageParts parts, PushRequest request) {
  HttpOptions http;
  auto insecure = InsecureRegistries::parse(options_.insecure_registries);
  if (!insecure) co_return insecure.error();
  http.insecure = std::move(*insecure);
  http.guard = options_.guard_addresses;
  http.only = options_.only;
  http.environment = options_.environment;
  http.user_agent = options_.user_agent;
  HttpClient client(executor_, clock_, trust_, std::move(http));
  RepositorySession session(client, request.repository, request.credentials, Access::kPush);
  auto opening = session.open(clock_.now() + limits::kPushCheckTimeout);
  const auto opened = co_await std::move(opening);
  if (!opened) co_return opened.error();

  Pushed pushed;
  pushed.blobs = static_cast<int>(parts.blobs.size());
  auto sending = send_blobs(session, parts, request, pushed);
  const auto sent = co_await std::move(sending);
  if (!sent) co_return sent.error();
  for (const ImageParts::ManifestText& manifest : parts.manifests) {
    const bool is_root = &manifest == &parts.manifests.back();
    pushed.digest = manifest.descriptor.digest;
    std::vector<std::string> names = {pushed.digest};
    if (is_root && !request.tags.empty()) names = request.tags;
    for (std::string& name : names) {
      auto naming = send_manifest(session, manifest, std::move(name));
      const auto named = co_await std::move(naming);
      if (!named) co_return named.error();
    }
  }
  co_return pushed;
}

}  // namespace registry
