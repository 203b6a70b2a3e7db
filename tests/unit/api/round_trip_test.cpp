#include <gtest/gtest.h>

#include "api/apps.h"
#include "api/coordination.h"
#include "api/core.h"
#include "api/local_registry.h"

namespace {

// Decodes an object with these members and expects that encoding gives the same bytes: the field
// table reads and writes every field under its name in the API.
template <class T>
T round_trip(const std::string& members) {
  const api::ResourceType type = api::Resource<T>::kType;
  const std::string text = "{\"apiVersion\":\"" + api::api_version(type) + "\",\"kind\":\"" +
                           std::string(type.kind) + "\"," + members + "}";
  const auto object = json::parse<T>(text);
  EXPECT_TRUE(object) << to_string(object.error());
  if (!object) return T();
  EXPECT_EQ(api::encode_object(*object), text);
  const auto again = json::parse<T>(api::encode_object(*object));
  EXPECT_EQ(*again, *object);
  EXPECT_EQ(json::difference(*object, *again), std::nullopt);
  return *object;
}

const std::string kMeta =
    R"("metadata":{"name":"registry","namespace":"team-a","uid":"u-1","resourceVersion":"42",)"
    R"("generation":3,"creationTimestamp":"2026-01-31T12:00:00Z",)"
    R"("deletionTimestamp":"2026-01-31T12:00:01Z","labels":{"a":"b"},"annotations":{"c/d":"e"},)"
    R"("finalizers":["f/g"],"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"o","uid":"u",)"
    R"("controller":true,"blockOwnerDeletion":false}]})";

const std::string kCondition =
    R"({"type":"Ready","status":"False","reason":"R","message":"m","observedGeneration":2,)"
    R"("lastTransitionTime":"2026-01-31T12:00:00Z"})";

const std::string kResources = R"({"limits":{"cpu":"500m"},"requests":{"memory":"1Gi"}})";

const std::string kContainer =
    R"({"name":"registry","image":"registry:2.8.1","imagePullPolicy":"IfNotPresent",)"
    R"("command":["a"],"args":["b"],"env":[{"name":"E","value":"v"}],)"
    R"("ports":[{"name":"registry","protocol":"TCP","containerPort":5000}],"resources":)" +
    kResources +
    R"(,"volumeMounts":[{"name":"data","mountPath":"/data"}],)"
    R"("livenessProbe":{"httpGet":{"path":"/v2/","port":"registry","scheme":"HTTP"},)"
    R"("initialDelaySeconds":1,"timeoutSeconds":2,"periodSeconds":3,"successThreshold":4,)"
    R"("failureThreshold":5},"readinessProbe":{"exec":{"command":["x"]}},)"
    R"("securityContext":{"runAsNonRoot":true,"runAsUser":1000,"runAsGroup":1000,)"
    R"("readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false,"privileged":false,)"
    R"("capabilities":{"drop":["ALL"],"add":["X"]},"seccompProfile":{"type":"RuntimeDefault"},)"
    R"("appArmorProfile":{"type":"Unconfined"}}})";

const std::string kTemplate =
    R"("template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[)" + kContainer +
    R"(],"volumes":[{"name":"tmp","emptyDir":{}},{"name":"cache","emptyDir":{"sizeLimit":"1Gi"}},)"
    R"({"name":"data","persistentVolumeClaim":{"claimName":"registry"}}],)"
    R"("imagePullSecrets":[{"name":"s"}],"securityContext":{"runAsNonRoot":true,"runAsUser":1000,)"
    R"("runAsGroup":1000,"fsGroup":0,"fsGroupChangePolicy":"OnRootMismatch",)"
    R"("seccompProfile":{"type":"RuntimeDefault"}},"enableServiceLinks":false,)"
    R"("automountServiceAccountToken":false,"terminationGracePeriodSeconds":0,)"
    R"("nodeSelector":{"n":"s"},"tolerations":[{"key":"k","operator":"Equal","value":"v",)"
    R"("effect":"NoExecute","tolerationSeconds":0}],"affinity":{"nodeAffinity":{}}}})";

const std::string kWorkloadStatus =
    R"("status":{"observedGeneration":3,"replicas":1,"updatedReplicas":1,"readyReplicas":1,)"
    R"("availableReplicas":1,"conditions":[)" +
    kCondition + "]}";

TEST(RoundTrip, ADeploymentKeepsItsFields) {
  const auto deployment =
      round_trip<api::Deployment>(kMeta +
                                  R"(,"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},)"
                                  R"("strategy":{"type":"Recreate"},"revisionHistoryLimit":0,)" +
                                  kTemplate + "}," + kWorkloadStatus);
  EXPECT_EQ(deployment.spec.replicas, 0);
  const auto& container = deployment.spec.pod_template.spec.containers.at(0);
  EXPECT_EQ(container.liveness_probe->http_get->port.text, "registry");
  EXPECT_EQ(container.security_context->run_as_user, 1000);
}

TEST(RoundTrip, AStatefulSetKeepsItsFields) {
  round_trip<api::StatefulSet>(kMeta +
                               R"(,"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},)"
                               R"("serviceName":"registry","revisionHistoryLimit":1,)" +
                               kTemplate + "}," + kWorkloadStatus);
}

TEST(RoundTrip, AServiceKeepsItsFields) {
  const auto service = round_trip<api::Service>(
      kMeta + R"(,"spec":{"type":"NodePort","selector":{"a":"b"},"ports":[{"name":"registry",)"
              R"("protocol":"TCP","port":5000,"targetPort":5000,"nodePort":31000}],)"
              R"("clusterIP":"10.96.0.10","publishNotReadyAddresses":true})");
  EXPECT_EQ(service.spec.ports.at(0).node_port, 31000);
}

TEST(RoundTrip, APersistentVolumeClaimKeepsItsFields) {
  const auto claim = round_trip<api::PersistentVolumeClaim>(
      kMeta +
      R"(,"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"5Gi"}},)"
      R"("storageClassName":""},"status":{"phase":"Bound","capacity":{"storage":"5Gi"},)"
      R"("conditions":[)" +
      kCondition + "]}");
  EXPECT_EQ(claim.spec.storage_class_name, "");
}

TEST(RoundTrip, APodKeepsWhatExplainsItsState) {
  const auto pod = round_trip<api::Pod>(
      kMeta + R"(,"status":{"phase":"Pending","conditions":[)" + kCondition +
      R"(],"containerStatuses":[{"name":"registry","ready":true,"restartCount":2,)"
      R"("state":{"waiting":{"reason":"ImagePullBackOff","message":"m"}}}]})");
  EXPECT_EQ(pod.status.container_statuses.at(0).state.waiting->reason, "ImagePullBackOff");
}

TEST(RoundTrip, ANamespaceAndANodeKeepTheirFields) {
  round_trip<api::Namespace>(kMeta);
  round_trip<api::Node>(kMeta + R"(,"spec":{"providerID":"kind://docker/kind/control-plane"})");
}

TEST(RoundTrip, ALeaseKeepsItsMicroseconds) {
  round_trip<api::Lease>(
      kMeta +
      R"(,"spec":{"holderIdentity":"","leaseDurationSeconds":15,)"
      R"("acquireTime":"2026-01-31T12:00:00.000001Z","renewTime":"2026-01-31T12:00:01.500000Z",)"
      R"("leaseTransitions":0})");
}

TEST(RoundTrip, AnEventKeepsItsFields) {
  round_trip<api::Event>(
      kMeta + R"(,"eventTime":"2026-01-31T12:00:00.000001Z","series":{"count":2,)"
              R"("lastObservedTime":"2026-01-31T12:00:01.000000Z"},"reportingController":"c",)"
              R"("reportingInstance":"i","action":"Heal","reason":"Healed","regarding":{)"
              R"("apiVersion":"apps/v1","kind":"Deployment","namespace":"n","name":"r","uid":"u",)"
              R"("resourceVersion":"7"},"note":"text","type":"Normal")");
}

TEST(RoundTrip, ALocalRegistryKeepsItsFields) {
  round_trip<api::LocalRegistry>(
      kMeta +
      R"(,"spec":{"enabled":false,"localbuild":true,"namespace":"other","name":"reg",)"
      R"("image":"registry:3","buildKitImage":"b","port":5001,"nodePort":31001,)"
      R"("persistence":{"enabled":true,"size":"10Gi","storageClassName":"",)"
      R"("whenDeleted":"Delete"},"imagePullSecrets":[{"name":"s"}],"resources":)" +
      kResources + R"(,"buildKitResources":)" + kResources +
      R"(,"nodeSelector":{"n":"s"},"tolerations":[{"key":"k"}],)"
      R"("affinity":{"nodeAffinity":{"x":[1]}},"suspend":true},)"
      R"("status":{"observedGeneration":3,"delivery":"KindLoad","nodePort":31001,)"
      R"("url":"localhost:31001","clusterURL":"reg.other.svc:5001",)"
      R"("workload":"StatefulSet/reg","volumeClaim":"reg","conditions":[)" +
      kCondition + "]}");
}

TEST(Difference, AServerThatWritesAQuantityInAnotherWayMakesNone) {
  api::ResourceRequirements wanted;
  wanted.limits["memory"].text = "1024Mi";
  api::ResourceRequirements actual;
  actual.limits["memory"].text = "1Gi";
  actual.limits["cpu"].text = "1";
  EXPECT_FALSE(json::difference(wanted, actual));
  actual.limits["memory"].text = "2Gi";
  EXPECT_EQ(json::difference(wanted, actual), "limits[memory]");
}

TEST(Difference, DefaultsOfTheServerMakeNone) {
  const auto actual = json::parse<api::Container>(kContainer);
  auto wanted = json::parse<api::Container>(
      R"({"name":"registry","ports":[{"containerPort":5000}],)"
      R"("livenessProbe":{"httpGet":{"path":"/v2/","port":"registry"}}})");
  ASSERT_TRUE(wanted && actual);
  EXPECT_FALSE(json::difference(*wanted, *actual));
  wanted->ports[0].container_port = 5001;
  EXPECT_EQ(json::difference(*wanted, *actual), "ports[5001]");
}

}  // namespace
