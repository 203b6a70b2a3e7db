// These tests fill a store up to its bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <random>

#include "api/core.h"
#include "kube/watch/store.h"

namespace kube {
namespace {

using json::Kept;
using testing::ElementsAre;

// Returns text that LZ4 cannot compress.
std::string noise(std::size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < bytes) text += static_cast<char>('a' + random() % 26);
  return text;
}

std::string service_text(const std::string& team, const std::string& name, int revision,
                         std::size_t bytes) {
  return R"({"metadata":{"namespace":")" + team + R"(","name":")" + name + R"(","uid":"u-)" + team +
         name + R"(","resourceVersion":")" + std::to_string(revision) +
         R"(","finalizers":["a/b"],"labels":{"app":"x"}},"spec":{"selector":{"x":")" +
         noise(bytes, static_cast<unsigned>(revision)) + R"("}}})";
}

class FullStore : public testing::Test {
 protected:
  void put(const std::string& team, const std::string& name, std::size_t bytes) {
    const auto document = json::Document::parse(service_text(team, name, ++revision, bytes));
    ASSERT_TRUE(document);
    ASSERT_TRUE(store.core().put(0, document->root()));
  }
  void put_metadata(const std::string& team, const std::string& name, std::size_t bytes) {
    const auto document = json::Document::parse(
        R"({"metadata":{"namespace":")" + team + R"(","name":")" + name + R"(","uid":"u-)" + team +
        name + R"(","resourceVersion":"1","annotations":{"localregistry.dev/a":")" +
        noise(bytes, static_cast<unsigned>(++revision)) + R"("}}})");
    ASSERT_TRUE(document);
    ASSERT_TRUE(store.core().put(0, document->root()));
  }
  void erase(const std::string& team, const std::string& name) {
    const auto document = json::Document::parse(service_text(team, name, ++revision, 1));
    ASSERT_TRUE(store.core().erase(0, document->root()));
  }
  std::string kept(const std::string& team, const std::string& name) {
    const auto service = store.get({team, name});
    if (!service) return "none";
    EXPECT_EQ(service->metadata.uid, "u-" + team + name);
    EXPECT_THAT(service->metadata.finalizers, ElementsAre("a/b"));
    const bool whole = service->metadata.kept == Kept::kWhole;
    EXPECT_EQ(whole, !service->spec.selector.empty());
    return whole ? "whole" : service->metadata.kept == Kept::kNoRoom ? "metadata" : "part";
  }
  // Puts as many objects of 20 kB as one namespace has room for, and more.
  void flood(const std::string& team, int count = 1000) {
    for (int i = 0; i < count; ++i) put(team, std::to_string(i), 20000);
  }

  Store<api::Service> store;
  int revision = 0;
};

TEST_F(FullStore, HoldsNoMoreThanItsBytes) {
  for (int team = 0; team < 20; ++team) flood("team" + std::to_string(team), 200);
  EXPECT_LE(store.bytes(), limits::kChildCacheBytes);
  EXPECT_GT(store.reduced(), 0U);
}

TEST_F(FullStore, HoldsNoMoreThanItsBytesOfManySmallObjects) {
  for (int i = 0; i < 60000; ++i) put("team", std::to_string(i), 1);
  EXPECT_LE(store.bytes(), limits::kChildCacheBytes);
  EXPECT_GT(store.dropped(), 0U);
}

TEST_F(FullStore, OneNamespaceLeavesRoomForOthers) {
  flood("hostile");
  for (int i = 0; i < 100; ++i) put("team" + std::to_string(i), "registry", 2000);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(kept("team" + std::to_string(i), "registry"), "whole") << i;
  }
  EXPECT_EQ(kept("hostile", "0"), "whole");
  EXPECT_EQ(kept("hostile", "999"), "metadata");
}

// Such an annotation is kept with the metadata of an object that finds no room.
TEST_F(FullStore, OneNamespaceLeavesRoomForOthersWhenItsMetadataIsLarge) {
  for (int list = 0; list < 3; ++list) {
    store.core().begin_relist(0);
    for (int i = 0; i < 500; ++i) put_metadata("hostile", std::to_string(i), 15000);
    for (int i = 0; i < 100; ++i) put("team" + std::to_string(i), "registry", 2000);
    store.core().end_relist(0, static_cast<std::uint64_t>(++revision));
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(kept("team" + std::to_string(i), "registry"), "whole") << i;
    }
    EXPECT_FALSE(store.core().wants_relist()) << "another list would drop the same objects";
  }
  for (int i = 0; i < 500; ++i) erase("hostile", std::to_string(i));
  EXPECT_TRUE(store.core().wants_relist());
}

TEST_F(FullStore, SoDoesItInAListThatReplacesTheOneBefore) {
  flood("hostile");
  put("team", "registry", 2000);
  for (int list = 0; list < 3; ++list) {
    store.core().begin_relist(0);
    flood("hostile");
    put("team", "registry", 2000);
    EXPECT_LE(store.bytes(), limits::kChildCacheBytes);
    store.core().end_relist(0, static_cast<std::uint64_t>(++revision));
    EXPECT_EQ(kept("team", "registry"), "whole") << list;
    EXPECT_EQ(store.size(), 1001U);
  }
}

TEST_F(FullStore, AnObjectThatFoundNoRoomIsWantedOnceThereIs) {
  flood("hostile");
  EXPECT_EQ(kept("hostile", "999"), "metadata");
  EXPECT_FALSE(store.core().wants_relist());
  for (int i = 0; i < 900; ++i) erase("hostile", std::to_string(i));
  EXPECT_TRUE(store.core().wants_relist());
  store.core().begin_relist(0);
  for (int i = 900; i < 1000; ++i) put("hostile", std::to_string(i), 20000);
  store.core().end_relist(0, static_cast<std::uint64_t>(++revision));
  EXPECT_EQ(kept("hostile", "999"), "whole");
  EXPECT_FALSE(store.core().wants_relist());
  EXPECT_EQ(store.reduced(), 0U);
}

TEST_F(FullStore, AnObjectThatIsThereMayChangeButNotGrow) {
  flood("hostile");
  put("hostile", "0", 19000);
  EXPECT_EQ(kept("hostile", "0"), "whole");
  put("hostile", "0", 30000);
  EXPECT_EQ(kept("hostile", "0"), "metadata");
}

TEST_F(FullStore, OwnWritesObeyTheBoundsToo) {
  flood("hostile");
  for (int i = 0; i < 200; ++i) {
    store.record_written(*json::parse<api::Service>(
        service_text("hostile", "w" + std::to_string(i), ++revision, 20000)));
  }
  EXPECT_LE(store.bytes(), limits::kChildCacheBytes);
  EXPECT_EQ(kept("hostile", "w199"), "metadata");
}

#ifndef __SANITIZE_ADDRESS__  // mallinfo2 does not count its heap
TEST_F(FullStore, BytesAreThoseOfTheMemory) {
  const auto before = ::mallinfo2().uordblks;
  std::vector<int> sizes = {1, 100, 5000, 20000};
  for (int i = 0; i < 400; ++i) {
    put("team", std::to_string(i),
        static_cast<std::size_t>(sizes[static_cast<std::size_t>(i) % 4]));
  }
  const auto used = static_cast<double>(::mallinfo2().uordblks - before);
  EXPECT_NEAR(used / static_cast<double>(store.bytes()), 1.0, 0.35);
}
#endif

TEST_F(FullStore, ManyObjectsOfOneKeyAreVisitedOneByOne) {
  const auto all = store.add_index([](const api::Service&) { return std::string("all"); });
  for (int i = 0; i < 5000; ++i) put("team", std::to_string(i), 1);
  EXPECT_EQ(store.by_index(all, "all").size(), limits::kObjectsOfIndex);
  EXPECT_EQ(store.by_index(all, "all", 7).size(), 7U);
  EXPECT_EQ(store.candidates(all, "all").size(), 5000U);
}

}  // namespace
}  // namespace kube
