// The turn to read a large body: one connection has it, the others wait for it.
//
// Order: the turn goes to the waiting connection whose address has had it for the shortest time
// lately; among equals, to the one that has waited longest. So an address with slow or many bodies
// delays its own bodies rather than those of others. An earlier answer gives no precedence, because
// every client can get one.
//
// Pace: while others wait, the connection with the turn keeps it for a short time, and longer for
// each byte that comes. Then it is closed. An address that has had the turn for little time lately
// has a credit, enough for a few round trips to another zone. The more connections wait, the
// shorter the time is, so that the turn also comes in time for the last of many with slow bodies.
//
// One owner, which outlives every Claim. Used on the thread of the io_context only.
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

class LargeTurn {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Milliseconds = std::chrono::duration<double, std::milli>;

  // Waits for the turn and then has it, until it is destroyed.
  class Claim {
   public:
    // `address`: of the client. `close_if_slow`: closes the connection unless bytes have come that
    // the server has not read yet, and returns whether it did. The owner of a closed connection
    // destroys its claim soon, but not during the call.
    Claim(LargeTurn& turn, boost::asio::ip::address address, std::function<bool()> close_if_slow);
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    // Waits for the turn. Returns false when the deadline passes first. When the awaiting coroutine
    // is cancelled, its next co_await throws.
    boost::asio::awaitable<bool> wait(Instant deadline);

    // Records how many bytes of the body have come.
    void received(std::size_t bytes) { bytes_ = bytes; }

   private:
    friend class LargeTurn;

    LargeTurn& turn_;
    boost::asio::ip::address address_;
    std::function<bool()> close_if_slow_;
    boost::asio::steady_timer timer_;
    Instant begin_;          // of the turn
    Instant since_;          // the keep time begins: begin_, or later when the server was slow
    Milliseconds credit_{};  // more keep time
    std::size_t bytes_ = 0;
    bool closed_ = false;
  };

  // `longest_keep_time`: without the credit.
  LargeTurn(boost::asio::any_io_executor executor, std::chrono::milliseconds longest_keep_time)
      : executor_(std::move(executor)), longest_keep_time_(longest_keep_time) {}
  LargeTurn(const LargeTurn&) = delete;
  LargeTurn& operator=(const LargeTurn&) = delete;

 private:
  // The time for which an address has had the turn. Half of it is forgotten after each
  // limits::kServeSpentHalves.
  struct Spent {
    Milliseconds time;
    Instant at;

    Milliseconds left(Instant instant) const;
  };

  void grant();
  void wake_first();
  void close_holder_if_slow();
  void charge(const Claim& claim);
  Milliseconds spent(const Claim& claim, Instant instant) const;
  Instant::duration keep_time() const;
  Instant due() const;

  boost::asio::any_io_executor executor_;
  std::chrono::milliseconds longest_keep_time_;
  Claim* holder_ = nullptr;
  std::list<Claim*> waiting_;  // in the order of arrival; the first one watches the holder
  std::map<boost::asio::ip::address, Spent> spent_;
};

}  // namespace serve
