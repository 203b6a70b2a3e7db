// Loads kubeconfig files (v1 Config), merged and resolved as kubectl does:
//  * The files are: --kubeconfig alone, else the list in KUBECONFIG (files that do not exist are
//    skipped), else ~/.kube/config.
//  * Of several clusters, users or contexts with the same name, the first wins as a whole. The
//    first current-context that is set wins.
//  * Relative paths are relative to the folder of the kubeconfig file that contains them.
//  * A field whose name ends in -data wins over the field of the same name without -data, which
//    names a file, and tokenFile wins over token. exec is used only when there is no token,
//    password or client certificate.
//  * A server without a scheme is reached by HTTPS when a CA, a client certificate or
//    insecure-skip-tls-verify is given, else by HTTP. No credentials are sent by HTTP.
//  * The ID token of auth-provider "oidc" is sent while it is valid and is not refreshed. Other
//    providers are refused by name, as kubectl does since 1.26.
//
// The functions read the files at each call, cache nothing, and can be called on any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "kube/config/config.h"

namespace kube {

struct KubeconfigChoice {
  std::string file;     // --kubeconfig; empty: KUBECONFIG, else ~/.kube/config
  std::string context;  // --context; empty: current-context
};

// Loads the chosen context. kNotFound: the file does not exist, or no file of the list does.
// kInvalid, kMalformed, kTooLarge: the message names the file and the field, and never repeats a
// value that may be secret.
base::Result<ClientConfig> load_kubeconfig(const KubeconfigChoice& choice,
                                           const EnvironmentVariables& environment);

// Returns the names of all contexts that --context can choose, in the order of the files.
base::Result<std::vector<std::string>> context_names(const std::string& file,
                                                     const EnvironmentVariables& environment);

}  // namespace kube
