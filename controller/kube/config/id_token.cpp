#include "kube/config/id_token.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/limits.h"
#include "base/text/base64.h"
#include "base/text/quote.h"
#include "json/fields.h"
#include "json/raw.h"
#include "kube/config/exec_plugin.h"
#include "net/text.h"

namespace kube {
namespace {

struct Claims {
  json::Raw expires;  // seconds since the epoch; some providers write decimals
};

}  // namespace
}  // namespace kube

template <>
struct json::Fields<kube::Claims> {
  static constexpr auto kTable = std::make_tuple(json::field("exp", &kube::Claims::expires));
};

namespace kube {
namespace {

using base::invalid;

constexpr std::string_view kProvider = "oidc";
constexpr double kMaxSeconds = 253402300799;  // end of the year 9999, in seconds since the epoch

// Decodes base64url without padding (RFC 7515, section 2).
std::optional<std::string> decode_part(std::string part) {
  std::replace(part.begin(), part.end(), '-', '+');
  std::replace(part.begin(), part.end(), '_', '/');
  return base::decode_base64(base::padded_base64(std::move(part)));
}

std::optional<base::Time> end_of(const std::string& token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string::npos ? first : token.find('.', first + 1);
  if (second == std::string::npos || token.find('.', second + 1) != std::string::npos) {
    return std::nullopt;
  }
  auto payload = decode_part(token.substr(first + 1, second - first - 1));
  if (!payload) return std::nullopt;
  const auto claims = json::parse<Claims>(*std::move(payload));
  if (!claims || claims->expires.text.empty()) return std::nullopt;
  char* stop = nullptr;
  const double seconds = std::strtod(claims->expires.text.c_str(), &stop);
  const bool is_time = *stop == '\0' && seconds >= 0 && seconds <= kMaxSeconds;
  if (!is_time) return std::nullopt;
  return base::Time(std::chrono::seconds(std::llround(std::floor(seconds))));
}

}  // namespace

base::Result<IdToken> id_token_of(const kubeconfig::AuthProvider& provider, std::string where) {
  if (provider.name != kProvider) {
    return invalid(
        fmt::format("{}.name: provider {} is not supported since kubectl 1.26: use an exec plugin",
                    where, base::quoted(provider.name)));
  }
  const kubeconfig::AuthProviderConfig& config = provider.config;
  if (config.idp_issuer_url.empty()) return invalid(where + ".config.idp-issuer-url: missing");
  if (config.client_id.empty()) return invalid(where + ".config.client-id: missing");
  IdToken token{config.id_token, {}, std::move(where)};
  if (token.token.empty()) return token;  // its expiry time is the epoch: check_valid() refuses it
  const auto expires = end_of(token.token);
  if (!expires || !net::fits_header(token.token)) {
    return invalid(token.origin + ".config.id-token: not a JSON Web Token with an expiry time");
  }
  token.expires = *expires;
  return token;
}

base::Result<void> check_valid(const IdToken& token, base::Time now) {
  if (now + limits::kIdTokenMargin < token.expires) return {};
  const std::string what = token.token.empty()
                               ? std::string("missing")
                               : "expired at " + base::format_seconds(token.expires);
  return base::Error{base::ErrorCode::kUnauthorized,
                     fmt::format("{}.config.id-token: {}, and only kubectl refreshes it: run "
                                 "`kubectl version`, or log in again",
                                 token.origin, what),
                     {{"", std::string(kNoCredentials), ""}}};
}

}  // namespace kube
