// In these tests one tenant makes the operator remember as much as possible.
#include "operator/write_histories.h"

#include <gtest/gtest.h>

#include "reconcile/observed.h"
#include "unit/operator/fixture.h"

namespace test {
namespace {

using reconcile::ObjectRole;

constexpr int kResources = 300;  // more than there is room for

class WriteHistoriesTest : public testing::Test {
 protected:
  // Records contests with long paths and field managers over all objects of a resource.
  void fill(const api::ObjectKey& key) {
    for (const ObjectRole role :
         {ObjectRole::kDeployment, ObjectRole::kStatefulSet, ObjectRole::kService, ObjectRole::kPvc,
          ObjectRole::kLocalRegistry}) {
      reconcile::WriteRecord write;
      write.role = role;
      reconcile::ContestRecord record;
      record.role = role;
      for (std::size_t i = 0; i < limits::kContestedFields; ++i) {
        const std::string path = "spec." + std::string(400, 'x') + std::to_string(i);
        write.healed.push_back(path);
        write.overridden.push_back(path);
        record.managers[path] = std::string(128, 'm');
      }
      for (std::size_t i = 0; i < limits::kContestedWrites; ++i) {
        histories.record_write(key, write);
      }
      histories.record_contest(key, record);
    }
  }

  // Returns the bytes of all texts and times, without any overhead.
  std::size_t content_of(const api::ObjectKey& key) {
    std::size_t bytes = 0;
    for (const auto& field : histories.of(key).healed) {
      bytes += field.path.size() + field.times.size() * sizeof(reconcile::Instant);
    }
    for (const auto& contest : histories.of(key).contests) {
      for (const auto& field : contest.fields) bytes += field.path.size() + field.manager.size();
    }
    return bytes;
  }

  support::World world;
  controller::WriteHistories histories{world.clock};
};

TEST_F(WriteHistoriesTest, TheirMemoryIsBounded) {
  std::size_t content = 0;
  for (int i = 0; i < kResources; ++i) fill({"team-a", "dev-" + std::to_string(i)});
  for (int i = 0; i < kResources; ++i)
    content += content_of({"team-a", "dev-" + std::to_string(i)});
  EXPECT_LE(content, limits::kWriteHistoryBytes);
  EXPECT_GE(content, limits::kWriteHistoryBytes / 4) << "the bytes are used";
  EXPECT_LE(histories.bytes(), limits::kWriteHistoryBytes);
  EXPECT_GE(histories.bytes(), content);
  EXPECT_GT(content_of({"team-a", "dev-299"}), 0U) << "the last one is remembered";
  for (int i = 0; i < kResources; ++i) histories.forget({"team-a", "dev-" + std::to_string(i)});
  EXPECT_EQ(histories.bytes(), 0U);
}

TEST_F(WriteHistoriesTest, OneNamespaceDoesNotMakeTheOthersForgotten) {
  histories.record_write({"team-b", "dev"}, {ObjectRole::kService, 1, {"spec.type"}, {}, {}});
  world.run_for(std::chrono::minutes(1));
  for (int i = 0; i < kResources; ++i) fill({"team-a", "dev-" + std::to_string(i)});
  EXPECT_EQ(histories.of({"team-b", "dev"}).healed.size(), 1U);
}

TEST_F(WriteHistoriesTest, TheirNumberIsBounded) {
  for (std::size_t i = 0; i < limits::kWriteHistories + 10; ++i) {
    histories.record_write({"team-" + std::to_string(i), "dev"},
                           {ObjectRole::kService, 1, {"spec.type"}, {}, {}});
  }
  EXPECT_LE(histories.size(), limits::kWriteHistories);
  EXPECT_LE(histories.bytes(), limits::kWriteHistoryBytes);
}

TEST_F(WriteHistoriesTest, AContestThatEndsLeavesItsWritesForAnHourAndThenNothing) {
  const api::ObjectKey key{"team-a", "dev"};
  reconcile::WriteRecord write{ObjectRole::kService, 1, {}, {"spec.type"}, world.clock.now()};
  histories.record_write(key, write);
  EXPECT_EQ(histories.contested(), 1U);
  histories.end_contest(key, ObjectRole::kService);
  EXPECT_EQ(histories.contested(), 0U);
  EXPECT_EQ(histories.of(key).healed.size(), 1U) << "it counts if the contest begins again";
  world.run_for(limits::kContestedWindow + std::chrono::minutes(1));
  histories.record_write(key, {ObjectRole::kDeployment, 2, {}, {}, world.clock.now()});
  EXPECT_EQ(histories.size(), 0U);
  EXPECT_EQ(histories.bytes(), 0U);
}

}  // namespace
}  // namespace test
