#include "reconcile/pull/probe_pod.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

ProbeTarget a_target() {
  return {"local-registry-operator",
          "worker-1",
          "uid-of-dev",
          32014,
          "7f3a9c0b1d2e4f60",
          {"localregistry.dev/v1alpha1", "LocalRegistryNode", "worker-1", "uid-of-node", {}, {}}};
}

TEST(ProbePod, ThePodIsAsTheApiServerGetsIt) {
  api::RunOncePod pod = build_probe_pod(a_target());
  pod.metadata.name = "lrp-1";
  EXPECT_EQ(api::encode_object(pod),
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"lrp-1",)"
            R"("namespace":"local-registry-operator",)"
            R"("labels":{"app.kubernetes.io/component":"pull-probe",)"
            R"("app.kubernetes.io/managed-by":"local-registry-operator",)"
            R"("localregistry.dev/pull-probe":"7f3a9c0b1d2e4f60"},)"
            R"("annotations":{"localregistry.dev/pull-probe-node":"worker-1",)"
            R"("localregistry.dev/pull-probe-registry":"uid-of-dev"},)"
            R"("ownerReferences":[{"apiVersion":"localregistry.dev/v1alpha1",)"
            R"("kind":"LocalRegistryNode","name":"worker-1","uid":"uid-of-node"}]},)"
            R"("spec":{"containers":[{"name":"probe",)"
            R"("image":"localhost:32014/localregistry-probe:7f3a9c0b1d2e4f60",)"
            R"("imagePullPolicy":"Always","resources":{"limits":{"memory":"32Mi"},)"
            R"("requests":{"cpu":"1m","memory":"8Mi"}},"securityContext":{"runAsNonRoot":true,)"
            R"("readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false,)"
            R"("capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}}}],)"
            R"("enableServiceLinks":false,"automountServiceAccountToken":false,)"
            R"("terminationGracePeriodSeconds":0,"tolerations":[{"operator":"Exists"}],)"
            R"("nodeName":"worker-1","restartPolicy":"Never","activeDeadlineSeconds":300}})");
}

TEST(ProbePod, APairHasOneNameInARoundAndAnotherPairAnother) {
  const std::string name = probe_name(a_target());
  EXPECT_EQ(name.size(), 20U);
  EXPECT_EQ(probe_name(a_target()), name);
  ProbeTarget node = a_target();
  node.node = "worker-2";
  ProbeTarget registry = a_target();
  registry.registry_uid += "2";
  ProbeTarget round = a_target();
  round.round = "0000000000000000";
  for (const ProbeTarget& other : {node, registry, round}) EXPECT_NE(probe_name(other), name);
}

}  // namespace
}  // namespace reconcile
