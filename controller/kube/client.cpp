#include "kube/client.h"

#include <algorithm>

#include "json/value.h"
#include "kube/status.h"
#include "net/http/http.h"

namespace kube {
namespace {

// The fields of the answer to a DELETE that show whether the object still exists.
struct DeletedObject {
  std::string kind;
  api::ObjectMeta metadata;
};

// The API server reports an invalid metadata.uid when another object has the name. For the caller
// this is a conflict, not an invalid request.
void make_uid_mismatch_conflict(base::Error& error) {
  if (error.code != base::ErrorCode::kInvalid) return;
  const bool mismatch =
      std::any_of(error.causes.begin(), error.causes.end(),
                  [](const base::FieldCause& cause) { return cause.field == "metadata.uid"; });
  if (mismatch) error.code = base::ErrorCode::kConflict;
}

}  // namespace
}  // namespace kube

template <>
struct json::Fields<kube::DeletedObject> {
  using T = kube::DeletedObject;
  static constexpr auto kTable =
      std::make_tuple(json::field("kind", &T::kind), json::field("metadata", &T::metadata));
};

namespace kube {

Client Client::with_timeout(std::chrono::milliseconds timeout) const {
  Client copy = *this;
  copy.timeout_ = timeout;
  return copy;
}

Awaitable<json::Document> Client::exchange(const api::ResourceType& type, Request request,
                                           json::ParseOptions options) const {
  const Method method = request.method;
  const json::Shape* const keep = request.keep;
  const std::size_t keep_bytes = request.keep_bytes;
  request.timeout = timeout_;
  base::Result<Response> response = co_await transport_->send(std::move(request));
  if (!response) co_return response.error();
  observe(method, response->status);
  if (!net::is_success(response->status)) co_return error_of(*response, qualified_name(type));
  if (keep != nullptr && !response->sifted) {
    response->body = json::sift(response->body, *keep, keep_bytes);
  }
  co_return json::Document::parse(std::move(response->body), options);
}

Awaitable<json::Document> Client::guarded(const api::ResourceType& type, Request request) const {
  base::Result<json::Document> answer = co_await exchange(type, std::move(request));
  if (answer) co_return answer;
  base::Error error = answer.error();
  make_uid_mismatch_conflict(error);
  co_return error;
}

Awaitable<std::unique_ptr<Stream>> Client::open(const api::ResourceType& type,
                                                Request request) const {
  const Method method = request.method;
  request.timeout = timeout_;
  base::Result<Opened> opened = co_await transport_->open(std::move(request));
  if (!opened) co_return opened.error();
  observe(method, opened->head.status);
  if (!opened->stream) co_return error_of(opened->head, qualified_name(type));
  co_return std::move(opened->stream);
}

bool Client::still_exists(json::View answer) {
  const base::Result<DeletedObject> read = json::decode<DeletedObject>(answer);
  return read && read->kind != "Status" && read->metadata.deletion_timestamp.has_value();
}

void Client::observe(Method method, int code) const {
  if (observer_) observer_(method, code);
}

}  // namespace kube
