#include "registry/url.h"

#include <fmt/core.h>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "base/limits.h"
#include "base/text/percent.h"
#include "base/text/text.h"

namespace registry {
namespace {

namespace urls = boost::urls;

using base::invalid;

base::Result<Url> checked(const urls::url_view& url) {
  std::string origin = std::string(url.scheme()) + "://" + std::string(url.encoded_authority());
  // Boost 1.81 parses "host:80x" as port 80 and the path "x".
  std::string target(url.encoded_path());
  if (!target.empty() && target.front() != '/') {
    return invalid("the port of the URL is not a number");
  }
  auto server = net::parse_server_url(origin);
  if (!server) return server.error();
  server->host = base::lower(std::move(server->host));
  if (server->host.size() > limits::kHostBytes) {
    return invalid(fmt::format("the host of the URL has more than {} bytes", limits::kHostBytes));
  }
  if (target.empty()) target = "/";
  if (url.has_query()) target += "?" + std::string(url.encoded_query());
  return Url{std::move(*server), std::move(target)};
}

}  // namespace

base::Result<Url> parse_url(std::string_view text) {
  if (text.size() > limits::kUrlBytes) {
    return invalid(fmt::format("the URL has more than {} bytes", limits::kUrlBytes));
  }
  const auto url = urls::parse_uri({text.data(), text.size()});
  if (!url) return invalid("not a URL");
  return checked(*url);
}

base::Result<Url> resolve_url(const Url& base, std::string_view reference) {
  if (reference.size() > limits::kUrlBytes) {
    return invalid(fmt::format("the URL has more than {} bytes", limits::kUrlBytes));
  }
  const auto relative = urls::parse_uri_reference({reference.data(), reference.size()});
  if (!relative || reference.empty()) return invalid("not a URL");
  const std::string text = base.server.text() + base.target;
  const auto absolute = urls::parse_uri(text);
  if (!absolute) return invalid("not a URL");
  urls::url resolved;
  if (!urls::resolve(*absolute, *relative, resolved)) return invalid("not a URL");
  return checked(resolved);
}

Url with_parameter(Url url, std::string_view name, std::string_view value) {
  url.target += url.target.find('?') == std::string::npos ? '?' : '&';
  url.target += name;
  url.target += '=';
  url.target += base::percent_encoded(value);
  return url;
}

bool same_host(const net::ServerUrl& from, const net::ServerUrl& to) {
  if (base::lower(from.host) != base::lower(to.host)) return false;
  const bool upgrade = !from.tls && to.tls;
  return upgrade || (from.tls == to.tls && from.port == to.port);
}

}  // namespace registry
