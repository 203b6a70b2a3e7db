#include "kube/watch/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>

#include "api/core.h"

namespace kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Version {
  std::string name;
  std::uint64_t revision;
  std::string uid = "uid-1";
  std::string label = "x";
  bool deleting = false;
  std::string namespace_name = "team";
};

std::string json_of(const Version& version) {
  std::string text = R"({"metadata":{"namespace":")" + version.namespace_name + R"(","name":")" +
                     version.name + R"(","uid":")" + version.uid + R"(","resourceVersion":")" +
                     std::to_string(version.revision) + R"(","labels":{"owner":")" + version.label +
                     R"("})";
  if (version.deleting) text += R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")";
  return text + "}}";
}

api::Service service_of(const Version& version) {
  return *json::parse<api::Service>(json_of(version));
}

std::string owner_of(const api::Service& service) {
  return std::string(api::lookup(service.metadata.labels, "owner"));
}

// StoreTest has a store of Services with an index by label, and records its changes: "a: - > 5".
class StoreTest : public testing::Test {
 protected:
  explicit StoreTest(std::vector<Scope> scopes = {Scope{}}) : store(std::move(scopes)) {
    owners = store.add_index(owner_of);
    store.on_change([this](const api::Service* before, const api::Service* after) {
      const std::string& name = (before != nullptr ? before : after)->metadata.name;
      told.push_back(name + ": " + text(before) + " > " + text(after));
    });
  }

  template <class Pointer>
  static std::string text(const Pointer& service) {
    return service == nullptr ? "-" : service->metadata.resource_version;
  }

  bool put(const Version& version) { return put_text(json_of(version)); }
  bool put_text(const std::string& object) {
    const auto document = json::Document::parse(object);
    return static_cast<bool>(store.core().put(0, document->root()));
  }
  void erase(const Version& version) {
    const auto document = json::Document::parse(json_of(version));
    EXPECT_TRUE(store.core().erase(0, document->root()));
  }
  void relist(std::uint64_t revision, const std::vector<Version>& objects) {
    store.core().begin_relist(0);
    for (const Version& version : objects) EXPECT_TRUE(put(version));
    store.core().end_relist(0, revision);
  }
  void bookmark(std::uint64_t revision) { store.core().progress(0, revision); }
  void record_deleted(const std::string& name, const std::string& uid, std::uint64_t revision) {
    store.record_deleted({"team", name}, uid, std::to_string(revision));
  }

  // Returns the resourceVersion that readers see; "-" for none.
  std::string seen(const std::string& name) { return text(store.get({"team", name})); }
  std::vector<std::string> seen_by_owner(const std::string& label) {
    std::vector<std::string> names;
    for (const auto& service : store.by_index(owners, label)) {
      names.push_back(service->metadata.name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<std::string> take_told() { return std::exchange(told, {}); }

  Store<api::Service> store;
  Store<api::Service>::Index owners{};
  std::vector<std::string> told;
};

TEST_F(StoreTest, ShowsWhatTheWatchPutsIn) {
  relist(10, {{"a", 5}, {"b", 7}});
  EXPECT_EQ(seen("a"), "5");
  EXPECT_EQ(seen("b"), "7");
  EXPECT_EQ(seen("c"), "-");
  EXPECT_EQ(store.size(), 2U);
  EXPECT_EQ(store.revision({"team", "a"}), 10U);
  EXPECT_THAT(take_told(), UnorderedElementsAre("a: - > 5", "b: - > 7"));
}

TEST_F(StoreTest, BeforeTheFirstListNothingIsKnown) {
  EXPECT_EQ(store.revision({"team", "a"}), 0U);
  put({"a", 5});
  EXPECT_EQ(seen("a"), "5") << "outside of a list each event is seen at once";
}

TEST_F(StoreTest, GivesAllThatIsSeen) {
  relist(10, {{"a", 5}, {"b", 7}});
  store.record_written(service_of({"c", 11}));
  std::vector<std::string> names;
  store.each([&](const auto& service) { names.push_back(service->metadata.name); });
  EXPECT_THAT(names, UnorderedElementsAre("a", "b", "c"));
}

TEST_F(StoreTest, TellsThousandsOfObjectsApart) {
  std::vector<Version> versions;
  for (int i = 0; i < 3000; ++i) {
    const std::string number = std::to_string(i);
    Version version{i % 2 == 0 ? "a" + number : "a", static_cast<std::uint64_t>(i + 1)};
    if (i % 2 == 1) version.namespace_name += number;
    versions.push_back(version);
  }
  relist(5000, versions);
  EXPECT_EQ(store.size(), 3000U);
  for (const Version& version : versions) {
    EXPECT_EQ(text(store.get({version.namespace_name, version.name})),
              std::to_string(version.revision));
    EXPECT_EQ(store.get({version.namespace_name, version.name + "x"}), nullptr);
    EXPECT_EQ(store.get({version.namespace_name + "x", version.name}), nullptr);
  }
}

TEST_F(StoreTest, CandidatesHaveTheDigestOfTheObjectAsItIsNow) {
  const auto by_name =
      store.add_index([](const api::Service& service) { return service.metadata.name; },
                      [](const api::Service& service) {
                        return kube::revision_of(service.metadata.resource_version);
                      });
  relist(10, {{"a", 5, "uid-a", "x"}, {"b", 7, "uid-b", "x"}});
  relist(12, {{"a", 11, "uid-a", "x"}});
  const auto found = store.candidates(by_name, "a");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].digest, 11U);
  EXPECT_EQ(found[0].key().name, "a");
  EXPECT_TRUE(found[0].entry.has_uid("uid-a"));
  EXPECT_TRUE(store.candidates(by_name, "b").empty());
  EXPECT_EQ(store.candidates(owners, "x").size(), 1U);
}

TEST_F(StoreTest, EachIndexHasKeysOfItsOwn) {
  const auto by_name =
      store.add_index([](const api::Service& service) { return service.metadata.name; });
  relist(10, {{"a", 5, "uid-a", "x"}, {"b", 7, "uid-b", "x"}});
  EXPECT_EQ(store.by_index(owners, "x").size(), 2U);
  ASSERT_EQ(store.by_index(by_name, "b").size(), 1U);
  EXPECT_EQ(store.by_index(by_name, "b").front()->metadata.uid, "uid-b");
  EXPECT_TRUE(store.by_index(by_name, "x").empty());
}

TEST_F(StoreTest, ABookmarkWithinARelistIsNotBelieved) {
  relist(10, {{"a", 5}});
  store.record_written(service_of({"a", 15}));
  store.core().begin_relist(0);
  bookmark(20);
  EXPECT_EQ(store.revision({"team", "a"}), 10U);
  EXPECT_EQ(seen("a"), "15");
}

TEST_F(StoreTest, AnObjectOfTheSameVersionButAnotherUidIsAnother) {
  relist(10, {{"a", 5}});
  relist(8, {{"a", 5, "uid-2"}});
  EXPECT_EQ(store.get({"team", "a"})->metadata.uid, "uid-2") << "of another etcd";
}

TEST_F(StoreTest, NothingOfARelistIsSeenBeforeItsEnd) {
  relist(10, {{"a", 5}, {"b", 7}});
  take_told();
  store.core().begin_relist(0);
  put({"a", 15});
  put({"c", 16});
  EXPECT_EQ(seen("a"), "5");
  EXPECT_EQ(seen("b"), "7");
  EXPECT_EQ(seen("c"), "-");
  EXPECT_THAT(take_told(), IsEmpty());
  store.core().end_relist(0, 20);
  EXPECT_EQ(seen("a"), "15");
  EXPECT_EQ(seen("b"), "-");
  EXPECT_EQ(seen("c"), "16");
  EXPECT_THAT(take_told(), UnorderedElementsAre("a: 5 > 15", "b: 7 > -", "c: - > 16"));
}

TEST_F(StoreTest, ARelistTellsOfChangesOnlyWhenAllAreMade) {
  relist(10, {{"a", 5}, {"b", 7}});
  std::vector<std::string> seen_while_told;
  store.on_change([&](const api::Service*, const api::Service*) {
    seen_while_told.push_back(seen("a") + seen("b"));
  });
  relist(20, {{"a", 15}, {"b", 17}});
  EXPECT_THAT(seen_while_told, ElementsAre("1517", "1517"));
}

TEST_F(StoreTest, ARelistKeepsTheObjectsThatDidNotChange) {
  relist(10, {{"a", 5}, {"b", 7}});
  const auto held = store.get({"team", "a"});
  take_told();
  relist(20, {{"a", 5}, {"b", 17}});
  EXPECT_EQ(*store.get({"team", "a"}), *held);
  EXPECT_THAT(take_told(), ElementsAre("b: 7 > 17"));
}

TEST_F(StoreTest, ABrokenRelistLeavesNoTrace) {
  relist(10, {{"a", 5}});
  store.core().begin_relist(0);
  put({"b", 15});
  relist(20, {{"a", 5}, {"c", 16}});
  EXPECT_EQ(seen("b"), "-");
  EXPECT_EQ(seen("c"), "16");
}

TEST_F(StoreTest, EventsWithinARelistCountToo) {
  store.core().begin_relist(0);
  put({"a", 5});
  put({"b", 6});
  put({"a", 7});
  erase({"b", 8});
  store.core().end_relist(0, 9);
  EXPECT_EQ(seen("a"), "7");
  EXPECT_EQ(seen("b"), "-");
  EXPECT_THAT(take_told(), ElementsAre("a: - > 7"));
}

TEST_F(StoreTest, EventsMoveTheRevision) {
  relist(10, {});
  put({"a", 11});
  EXPECT_EQ(store.revision({"team", "a"}), 11U);
  erase({"a", 12});
  EXPECT_EQ(store.revision({"team", "a"}), 12U);
  bookmark(15);
  EXPECT_EQ(store.revision({"team", "a"}), 15U);
  EXPECT_THAT(take_told(), ElementsAre("a: - > 11", "a: 11 > -"));
}

TEST_F(StoreTest, AnObjectThatIsHeldDoesNotChange) {
  relist(10, {{"a", 5}});
  const auto held = store.get({"team", "a"});
  put({"a", 11});
  erase({"a", 12});
  EXPECT_EQ(held->metadata.resource_version, "5");
}

TEST_F(StoreTest, TheIndexFollowsTheObjects) {
  relist(10, {{"a", 5, "uid-a", "x"}, {"b", 6, "uid-b", "x"}, {"c", 7, "uid-c", "y"}});
  EXPECT_THAT(seen_by_owner("x"), ElementsAre("a", "b"));
  EXPECT_THAT(seen_by_owner("y"), ElementsAre("c"));
  put({"a", 11, "uid-a", "y"});
  erase({"b", 12, "uid-b", "x"});
  EXPECT_THAT(seen_by_owner("x"), IsEmpty());
  EXPECT_THAT(seen_by_owner("y"), ElementsAre("a", "c"));
  relist(20, {{"b", 15, "uid-d", "x"}, {"c", 7, "uid-c", "y"}});
  EXPECT_THAT(seen_by_owner("x"), ElementsAre("b"));
  EXPECT_THAT(seen_by_owner("y"), ElementsAre("c"));
}

TEST_F(StoreTest, AnObjectWithoutAnIndexKeyIsInTheStoreButNotInTheIndex) {
  relist(10, {{"a", 5, "uid-a", ""}});
  EXPECT_EQ(seen("a"), "5");
  EXPECT_THAT(seen_by_owner(""), IsEmpty());
}

TEST_F(StoreTest, TheIndexSeesOwnWrites) {
  relist(10, {{"a", 5, "uid-a", "x"}});
  store.record_written(service_of({"b", 11, "uid-b", "x"}));
  record_deleted("a", "uid-a", 5);
  EXPECT_THAT(seen_by_owner("x"), ElementsAre("b"));
}

// Objects that cannot be decoded

TEST_F(StoreTest, AMalformedObjectLeavesTheOneThatWasReadable) {
  relist(10, {{"a", 5}});
  take_told();
  EXPECT_FALSE(put_text(R"({"metadata":{"namespace":"team","name":"a","uid":"uid-1",
                            "resourceVersion":"11","labels":7}})"));
  EXPECT_EQ(seen("a"), "5");
  EXPECT_EQ(store.revision({"team", "a"}), 11U);
  EXPECT_THAT(take_told(), IsEmpty());
}

TEST_F(StoreTest, AMalformedObjectInARelistLeavesTheOneThatWasReadable) {
  relist(10, {{"a", 5}});
  store.core().begin_relist(0);
  EXPECT_FALSE(put_text(R"({"metadata":{"namespace":"team","name":"a","uid":"uid-1",
                            "resourceVersion":"11","labels":7}})"));
  EXPECT_FALSE(put_text(R"({"metadata":{"namespace":"team","name":"b","uid":"uid-2",
                            "resourceVersion":"12","labels":7}})"));
  store.core().end_relist(0, 20);
  EXPECT_EQ(seen("a"), "5");
  EXPECT_EQ(seen("b"), "-");
}

TEST_F(StoreTest, WhatHasNoNameOrNoVersionIsNoObject) {
  relist(10, {});
  for (const char* text : {"{}", "7", R"({"metadata":{}})", R"({"metadata":{"name":"a"}})",
                           R"({"metadata":{"name":"a","resourceVersion":"x"}})",
                           R"({"metadata":{"resourceVersion":"5"}})",
                           R"({"metadata":{"name":7,"resourceVersion":"1"}})"}) {
    EXPECT_FALSE(put_text(text)) << text;
    const auto document = json::Document::parse(text);
    EXPECT_FALSE(store.core().erase(0, document->root())) << text;
  }
  EXPECT_EQ(store.size(), 0U);
}

// Pending writes

TEST_F(StoreTest, AWrittenObjectIsSeenBeforeItsEvent) {
  relist(10, {{"a", 5}});
  take_told();
  store.record_written(service_of({"a", 11}));
  EXPECT_EQ(seen("a"), "11");
  store.record_written(service_of({"b", 12, "uid-2"}));
  EXPECT_EQ(seen("b"), "12");
  EXPECT_EQ(store.size(), 2U);
  EXPECT_THAT(take_told(), ElementsAre("a: 5 > 11", "b: - > 12"));
}

TEST_F(StoreTest, TheEventOfAnOwnWriteEndsItsRecordAndIsNotNews) {
  relist(10, {{"a", 5}});
  store.record_written(service_of({"a", 11}));
  take_told();
  put({"a", 11});
  EXPECT_EQ(seen("a"), "11");
  EXPECT_EQ(store.core().pending_writes(), 0U);
  EXPECT_THAT(take_told(), IsEmpty());
}

TEST_F(StoreTest, AnEventOlderThanAnOwnWriteIsNotSeen) {
  relist(10, {{"a", 5}});
  store.record_written(service_of({"a", 13}));
  take_told();
  put({"a", 11});
  put({"a", 12});
  EXPECT_EQ(seen("a"), "13");
  EXPECT_THAT(take_told(), IsEmpty());
  put({"a", 13});
  put({"a", 14});
  EXPECT_EQ(seen("a"), "14");
  EXPECT_THAT(take_told(), ElementsAre("a: 13 > 14"));
}

TEST_F(StoreTest, AnAnswerThatComesAfterItsEventIsIgnored) {
  relist(10, {});
  put({"a", 11});
  put({"a", 12});
  take_told();
  store.record_written(service_of({"a", 11}));
  EXPECT_EQ(seen("a"), "12");
  EXPECT_EQ(store.core().pending_writes(), 0U);
  EXPECT_THAT(take_told(), IsEmpty());
}

TEST_F(StoreTest, AnAnswerThatTheWatchHasPassedIsIgnored) {
  relist(10, {});
  bookmark(12);
  store.record_written(service_of({"a", 12}));
  EXPECT_EQ(seen("a"), "-");
  EXPECT_EQ(store.core().pending_writes(), 0U);
}

TEST_F(StoreTest, BehindTwoOwnWritesIsWhatTheWatchSays) {
  relist(10, {{"a", 5}});
  store.record_written(service_of({"a", 12}));
  store.record_written(service_of({"a", 13}));
  bookmark(13);
  EXPECT_EQ(seen("a"), "5");
}

TEST_F(StoreTest, ARelistOfTheSameRevisionLeavesOwnWrites) {
  relist(10, {});
  store.record_written(service_of({"a", 11}));
  relist(10, {});
  EXPECT_EQ(seen("a"), "11");
}

TEST_F(StoreTest, AnswersThatComeInTheWrongOrderLeaveTheNewest) {
  relist(10, {{"a", 5}});
  store.record_written(service_of({"a", 12}));
  store.record_written(service_of({"a", 11}));
  EXPECT_EQ(seen("a"), "12");
}

TEST_F(StoreTest, WrittenThenDeletedByAnotherBeforeItsEventCame) {
  relist(10, {});
  store.record_written(service_of({"a", 11}));
  erase({"a", 12});  // the watch merged the creation and the deletion
  EXPECT_EQ(seen("a"), "-");
  EXPECT_EQ(store.core().pending_writes(), 0U);
  EXPECT_THAT(take_told(), ElementsAre("a: - > 11", "a: 11 > -"));
}

TEST_F(StoreTest, WrittenAndGoneInARelistInBetween) {
  relist(10, {});
  store.record_written(service_of({"a", 11}));
  take_told();
  relist(15, {});
  EXPECT_EQ(seen("a"), "-");
  EXPECT_EQ(store.core().pending_writes(), 0U);
  EXPECT_THAT(take_told(), ElementsAre("a: 11 > -"));
}

TEST_F(StoreTest, WrittenAndChangedByAnotherInARelistInBetween) {
  relist(10, {{"a", 5}});
  store.record_written(service_of({"a", 11}));
  take_told();
  relist(15, {{"a", 14}});
  EXPECT_EQ(seen("a"), "14");
  EXPECT_THAT(take_told(), ElementsAre("a: 11 > 14"));
}

TEST_F(StoreTest, ARelistThatIsOlderThanAnOwnWriteDoesNotHideIt) {
  relist(10, {{"a", 5}});
  store.core().begin_relist(0);
  put({"a", 5});
  store.record_written(service_of({"a", 13}));
  store.record_written(service_of({"b", 14, "uid-2"}));
  store.core().end_relist(0, 12);
  EXPECT_EQ(seen("a"), "13");
  EXPECT_EQ(seen("b"), "14");
  EXPECT_EQ(store.core().pending_writes(), 2U);
  bookmark(14);  // the watch has caught up and shows neither write: another client has undone them
  EXPECT_EQ(seen("a"), "5");
  EXPECT_EQ(seen("b"), "-");
}

TEST_F(StoreTest, AWrittenObjectThatTheSelectorDoesNotMatchEndsWithTheNextBookmark) {
  relist(10, {});
  store.record_written(service_of({"a", 11}));
  bookmark(10);
  EXPECT_EQ(seen("a"), "11");
  bookmark(11);
  EXPECT_EQ(seen("a"), "-");
  EXPECT_THAT(take_told(), ElementsAre("a: - > 11", "a: 11 > -"));
}

TEST_F(StoreTest, AnEventOfAnotherObjectShowsThatTheWatchHasCaughtUpToo) {
  relist(10, {});
  store.record_written(service_of({"a", 11}));
  put({"b", 12, "uid-2"});
  EXPECT_EQ(seen("a"), "-");
  EXPECT_EQ(store.core().pending_writes(), 0U);
}

TEST_F(StoreTest, OwnWritesAreSeenBeforeTheFirstListIsComplete) {
  store.record_written(service_of({"a", 11}));
  EXPECT_EQ(seen("a"), "11");
  relist(15, {{"a", 11}});
  EXPECT_EQ(seen("a"), "11");
  EXPECT_EQ(store.core().pending_writes(), 0U);
  EXPECT_THAT(take_told(), ElementsAre("a: - > 11"));
}

TEST_F(StoreTest, ARestoredEtcdTakesTheRecordsWithIt) {
  relist(100, {{"a", 5}});
  store.record_written(service_of({"a", 110}));
  relist(50, {{"a", 5}});
  EXPECT_EQ(seen("a"), "5");
  EXPECT_EQ(store.revision({"team", "a"}), 50U);
  EXPECT_EQ(store.core().pending_writes(), 0U);
}

// Pending deletes

TEST_F(StoreTest, ADeletedObjectIsNotSeenAnyMore) {
  relist(10, {{"a", 5}});
  take_told();
  record_deleted("a", "uid-1", 5);
  EXPECT_EQ(seen("a"), "-");
  EXPECT_EQ(store.size(), 0U);
  bookmark(12);  // this bookmark may be older than the delete
  put({"a", 13});
  EXPECT_EQ(seen("a"), "-");
  erase({"a", 14});
  EXPECT_EQ(seen("a"), "-");
  EXPECT_EQ(store.core().pending_writes(), 0U);
  EXPECT_THAT(take_told(), ElementsAre("a: 5 > -"));
}

TEST_F(StoreTest, ARelistFromBeforeADeleteDoesNotBringTheObjectBack) {
  relist(10, {{"a", 5}});
  record_deleted("a", "uid-1", 5);
  relist(12, {{"a", 5}});
  EXPECT_EQ(seen("a"), "-");
  relist(20, {});
  EXPECT_EQ(seen("a"), "-");
  EXPECT_EQ(store.core().pending_writes(), 0U);
}

TEST_F(StoreTest, AnObjectThatCameAfterADeletedOneOfItsNameIsSeen) {
  relist(10, {{"a", 5}});
  record_deleted("a", "uid-1", 5);
  put({"a", 14, "uid-2"});
  EXPECT_EQ(seen("a"), "14");
  EXPECT_EQ(store.core().pending_writes(), 0U);
}

TEST_F(StoreTest, ADeleteThatLeftTheObjectWithFinalizersShowsItAsDeleting) {
  relist(10, {{"a", 5}});
  Version deleting{"a", 11};
  deleting.deleting = true;
  store.record_written(service_of(deleting));
  EXPECT_TRUE(store.get({"team", "a"})->metadata.deletion_timestamp);
  put(deleting);
  erase({"a", 12});
  EXPECT_EQ(seen("a"), "-");
}

TEST_F(StoreTest, DeletedAndWrittenAnewBeforeEitherEventCame) {
  relist(10, {{"a", 5}});
  record_deleted("a", "uid-1", 5);
  store.record_written(service_of({"a", 13, "uid-2"}));
  EXPECT_EQ(seen("a"), "13");
  erase({"a", 12});
  EXPECT_EQ(seen("a"), "13");
  put({"a", 13, "uid-2"});
  EXPECT_EQ(seen("a"), "13");
  EXPECT_EQ(store.core().pending_writes(), 0U);
  EXPECT_THAT(take_told(), ElementsAre("a: - > 5", "a: 5 > -", "a: - > 13"));
}

TEST_F(StoreTest, WrittenAndDeletedBeforeEitherEventCame) {
  relist(10, {});
  store.record_written(service_of({"a", 11}));
  record_deleted("a", "uid-1", 11);
  EXPECT_EQ(seen("a"), "-");
  put({"a", 11});
  EXPECT_EQ(seen("a"), "-");
  erase({"a", 12});
  EXPECT_EQ(store.core().pending_writes(), 0U);
  EXPECT_THAT(take_told(), ElementsAre("a: - > 11", "a: 11 > -"));
}

TEST_F(StoreTest, WrittenAndDeletedWithoutAnyEventIsForgottenInTime) {
  relist(10, {});
  store.record_written(service_of({"a", 11}));
  record_deleted("a", "uid-1", 11);
  bookmark(12);
  EXPECT_EQ(seen("a"), "-");
  EXPECT_EQ(store.core().pending_writes(), 0U);
}

TEST_F(StoreTest, ADeleteByAnOldVersionHoldsUntilTheNewestThatWasWritten) {
  relist(10, {});
  store.record_written(service_of({"a", 15}));
  record_deleted("a", "uid-1", 5);
  bookmark(12);
  EXPECT_EQ(store.core().pending_writes(), 1U);
  put({"a", 15});
  EXPECT_EQ(seen("a"), "-");
}

TEST_F(StoreTest, ALateAnswerDoesNotRaiseTheDead) {
  relist(10, {{"a", 5}});
  record_deleted("a", "uid-1", 11);
  store.record_written(service_of({"a", 12}));
  EXPECT_EQ(seen("a"), "-");
}

TEST_F(StoreTest, ALateDeleteOfAnEarlierObjectLeavesTheOneThatIsThere) {
  relist(10, {{"a", 8, "uid-2"}});
  record_deleted("a", "uid-1", 5);
  EXPECT_EQ(seen("a"), "8");
  EXPECT_EQ(store.core().pending_writes(), 0U);
}

TEST_F(StoreTest, ADeleteOfWhatTheWatchKnowsToBeGoneIsForgotten) {
  relist(10, {});
  record_deleted("a", "uid-1", 5);
  record_deleted("b", "uid-2", 10);
  EXPECT_EQ(store.core().pending_writes(), 0U);
}

// Scopes

class ScopedStoreTest : public StoreTest {
 protected:
  ScopedStoreTest() : StoreTest({Scope{"one", ""}, Scope{"two", ""}}) {}

  void relist_in(std::size_t scope, std::uint64_t revision, const std::vector<Version>& objects) {
    store.core().begin_relist(scope);
    for (const Version& version : objects) {
      const auto document = json::Document::parse(json_of(version));
      EXPECT_TRUE(store.core().put(scope, document->root()));
    }
    store.core().end_relist(scope, revision);
  }
};

TEST_F(ScopedStoreTest, ARelistOfOneNamespaceLeavesTheOtherAlone) {
  relist_in(0, 10, {{"a", 5, "uid-1", "x", false, "one"}});
  relist_in(1, 12, {{"a", 6, "uid-2", "x", false, "two"}});
  EXPECT_EQ(store.size(), 2U);
  EXPECT_EQ(store.revision({"one", "a"}), 10U);
  EXPECT_EQ(store.revision({"two", "a"}), 12U);
  relist_in(0, 20, {});
  EXPECT_EQ(text(store.get({"one", "a"})), "-");
  EXPECT_EQ(text(store.get({"two", "a"})), "6");
}

TEST_F(ScopedStoreTest, WhatIsWrittenElsewhereIsNotKept) {
  store.record_written(service_of({"a", 5, "uid-1", "x", false, "three"}));
  EXPECT_EQ(store.size(), 0U);
  EXPECT_EQ(store.revision({"three", "a"}), 0U);
  store.record_deleted({"three", "a"}, "uid-1", "7");
  EXPECT_EQ(store.core().pending_writes(), 0U);
}

TEST(Scope, MayBeOneObject) {
  const Scope scope{"ns", "lease"};
  EXPECT_TRUE(scope.holds("ns", "lease"));
  EXPECT_FALSE(scope.holds("ns", "other"));
  EXPECT_FALSE(scope.holds("other", "lease"));
}

// AddressSanitizer uses another heap, which mallinfo2 does not count.
#ifndef __SANITIZE_ADDRESS__
class StoreMemory : public StoreTest {
 protected:
  static constexpr int kObjects = 2000;

  // Returns a Service with the operator's labels. The Services differ only in their names, and in
  // the label and annotation that contain the name.
  static std::string json_of_one(int number) {
    const std::string name = "registry-" + std::to_string(number);
    return R"({"metadata":{"namespace":"team","name":")" + name + R"(","uid":"uid-)" + name +
           R"(","resourceVersion":"5","labels":{"app.kubernetes.io/name":"local-registry",)"
           R"("app.kubernetes.io/managed-by":"local-registry-operator","owner":")" +
           name + R"("},"annotations":{"localregistry.dev/owner":"team/)" + name +
           R"("}},"spec":{"type":"NodePort","selector":{"app.kubernetes.io/name":"local-registry",)"
           R"("app.kubernetes.io/instance":"registry"},"ports":[{"name":"registry","port":5000,)"
           R"("nodePort":30001,"protocol":"TCP"}]}})";
  }

  static std::size_t used() { return mallinfo2().uordblks; }

  void put_all(int revision) {
    for (int i = 0; i < kObjects; ++i) {
      std::string text = json_of_one(i);
      text.replace(text.find(R"("5")"), 3, '"' + std::to_string(revision) + '"');
      ASSERT_TRUE(put_text(text));
      told.clear();
    }
  }
};

TEST_F(StoreMemory, ObjectsThatAreAlikeTakeAFractionOfTheirText) {
  const std::size_t before = used();
  put_all(5);
  const std::size_t each = (used() - before) / kObjects;
  EXPECT_LT(each, json_of_one(kObjects).size() / 2);
}

TEST_F(StoreMemory, EarlierVersionsAndWhatIsGoneTakeNone) {
  const std::size_t before = used();
  put_all(5);
  const std::size_t full = used() - before;
  for (int revision = 6; revision < 10; ++revision) put_all(revision);
  EXPECT_LT(used() - before, full + full / 10);
  relist(20, {});
  told.clear();
  EXPECT_LT(used() - before, full / 2) << "the table and the last few that were read stay";
}
#endif

TEST(RevisionOf, ReadsNumbersAndNothingElse) {
  EXPECT_EQ(revision_of("18446744073709551615"), 18446744073709551615U);
  EXPECT_EQ(revision_of(""), 0U);
  EXPECT_EQ(revision_of("12x"), 0U);
  EXPECT_EQ(revision_of("-1"), 0U);
  EXPECT_EQ(revision_of("18446744073709551616"), 0U);
}

}  // namespace
}  // namespace kube
