#include "net/server_route.h"

#include <fmt/core.h>

#include "net/text.h"

namespace net {

std::string ServerRoute::request_target(const std::string& target) const {
  if (!passes_requests()) return target;
  return fmt::format("http://{}{}", server.authority(), target);
}

void ServerRoute::add_proxy_headers(std::vector<HeaderLine>& headers) const {
  if (passes_requests()) add_proxy_authorization(*proxy, headers);
}

void add_proxy_authorization(const ProxyUrl& proxy, std::vector<HeaderLine>& headers) {
  if (proxy.user.empty() && proxy.password.empty()) return;
  headers.push_back({"Proxy-Authorization", basic_authorization(proxy.user, proxy.password)});
}

}  // namespace net
