// kubeconfig files (v1 Config), merged and resolved as kubectl does:
//  * --kubeconfig alone, else the list in KUBECONFIG (files that do not exist are skipped), else
//    ~/.kube/config.
//  * Of clusters, users and contexts with one name the first wins as a whole; current-context is
//    the first that is set.
//  * Relative paths are relative to the folder of the file they stand in.
//  * *-data wins over the file, tokenFile over token; exec counts only without token, password and
//    certificate.
//  * A server without scheme is reached by HTTPS when a CA, a client certificate or
//    insecure-skip-tls-verify is given, else by HTTP. By HTTP no credentials are sent.
//  * auth-provider "oidc": its ID token is sent while it is valid. It is not refreshed. Other
//    providers are refused by name, as kubectl does since 1.26.
//
// Reads files when called; nothing is kept. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "kube/config.h"

namespace kube {

struct KubeconfigChoice {
  std::string file;     // --kubeconfig; empty: KUBECONFIG, else ~/.kube/config
  std::string context;  // --context; empty: current-context
};

// kNotFound: there is no such file, or none at all. kInvalid, kMalformed, kTooLarge: the message
// names the file and the field, and never repeats a value that may be secret.
base::Result<ClientConfig> load_kubeconfig(const KubeconfigChoice& choice,
                                           const EnvironmentVariables& environment);

// The names of all contexts that --context could choose, in the order of the files.
base::Result<std::vector<std::string>> context_names(const std::string& file,
                                                     const EnvironmentVariables& environment);

}  // namespace kube
