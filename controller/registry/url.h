// URLs that a registry answers with: where a token is to be had, where an upload goes on. They come
// from outside and are held to what such a URL may be. Values; any thread.
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

// An absolute URL of http or https, at most limits::kUrlBytes, whose host is a name or an address
// and which holds no user. kInvalid; the message quotes nothing.
base::Result<Url> parse_url(std::string_view text);

// What a Location means in an answer from base (RFC 3986, section 5). kInvalid.
base::Result<Url> resolve_url(const Url& base, std::string_view reference);

// The URL with another parameter in its query; the value is percent-encoded.
Url with_parameter(Url url, std::string_view name, std::string_view value);

// Percent-encoded as a value in a query or a form: all but letters, digits and "-._~".
std::string encode_value(std::string_view text);

// Whether what is meant for one may go to the other: the same host by the same way, or from plain
// HTTP up to HTTPS on that host.
bool same_host(const net::ServerUrl& from, const net::ServerUrl& to);

}  // namespace registry
