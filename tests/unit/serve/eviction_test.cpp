#include "serve/eviction.h"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using serve::ConnectionInfo;

const ConnectionInfo::Instant kStart{1h};

enum class Kind { kSilent, kSlow, kSecured, kIdle, kBusy };

boost::asio::ip::address address(int last) {
  return boost::asio::ip::make_address("10.0.0." + std::to_string(last));
}

// Returns a connection of this kind from 10.0.0.`last`, since `since` seconds after the start.
ConnectionInfo connection(std::uint64_t id, int last, Kind kind, int since) {
  ConnectionInfo result;
  result.id = id;
  result.address = address(last);
  result.served = kind == Kind::kIdle || kind == Kind::kBusy;
  result.idle = kind == Kind::kIdle;
  result.stage = kind == Kind::kSilent    ? serve::RequestStage::kNoBytes
                 : kind == Kind::kSlow    ? serve::RequestStage::kFirstBytes
                 : kind == Kind::kSecured ? serve::RequestStage::kTlsReady
                                          : serve::RequestStage::kRequestHead;
  result.since = kStart + std::chrono::seconds(since);
  return result;
}

serve::ConnectionLimits few() {
  serve::ConnectionLimits limits;
  limits.connections = 4;
  limits.per_address = 3;
  limits.served = 3;
  return limits;
}

// Returns the id of the connection that is closed for a client from 10.0.0.`last`; 0 if there is a
// free slot.
std::uint64_t victim(const std::vector<ConnectionInfo>& connections, int last = 9) {
  const auto eviction = choose_eviction(connections, address(last), 0, kStart + 1min, few());
  return eviction ? eviction->id : 0;
}

// Returns how long a connection of this kind is kept if all connections are like it and `waiting`
// clients wait.
std::chrono::nanoseconds kept_for(Kind kind, std::size_t waiting) {
  const std::vector<ConnectionInfo> all(4, connection(1, 1, kind, 0));
  return choose_eviction(all, address(2), waiting, kStart, few())->due - kStart;
}

TEST(Eviction, NoConnectionGoesWhileThereAreFreeSlots) {
  EXPECT_EQ(victim({}), 0U);
  EXPECT_EQ(victim({connection(1, 1, Kind::kSilent, 0), connection(2, 1, Kind::kIdle, 0),
                    connection(3, 2, Kind::kSlow, 0)}),
            0U);
}

TEST(Eviction, TheOneThatHasBeenLongestWithoutAWholeRequestGoesFirstOfAllASilentOne) {
  EXPECT_EQ(victim({connection(1, 1, Kind::kIdle, 0), connection(2, 1, Kind::kSlow, 1),
                    connection(3, 2, Kind::kSilent, 5), connection(4, 2, Kind::kSilent, 4)}),
            4U);
  EXPECT_EQ(victim({connection(1, 1, Kind::kIdle, 0), connection(2, 1, Kind::kSlow, 3),
                    connection(3, 2, Kind::kSlow, 2), connection(4, 2, Kind::kBusy, 1)}),
            3U);
}

TEST(Eviction, AConnectionThatHasCompletedTheHandshakeOutlivesThoseThatHaveNot) {
  EXPECT_EQ(victim({connection(1, 1, Kind::kSecured, 0), connection(2, 1, Kind::kSlow, 1),
                    connection(3, 2, Kind::kSlow, 2), connection(4, 2, Kind::kBusy, 0)}),
            2U);
  EXPECT_EQ(victim({connection(1, 1, Kind::kSecured, 1), connection(2, 1, Kind::kSecured, 0),
                    connection(3, 2, Kind::kIdle, 0), connection(4, 2, Kind::kBusy, 0)}),
            2U);
}

TEST(Eviction, OneWhosePatienceIsOverGoesBeforeASilentOneThatHasJustCome) {
  const std::vector<ConnectionInfo> all = {
      connection(1, 1, Kind::kSecured, 0), connection(2, 1, Kind::kSlow, 1),
      connection(3, 2, Kind::kSilent, 9), connection(4, 2, Kind::kSilent, 8)};
  const auto victim_at = [&](std::chrono::nanoseconds since) {
    return choose_eviction(all, address(9), 0, kStart + since, few())->id;
  };
  EXPECT_EQ(victim_at(8s), 2U);
  EXPECT_EQ(victim_at(9s), 4U);
  EXPECT_EQ(victim_at(1s), 1U);
  EXPECT_EQ(victim_at(0s), 1U) << "the first whose patience will be over";
}

TEST(Eviction, ServedConnectionsGiveWayToNewOnesWhenTheyHaveMoreThanTheirPart) {
  const std::vector<ConnectionInfo> all = {
      connection(1, 1, Kind::kBusy, 0), connection(2, 1, Kind::kIdle, 7),
      connection(3, 2, Kind::kIdle, 6), connection(4, 3, Kind::kIdle, 8)};
  EXPECT_EQ(victim(all), 3U);
  std::vector<ConnectionInfo> busy = all;
  for (ConnectionInfo& one : busy) one.idle = false;
  EXPECT_EQ(victim(busy), 1U);
  std::vector<ConnectionInfo> one_is_new = all;
  one_is_new[3] = connection(4, 3, Kind::kSilent, 8);
  EXPECT_EQ(victim(one_is_new), 4U);
}

TEST(Eviction, OfAnAddressThatHasAllOfItsSlotsOneOfItsOwnGoes) {
  const std::vector<ConnectionInfo> three = {connection(1, 1, Kind::kIdle, 0),
                                             connection(2, 1, Kind::kSlow, 5),
                                             connection(3, 1, Kind::kSlow, 4)};
  EXPECT_EQ(victim(three, 1), 3U);
  EXPECT_EQ(victim(three, 2), 0U);
  std::vector<ConnectionInfo> four = three;
  four.push_back(connection(4, 2, Kind::kSilent, 0));
  EXPECT_EQ(victim(four, 1), 3U);
  EXPECT_EQ(victim(four, 2), 4U);
}

TEST(Eviction, AConnectionIsKeptForItsPatienceAndAnIdleOneIsNot) {
  EXPECT_EQ(kept_for(Kind::kSilent, 0), limits::kServeSilentKeepTime);
  EXPECT_EQ(kept_for(Kind::kSlow, 0), limits::kServeKeepTime);
  EXPECT_EQ(kept_for(Kind::kSecured, 0), serve::kHandshakeFactor * limits::kServeKeepTime);
  EXPECT_EQ(kept_for(Kind::kBusy, 0), limits::kServeKeepTime);
  EXPECT_EQ(kept_for(Kind::kIdle, 0), 0s);
}

TEST(Eviction, PatienceGetsShorterSoThatHoweverManyWaitEachHasASlotInTime) {
  constexpr int kPlaces = 4;
  for (const std::size_t waiting : {1U, 8U, 100U, 1000U, 4096U}) {
    for (const Kind kind : {Kind::kSilent, Kind::kSlow, Kind::kBusy}) {
      EXPECT_LE(kept_for(kind, waiting) * static_cast<int>(waiting) / kPlaces, limits::kServeWait)
          << waiting;
    }
    EXPECT_LE(kept_for(Kind::kSecured, waiting),
              serve::kHandshakeFactor * kept_for(Kind::kSlow, waiting));
    EXPECT_GT(kept_for(Kind::kSilent, waiting), 0s) << waiting;
  }
  EXPECT_EQ(kept_for(Kind::kSlow, 100), limits::kServeWait * kPlaces / 100);
}

}  // namespace
