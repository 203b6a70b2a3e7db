#include "registry/probe/probe_pusher.h"

#include <fmt/core.h>

#include <utility>

#include "base/limits.h"
#include "registry/probe/probe_image.h"
#include "registry/upload/upload.h"

namespace registry {
namespace {

template <class T>
using Awaitable = boost::asio::awaitable<base::Result<T>>;

ImageParts parts_of(ProbeImage image) {
  ImageParts parts;
  for (ProbeImage::Part& blob : image.blobs) {
    const std::uint64_t size = blob.bytes.size();
    auto file = BlobFile::in_memory("the probe image", std::move(blob.bytes));
    parts.blobs.push_back({std::move(blob.descriptor), FileRange{std::move(file), 0, size}});
  }
  for (ProbeImage::Part& manifest : image.manifests) {
    parts.manifests.push_back({std::move(manifest.descriptor), std::move(manifest.bytes)});
  }
  return parts;
}

bool is_gone(int status) {
  constexpr int kNotFound = 404;
  constexpr int kNotAllowed = 405;
  return net::is_success(status) || status == kNotFound || status == kNotAllowed;
}

}  // namespace

ProbePusher::ProbePusher(boost::asio::any_io_executor executor, base::Clock& clock,
                         base::Random& random)
    : executor_(std::move(executor)), clock_(clock), random_(random), trust_(std::string()) {}

Awaitable<std::string> ProbePusher::push(std::string registry, std::string repository,
                                         std::string round) {
  UploadOptions options;
  options.insecure_registries = {registry};
  options.only = registry;
  options.uploads = 1;
  Uploader uploader(executor_, clock_, random_, std::move(options));
  PushRequest request{{std::move(registry), std::move(repository), "", ""}, {round}};
  auto pushing = uploader.push(parts_of(make_probe_image(round)), std::move(request));
  auto pushed = co_await std::move(pushing);
  if (!pushed) co_return pushed.error();
  co_return std::move(pushed->digest);
}

Awaitable<void> ProbePusher::remove(std::string registry, std::string repository,
                                    std::string digest) {
  HttpOptions http;
  auto insecure = InsecureRegistries::parse({registry});
  if (!insecure) co_return insecure.error();
  http.insecure = std::move(*insecure);
  http.guard = false;
  http.only = registry;
  HttpClient client(executor_, clock_, trust_, std::move(http));
  RepositorySession session(client, {std::move(registry), std::move(repository), "", ""},
                            std::nullopt, Access::kPush);
  const auto deadline = clock_.now() + limits::kPushCheckTimeout;
  auto opening = session.open(deadline);
  const auto opened = co_await std::move(opening);
  if (!opened) co_return opened.error();
  auto sending = session.send({"DELETE", session.url("manifests/" + digest)}, deadline);
  const auto answer = co_await std::move(sending);
  if (!answer) co_return answer.error();
  if (is_gone(answer->status)) co_return base::Result<void>();
  co_return refusal(answer->status, fmt::format("{} answers HTTP status {} to the removal of {}",
                                                session.host(), answer->status, digest));
}

}  // namespace registry
