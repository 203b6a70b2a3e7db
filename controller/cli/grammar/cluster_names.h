// ClusterNames reads the names for completion from the cluster and the kubeconfig. It has one owner
// and can be used on any thread.
#pragma once

#include "base/environment.h"
#include "cli/grammar/completion.h"

namespace cli {

class ClusterNames final : public NameSource {
 public:
  // `environment` must outlive the object.
  explicit ClusterNames(const base::EnvironmentVariables& environment)
      : environment_(environment) {}

  Words registries(const ClusterSelection& selection) override;
  Words images(const ClusterSelection& selection) override;
  Words contexts(const ClusterSelection& selection) override;
  Words namespaces(const ClusterSelection& selection) override;

 private:
  const base::EnvironmentVariables& environment_;
};

}  // namespace cli
