#include "registry/docker_config.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "api/images/image_reference.h"
#include "base/limits.h"
#include "base/text/base64.h"
#include "base/text/text.h"
#include "json/fields.h"

namespace registry {
namespace {

// One entry of `auths`, as in the file.
struct AuthText {
  std::string auth;
  std::string username;
  std::string password;
  std::string identity_token;
  std::string registry_token;
};

struct ConfigText {
  std::map<std::string, AuthText> auths;
  std::string creds_store;
  std::map<std::string, std::string> cred_helpers;
};

}  // namespace
}  // namespace registry

template <>
struct json::Fields<registry::AuthText> {
  using Type = registry::AuthText;
  static constexpr auto kTable = std::make_tuple(
      json::field("auth", &Type::auth), json::field("username", &Type::username),
      json::field("password", &Type::password), json::field("identitytoken", &Type::identity_token),
      json::field("registrytoken", &Type::registry_token));
};

template <>
struct json::Fields<registry::ConfigText> {
  using Type = registry::ConfigText;
  static constexpr auto kTable = std::make_tuple(json::field("auths", &Type::auths),
                                                 json::field("credsStore", &Type::creds_store),
                                                 json::field("credHelpers", &Type::cred_helpers));
};

namespace registry {
namespace {

using base::invalid;

constexpr std::string_view kIdentityTokenUser = "<token>";  // helpers use it for identity tokens
constexpr std::string_view kNul("\0", 1);
constexpr std::string_view kHubServer = "https://index.docker.io/v1/";

// Other names of Docker Hub, in references and in keys.
constexpr std::string_view kHubNames[] = {"index.docker.io", kHubRegistry,
                                          "registry.hub.docker.com"};

// Replaces a key of the file in an error message by "…", because messages never quote the
// file: "auths[…].auth: expected …".
std::string without_keys(std::string message) {
  const std::size_t begin = message.find('[');
  const std::size_t end = message.rfind(']');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return message;
  return message.replace(begin + 1, end - begin - 1, "…");
}

std::string normalized_host(std::string_view text) {
  std::string host = base::lower(std::string(text));
  if (host.ends_with(":443")) host.erase(host.size() - 4);
  return base::is_one_of(host, kHubNames) ? std::string(api::kDockerHub) : host;
}

std::string_view without_slashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

struct AuthScope {
  std::string host;
  std::string path;
};

AuthScope scope_of(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  const std::size_t slash = key.find('/');
  std::string_view path = slash == std::string_view::npos ? "" : key.substr(slash);
  path = without_slashes(path);
  // A leading "v1" or "v2" is the version of the registry API, not part of a repository.
  for (const std::string_view version : {"v1", "v2"}) {
    if (path == version || path.starts_with(std::string(version) + "/")) {
      path = without_slashes(path.substr(version.size()));
      break;
    }
  }
  return {normalized_host(key.substr(0, slash)), std::string(path)};
}

// Decodes "user:password" from base64. Some tools omit the padding.
base::Result<Credentials> decode_auth(const std::string& auth) {
  const auto decoded = base::decode_base64(auth.ends_with('=') ? auth : base::padded_base64(auth));
  if (!decoded) return invalid("auths[…].auth is not base64");
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return invalid("auths[…].auth is not user:password in base64");
  // Docker sometimes pads passwords with NUL bytes.
  return credentials_from(
      decoded->substr(0, colon),
      std::string(base::trimmed(std::string_view(*decoded).substr(colon + 1), kNul)));
}

base::Result<Credentials> credentials_of(const AuthText& text) {
  auto found =
      text.auth.empty() ? credentials_from(text.username, text.password) : decode_auth(text.auth);
  if (!found) return found;
  if (found->identity_token.empty()) found->identity_token = text.identity_token;
  found->registry_token = text.registry_token;
  return found;
}

bool usable(const Credentials& credentials) {
  return !credentials.registry_token.empty() || !credentials.identity_token.empty() ||
         !credentials.username.empty() || !credentials.password.empty();
}

bool is_helper_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char character) {
    return base::is_alphanumeric(character) || character == '.' || character == '_' ||
           character == '-';
  });
}

// Compares label by label: "*.example.com" matches "eu.example.com", but neither "example.com" nor
// "a.eu.example.com".
bool matches(std::string_view pattern, std::string_view host) {
  while (!pattern.empty() && !host.empty()) {
    const std::size_t end = host.find('.');
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
    } else {
      const std::string_view label = host.substr(0, end);
      if (!pattern.starts_with(label)) return false;
      pattern.remove_prefix(label.size());
    }
    if (end == std::string_view::npos) return pattern.empty();
    if (!pattern.starts_with('.')) return false;
    pattern.remove_prefix(1);
    host.remove_prefix(end + 1);
  }
  return pattern.empty() && host.empty();
}

bool is_part(std::string_view part, std::string_view path) {
  return part.empty() || part == path ||
         (path.starts_with(part) && path.substr(part.size()).starts_with('/'));
}

}  // namespace

Credentials credentials_from(std::string user, std::string secret) {
  if (user == kIdentityTokenUser) return {"", "", std::move(secret)};
  return {std::move(user), std::move(secret), ""};
}

base::Result<DockerConfig> DockerConfig::parse(std::string_view json) {
  if (json.size() > limits::kDockerConfigBytes) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("larger than {} bytes", limits::kDockerConfigBytes)};
  }
  const auto text = json::parse<ConfigText>(std::string(json));
  if (!text) return invalid(without_keys(text.error().message));
  DockerConfig config;
  for (const auto& [key, auth] : text->auths) {
    auto credentials = credentials_of(auth);
    if (!credentials) return credentials.error();
    AuthScope scope = scope_of(key);
    if (scope.host.empty() || !usable(*credentials)) continue;
    config.entries_.push_back(
        {std::move(scope.host), std::move(scope.path), std::move(*credentials)});
  }
  for (const auto& [key, name] : text->cred_helpers) {
    if (!is_helper_name(name))
      return invalid("credHelpers[…] is not the name of a credential helper");
    if (!name.empty()) config.helpers_.push_back({name, scope_of(key).host});
  }
  if (!is_helper_name(text->creds_store))
    return invalid("credsStore is not the name of a credential helper");
  config.store_ = text->creds_store;
  return config;
}

std::optional<Credentials> DockerConfig::credentials(std::string_view domain,
                                                     std::string_view path) const {
  const std::string host = normalized_host(domain);
  const Entry* best = nullptr;
  // An entry for the exact host ranks above a pattern. Among equal hosts, the entry with the
  // longest path ranks highest; if `path` is empty, the one with the shortest path, which may be
  // the whole registry.
  const auto rank = [&](const Entry& entry) {
    const auto length = static_cast<std::ptrdiff_t>(entry.path.size());
    return std::make_tuple(entry.host == host, path.empty() ? -length : length);
  };
  for (const Entry& entry : entries_) {
    const bool fits = (entry.host == host || matches(entry.host, host)) &&
                      (path.empty() || is_part(entry.path, path));
    if (fits && (best == nullptr || rank(entry) > rank(*best))) best = &entry;
  }
  if (best == nullptr) return std::nullopt;
  return best->credentials;
}

void DockerConfig::drop_helpers() {
  helpers_.clear();
  store_.clear();
}

std::optional<CredentialHelper> DockerConfig::helper(std::string_view domain) const {
  const std::string host = normalized_host(domain);
  const std::string server =
      host == api::kDockerHub ? std::string(kHubServer) : std::string(domain);
  for (const CredentialHelper& helper : helpers_) {
    if (helper.server == host) return CredentialHelper{helper.name, server};
  }
  if (store_.empty()) return std::nullopt;
  return CredentialHelper{store_, server};
}

}  // namespace registry
