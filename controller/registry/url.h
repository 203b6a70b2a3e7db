// Parses the URLs in a registry's answers: of its token server, and for the next request of an
// upload. These URLs come from outside, so they are validated. The types are values that any thread
// may use.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/url.h"

namespace registry {

struct Url {
  net::ServerUrl server;  // base_path is empty
  std::string target;     // path and query, percent-encoded; begins with "/"

  bool operator==(const Url&) const = default;
};

// Parses an absolute http or https URL of at most limits::kUrlBytes. Its host must be a name or an
// IP address, and it must not contain a user name. kInvalid; the message does not quote the URL.
base::Result<Url> parse_url(std::string_view text);

// Resolves `reference`, the Location in an answer from `base` (RFC 3986, section 5). Error:
// kInvalid.
base::Result<Url> resolve_url(const Url& base, std::string_view reference);

// Returns the URL with a parameter added to its query; the value is percent-encoded.
Url with_parameter(Url url, std::string_view name, std::string_view value);

// Returns whether credentials for `from` may be sent to `to`: both have the same host, scheme and
// port, or `to` is the same host by HTTPS and `from` by plain HTTP.
bool same_host(const net::ServerUrl& from, const net::ServerUrl& to);

}  // namespace registry
