// The ID token of a kubeconfig's auth-provider "oidc" (OpenID Connect). Pure; any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "kube/config.h"
#include "kube/kubeconfig_file.h"

namespace kube {

// where: "FILE: users[NAME].user.auth-provider", for messages. kInvalid: another provider; a field
// that kubectl requires is missing; the token is no JWT with an end. An expired token is no error
// here. Messages hold nothing of the configuration's values but the provider's name.
base::Result<IdToken> id_token_of(const kubeconfig::AuthProvider& provider, std::string where);

// kUnauthorized: it has expired; the message says how to get another one.
base::Result<void> check_valid(const IdToken& token, base::Time now);

}  // namespace kube
