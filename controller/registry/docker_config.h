// Credentials for registries as Docker keeps them: ~/.docker/config.json, and `.dockerconfigjson`
// of a Secret of type kubernetes.io/dockerconfigjson.
//
// Keys of `auths` are read as Docker and the kubelet read them: with or without a scheme, with or
// without a path ("https://host/v1/" means the host), "*.example.com" for any one label. Values;
// any thread. They hold secrets: never log them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace registry {

struct Credentials {
  std::string username;
  std::string password;
  std::string identity_token;  // an OAuth2 refresh token; it wins over the password
  std::string registry_token =
      {};  // sent to a registry that asks for a bearer token; it wins over all

  bool operator==(const Credentials&) const = default;
};

// A program docker-credential-<name>, and what it is asked for on its standard input.
struct CredentialHelper {
  std::string name;    // letters, digits, ".", "_" and "-" only
  std::string server;  // "ghcr.io"; for Docker Hub "https://index.docker.io/v1/"

  bool operator==(const CredentialHelper&) const = default;
};

class DockerConfig {
 public:
  // kInvalid: no JSON, not as Docker writes it, or an `auth` that is not "user:password" in base64.
  // kTooLarge: over limits::kDockerConfigBytes. The message never quotes the text.
  static base::Result<DockerConfig> parse(std::string_view json);

  // For a domain as in a reference: "docker.io", "localhost:5000". Docker Hub is found by each of
  // its names. With the path of a repository, entries for a part of the registry ("quay.io/org")
  // count too, and the longest that fits is taken; without it an entry for the host is preferred.
  // Nothing: there is no entry, or one without any secret (as Docker leaves for its helpers).
  std::optional<Credentials> credentials(std::string_view domain, std::string_view path = {}) const;

  // The program that keeps the domain's credentials: of credHelpers, else of credsStore. Docker
  // asks it before it looks at `auths`.
  std::optional<CredentialHelper> helper(std::string_view domain) const;

  // Only `auths` count from here on, as in DOCKER_AUTH_CONFIG.
  void drop_helpers();

 private:
  struct Entry {
    std::string host;  // lower case, with its port; "docker.io" for all names of Docker Hub
    std::string path;  // without slashes at its ends
    Credentials credentials;
  };

  std::vector<Entry> entries_;
  std::vector<CredentialHelper> helpers_;  // server: the host, as in Entry
  std::string store_;
};

}  // namespace registry
