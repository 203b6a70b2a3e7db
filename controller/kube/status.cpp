#include "kube/status.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/error_texts.h"
#include "base/limits.h"
#include "base/text/quote.h"
#include "json/fields.h"

namespace kube {
namespace {

constexpr std::size_t kQuotedBytes = 200;  // maximum quoted from a body that is not a Status
constexpr std::string_view kMissingType = "ResourceTypeMissing";

struct StatusDetails {
  std::string name;
  std::vector<base::FieldCause> causes;
  int retry_after_seconds = 0;
};

struct Status {
  std::string kind;
  std::string message;
  std::string reason;
  StatusDetails details;
  int code = 0;
};

}  // namespace
}  // namespace kube

template <>
struct json::Fields<base::FieldCause> {
  using T = base::FieldCause;
  static constexpr auto kTable =
      std::make_tuple(json::field("field", &T::field), json::field("reason", &T::reason),
                      json::field("message", &T::message));
};

template <>
struct json::Fields<kube::StatusDetails> {
  using T = kube::StatusDetails;
  static constexpr auto kTable =
      std::make_tuple(json::field("name", &T::name), json::field("causes", &T::causes),
                      json::field("retryAfterSeconds", &T::retry_after_seconds));
};

template <>
struct json::Fields<kube::Status> {
  using T = kube::Status;
  static constexpr auto kTable =
      std::make_tuple(json::field("kind", &T::kind), json::field("message", &T::message),
                      json::field("reason", &T::reason), json::field("details", &T::details),
                      json::field("code", &T::code));
};

namespace kube {
namespace {

using base::ErrorCode;

ErrorCode code_of(int http_code, std::string_view reason) {
  if (reason == "Expired" || reason == "Gone") return ErrorCode::kGone;
  if (reason == "AlreadyExists") return ErrorCode::kAlreadyExists;
  switch (http_code) {
    case 400:
    case 405:
    case 406:
    case 415:
    case 422: return ErrorCode::kInvalid;
    case 401: return ErrorCode::kUnauthorized;
    case 403: return ErrorCode::kForbidden;
    case 404: return ErrorCode::kNotFound;
    case 409: return ErrorCode::kConflict;
    case 410: return ErrorCode::kGone;
    case 413: return ErrorCode::kTooLarge;
    case 429: return ErrorCode::kTooManyRequests;
    case 504: return ErrorCode::kTimeout;  // the request may have taken effect
    default: break;
  }
  return http_code >= 500 ? ErrorCode::kUnavailable : ErrorCode::kMalformed;
}

std::optional<std::chrono::milliseconds> bounded(std::chrono::milliseconds wait) {
  if (wait <= std::chrono::seconds::zero()) return std::nullopt;
  return std::min<std::chrono::milliseconds>(wait, limits::kMaxRetryAfter);
}

// Returns the first line of a body, cut to kQuotedBytes.
std::string first_line(std::string_view body) {
  return base::cut_line(body.substr(0, body.find_first_of("\r\n")), kQuotedBytes);
}

// Returns the error for a type that the API server does not serve. It does not mean that an object
// is absent: the CRD may be installed later, or a proxy may have sent the 404.
base::Error missing_type(std::string_view what) {
  base::Error error{ErrorCode::kUnavailable, fmt::format("the API server does not serve {}", what)};
  error.causes.push_back({"", std::string(kMissingType), error.message});
  return error;
}

base::Error error_of_status(Status status, int http_code, std::string_view what) {
  if (status.code != 0) http_code = status.code;
  base::Error error{code_of(http_code, status.reason), base::reported(status.message)};
  if (api::is_duplicate_node_port(error.message)) error.code = ErrorCode::kInvalid;
  if (error.code == ErrorCode::kInvalid && api::is_refused_by_admission(error.message)) {
    error.code = ErrorCode::kForbidden;
  }
  // The Status names a missing object; it has no name when the API server does not serve the type.
  if (error.code == ErrorCode::kNotFound && status.details.name.empty()) return missing_type(what);
  if (error.message.empty()) error.message = fmt::format("{}: HTTP status {}", what, http_code);
  error.causes = std::move(status.details.causes);
  error.retry_after = bounded(std::chrono::seconds(status.details.retry_after_seconds));
  return error;
}

std::optional<Status> read_status(json::View view) {
  base::Result<Status> status = json::decode<Status>(view);
  if (!status || status->kind != "Status") return std::nullopt;
  return *std::move(status);
}

}  // namespace

base::Error error_of(const Response& response, std::string_view what) {
  std::optional<Status> status;
  if (const auto document = json::Document::parse(response.body)) {
    status = read_status(document->root());
  }
  base::Error error;
  if (status) {
    error = error_of_status(*std::move(status), response.status, what);
  } else if (response.status == 404) {
    error = missing_type(what);
  } else {
    error = {code_of(response.status, ""), fmt::format("{}: HTTP status {}: {}", what,
                                                       response.status, first_line(response.body))};
  }
  if (response.retry_after) error.retry_after = bounded(*response.retry_after);
  return error;
}

base::Error error_of_event(json::View status, std::string_view what) {
  std::optional<Status> read = read_status(status);
  if (!read)
    return {
        ErrorCode::kMalformed,
        fmt::format("{}: the API server sent a watch event of type ERROR without a Status", what)};
  return error_of_status(*std::move(read), 0, what);
}

bool is_missing_type(const base::Error& error) { return error.has_cause(kMissingType); }

std::string qualified_name(const api::ResourceType& type) {
  if (type.group.empty()) return std::string(type.plural);
  return fmt::format("{}.{}", type.plural, type.group);
}

}  // namespace kube
