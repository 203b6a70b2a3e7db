#include "reconcile/children/node_port.h"

#include <gtest/gtest.h>

#include "reconcile/plan.h"
#include "reconcile/status/reasons.h"
#include "unit/reconcile/world.h"

namespace test {
namespace {

using reconcile::NodePortChoice;
using reconcile::refused_node_port;

class NodePort : public testing::Test {
 protected:
  void set(int pinned, int in_status, int in_service) {
    api::LocalRegistry registry = a_registry();
    registry.spec.node_port = pinned;
    registry.status.node_port = in_status;
    world.registry = std::make_shared<const api::LocalRegistry>(registry);
    if (in_service == 0) return;
    auto& service = world.all<api::Service>()[world.target_key()].object;
    service.metadata.labels = {{"localregistry.dev/owner-uid", "uid-dev"}};
    service.spec.ports = {{"registry", "TCP", 5000, {}, in_service}};
  }

  void refuse(int port) {
    world.failures.push_back({ObjectRole::kService, {base::ErrorCode::kInvalid, "taken"}, port});
  }

  int port() const {
    const NodePortChoice choice = reconcile::choose_node_port(world.observe());
    return choice.possible ? choice.port : -1;
  }

  World world{a_registry()};
};

TEST_F(NodePort, WithoutAnyTheControlPlaneAssignsOne) {
  set(0, 0, 0);
  EXPECT_EQ(port(), 0);
}

TEST_F(NodePort, ThePinnedPortComesFirst) {
  set(31000, 30001, 30002);
  EXPECT_EQ(port(), 31000);
}

TEST_F(NodePort, ThePortOfTheStatusComesBeforeThatOfTheService) {
  set(0, 30001, 30002);
  EXPECT_EQ(port(), 30001);
}

TEST_F(NodePort, ThePortOfTheServiceIsKeptWhenNoStatusRemembersIt) {
  set(0, 0, 30002);
  EXPECT_EQ(port(), 30002);
}

// Waiting for a node port costs several requests. If the operator waited for a port that stays
// taken, each retry of the reconcile would cost them again.
TEST_F(NodePort, OnlyAPortThatIsNewOrWasOursIsWorthWaitingForAMoment) {
  struct {
    std::int64_t observed_generation;
    int told;
    bool waits;
  } const cases[] = {{1, 0, true}, {2, 0, false}, {2, 31000, true}, {2, 30001, false}};
  for (const auto& [observed_generation, told, waits] : cases) {
    api::LocalRegistry registry = a_registry();
    registry.metadata.generation = 2;
    registry.spec.node_port = 31000;
    registry.status.observed_generation = observed_generation;
    registry.status.node_port = told;
    world.live = true;
    world.registry = std::make_shared<const api::LocalRegistry>(registry);
    bool found = false;
    for (const reconcile::Action& action : reconcile::plan(world.observe()).actions) {
      const auto* apply = std::get_if<reconcile::Apply<api::Service>>(&action);
      if (apply == nullptr) continue;
      found = true;
      EXPECT_EQ(apply->port_may_be_released_soon, waits)
          << observed_generation << ", told " << told;
    }
    EXPECT_TRUE(found);
  }
}

TEST_F(NodePort, EachRefusedPortGivesWayToTheNext) {
  set(31000, 30001, 30002);
  refuse(31000);
  EXPECT_EQ(port(), 30001);
  refuse(30001);
  EXPECT_EQ(port(), 30002);
}

TEST_F(NodePort, ARefusedPortOfTheStatusGivesWayToANewOne) {
  set(0, 30001, 0);
  refuse(30001);
  EXPECT_EQ(port(), 0);
}

TEST_F(NodePort, ARefusedPortOfTheServiceGivesWayToANewOne) {
  set(0, 0, 30002);
  refuse(30002);
  EXPECT_EQ(port(), 0);
}

TEST_F(NodePort, ARefusedPinWithoutAServiceGivesNothing) {
  set(31000, 0, 0);
  refuse(31000);
  EXPECT_EQ(port(), -1);
}

TEST_F(NodePort, AForeignServiceHasNoPortOfOurs) {
  set(0, 0, 30002);
  world.all<api::Service>().begin()->second.object.metadata.labels.clear();
  EXPECT_EQ(port(), 0);
}

TEST_F(NodePort, ThePortOfAServiceIsKnownByItsName) {
  api::Service service;
  EXPECT_EQ(reconcile::node_port_of(service), 0);
  service.spec.ports = {{"other", "TCP", 5000, {}, 30001}, {"registry", "TCP", 1, {}, 30002}};
  EXPECT_EQ(reconcile::node_port_of(service), 30002);
}

TEST_F(NodePort, OnlyAnErrorAboutTheNodePortRefusesIt) {
  const base::FieldCause cause = {"spec.ports[0].nodePort", "FieldValueInvalid", "taken"};
  EXPECT_EQ(refused_node_port({base::ErrorCode::kInvalid, "", {cause}}, 30001), 30001);
  EXPECT_EQ(refused_node_port({base::ErrorCode::kInvalid, "", {cause}}, 0), 0);
  EXPECT_EQ(refused_node_port({base::ErrorCode::kForbidden, "", {cause}}, 30001), 0);
  EXPECT_EQ(refused_node_port({base::ErrorCode::kInvalid, "nodePort", {}}, 30001), 0);
  EXPECT_EQ(refused_node_port({base::ErrorCode::kInvalid, "", {{"spec.type", "", ""}}}, 30001), 0);
}

}  // namespace
}  // namespace test
