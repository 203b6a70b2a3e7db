// Reads credentials for registries as Docker stores them: in ~/.docker/config.json, or in
// `.dockerconfigjson` of a Secret of type kubernetes.io/dockerconfigjson.
//
// Keys of `auths` are interpreted as Docker and the kubelet do: with or without a scheme, with or
// without a path ("https://host/v1/" means the host), and "*" in "*.example.com" matches any one
// label. The types are values that any thread may use. They hold secrets: never log them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace registry {

// The domain of Docker Hub in image references, and the host of its registry.
inline constexpr std::string_view kHub = "docker.io";
inline constexpr std::string_view kHubRegistry = "registry-1.docker.io";

struct Credentials {
  std::string username;
  std::string password;
  std::string identity_token;       // an OAuth2 refresh token; preferred to the password
  std::string registry_token = {};  // a bearer token for the registry; preferred to all others

  bool operator==(const Credentials&) const = default;
};

// Returns the credentials that Docker stores as a user name and a secret. With the user name
// "<token>" the secret is an identity token, else a password.
Credentials credentials_from(std::string user, std::string secret);

// A CredentialHelper is the program docker-credential-<name>, with the server name to write to its
// standard input.
struct CredentialHelper {
  std::string name;    // letters, digits, ".", "_" and "-" only
  std::string server;  // "ghcr.io"; for Docker Hub "https://index.docker.io/v1/"

  bool operator==(const CredentialHelper&) const = default;
};

class DockerConfig {
 public:
  // Parses a configuration. kInvalid: the text is not JSON or not of the form that Docker writes,
  // or has an `auth` that is not "user:password" in base64. kTooLarge: over
  // limits::kDockerConfigBytes. The message never quotes the text.
  static base::Result<DockerConfig> parse(std::string_view json);

  // Returns the credentials for a domain as it stands in an image reference: "docker.io",
  // "localhost:5000". All names of Docker Hub are equivalent. An entry for the exact host is
  // preferred to a pattern. With the path of a repository, entries for a part of the registry
  // ("quay.io/org") apply if they contain the repository, and the one with the longest path is
  // preferred. Without a path the entry with the shortest path is preferred. Returns nothing when
  // there is no entry, or none with a secret (Docker writes empty entries when a helper stores the
  // credentials).
  std::optional<Credentials> credentials(std::string_view domain, std::string_view path = {}) const;

  // Returns the helper that stores the domain's credentials: the helper in credHelpers, else the
  // one in credsStore, else nothing. Docker asks the helper before it reads `auths`.
  std::optional<CredentialHelper> helper(std::string_view domain) const;

  // Removes the helpers. This is for DOCKER_AUTH_CONFIG, of which Docker reads only `auths`.
  void drop_helpers();

 private:
  struct Entry {
    std::string host;  // lower case, without :443; "docker.io" for all names of Docker Hub
    std::string path;  // without slashes at its ends
    Credentials credentials;
  };

  std::vector<Entry> entries_;
  std::vector<CredentialHelper> helpers_;  // `server` has the form of Entry::host
  std::string store_;
};

}  // namespace registry
