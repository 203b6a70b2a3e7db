// Reads the ID token of a kubeconfig's auth-provider "oidc" (OpenID Connect). The functions are
// pure and can be called on any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "kube/config/config.h"
#include "kube/config/kubeconfig_file.h"

namespace kube {

// Reads the ID token of an auth-provider. `where`: "FILE: users[NAME].user.auth-provider", for
// messages. kInvalid: the provider is not "oidc", a field that kubectl requires is missing, or the
// token is not a JWT with an expiry time. An absent or expired token is no error here; see
// check_valid(). Messages contain no value of the configuration except the provider's name.
base::Result<IdToken> id_token_of(const kubeconfig::AuthProvider& provider, std::string where);

// Checks that the token is present and has not expired. kUnauthorized: the message explains how to
// get another token.
base::Result<void> check_valid(const IdToken& token, base::Time now);

}  // namespace kube
