// ClusterNames reads the names for completion from the cluster and the kubeconfig. One owner; any
// thread.
#pragma once

#include "base/environment.h"
#include "cli/completion.h"

namespace cli {

class ClusterNames final : public Names {
 public:
  // `environment` must outlive the object.
  explicit ClusterNames(const base::EnvironmentVariables& environment)
      : environment_(environment) {}

  Words registries(const Asked& asked) override;
  Words images(const Asked& asked) override;
  Words contexts(const Asked& asked) override;
  Words namespaces(const Asked& asked) override;

 private:
  const base::EnvironmentVariables& environment_;
};

}  // namespace cli
