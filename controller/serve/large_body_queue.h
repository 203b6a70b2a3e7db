// A LargeBodyQueue holds the connections with a large body. One connection at a time has the turn:
// only it may read its large body, and the others wait for their turn.
//
// Order: the turn goes to the waiting connection whose address has used the turn for the least time
// lately; among equals, to the connection that has waited longest. So an address with slow or many
// bodies delays its own bodies rather than those of other addresses. Unlike in serve/eviction.h, a
// connection that was already answered has no precedence: any client can get that by sending one
// small request first.
//
// Pace: while others wait, a connection may have the turn for a short time, the keep time, plus
// some time for each byte that has arrived. After that, the connection is closed. An address that
// has used the turn for little time lately has a credit of additional time, enough for a few round
// trips to another zone. The more connections wait, the shorter is the keep time, so that even the
// last of many connections with slow bodies gets the turn in time.
//
// One owner, which outlives every Entry. Used on the thread of the io_context only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <utility>

namespace serve {

class LargeBodyQueue {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Milliseconds = std::chrono::duration<double, std::milli>;

  // The entry of one connection. It waits for the turn, and then has the turn until the entry is
  // destroyed.
  class Entry {
   public:
    // `address`: of the client. `close_if_slow`: closes the connection, unless bytes have arrived
    // that the server has not read yet; returns whether it closed the connection. The owner of a
    // closed connection destroys its entry soon, but not during the call.
    Entry(LargeBodyQueue& queue, boost::asio::ip::address address,
          std::function<bool()> close_if_slow);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    // Waits for the turn. Returns false when the deadline passes first. When the awaiting coroutine
    // is cancelled, its next co_await throws.
    boost::asio::awaitable<bool> wait(Instant deadline);

    // Records how many bytes of the body have arrived.
    void received(std::size_t bytes) { bytes_ = bytes; }

   private:
    friend class LargeBodyQueue;

    LargeBodyQueue& queue_;
    boost::asio::ip::address address_;
    std::function<bool()> close_if_slow_;
    boost::asio::steady_timer timer_;
    Instant begin_;          // start of the turn
    Instant since_;          // start of the keep time: begin_, or later when the server was slow
    Milliseconds credit_{};  // additional keep time
    std::size_t bytes_ = 0;
    bool closed_ = false;
  };

  // `longest_keep_time`: the keep time (see Pace above) while few connections wait. The credit of
  // an address is added to it.
  LargeBodyQueue(boost::asio::any_io_executor executor, std::chrono::milliseconds longest_keep_time)
      : executor_(std::move(executor)), longest_keep_time_(longest_keep_time) {}
  LargeBodyQueue(const LargeBodyQueue&) = delete;
  LargeBodyQueue& operator=(const LargeBodyQueue&) = delete;

 private:
  // How long an address has used the turn lately. The time decays: it halves with each
  // limits::kServeUsageHalfLife.
  struct Usage {
    Milliseconds time;  // as of `at`
    Instant at;

    Milliseconds left(Instant instant) const;
  };

  void grant();
  void wake_first();
  void close_holder_if_slow();
  void charge(const Entry& entry);
  Milliseconds used_time(const Entry& entry, Instant instant) const;
  Instant::duration keep_time() const;
  Instant due() const;

  boost::asio::any_io_executor executor_;
  std::chrono::milliseconds longest_keep_time_;
  Entry* holder_ = nullptr;
  std::list<Entry*> waiting_;  // oldest first; the first entry closes a slow holder
  std::map<boost::asio::ip::address, Usage> usage_;
};

}  // namespace serve
