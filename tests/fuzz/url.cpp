// Fuzz target for URLs from outside. The first line is a registry's Location or realm, the second
// the URL of the request; the first is also read as a server and a proxy of a kubeconfig. A URL
// that is accepted is equal when it is read again.
#include "registry/url.h"

#include <algorithm>

#include "base/limits.h"
#include "fuzz/property.h"
#include "net/text.h"

namespace {

void check_url(const registry::Url& url) {
  fuzz::require(!url.server.host.empty(), "it has a host");
  fuzz::require(url.server.base_path.empty(), "the path is in the target");
  fuzz::require(url.target.starts_with('/'), "the target is a path");
  fuzz::require(std::all_of(url.target.begin(), url.target.end(),
                            [](char character) { return character > ' ' && character < 0x7F; }),
                "the target fits into a request");
  fuzz::require(net::fits_header(url.server.authority()), "the host fits into a header");
  const std::string text = url.server.text() + url.target;
  if (text.size() > limits::kUrlBytes) return;
  const auto again = registry::parse_url(text);
  fuzz::require(again.has_value(), "what was taken is a URL");
  fuzz::require(*again == url, "read again it is the same");
  fuzz::require(registry::same_host(url.server, again->server), "a host is itself");
}

void check_server(std::string_view text) {
  const auto server = net::parse_server_url(text);
  if (!server) {
    fuzz::require_short_line(server.error().message);
    return;
  }
  fuzz::require(net::fits_header(server->authority()), "the host fits into a header");
  const auto again = net::parse_server_url(server->text());
  fuzz::require(again.has_value() && *again == *server, "read again the server is the same");
}

void check_proxy(std::string_view text) {
  const auto proxy = net::parse_proxy_url(text);
  if (!proxy) {
    fuzz::require_short_line(proxy.error().message);
    return;
  }
  const auto again = net::parse_proxy_url(proxy->shown());
  fuzz::require(again.has_value(), "what is shown is a proxy");
  fuzz::require(again->host == proxy->host && again->port == proxy->port && again->user.empty() &&
                    again->password.empty(),
                "what is shown is the proxy without its password");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view first = text.substr(0, end);
  check_server(first);
  check_proxy(first);
  if (const auto url = registry::parse_url(first)) check_url(*url);
  const auto base = registry::parse_url(text.substr(std::min(end + 1, text.size())));
  if (!base) return 0;
  check_url(*base);
  if (const auto resolved = registry::resolve_url(*base, first)) {
    check_url(*resolved);
    check_url(registry::with_parameter(*resolved, "digest", first));
  }
  return 0;
}
