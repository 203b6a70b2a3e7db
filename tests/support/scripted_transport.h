// ScriptedTransport is a Transport whose answers a test provides. It keeps each request and lets a
// function answer it; the test feeds the streams. Owned by one test; one thread.
#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/signal.h"
#include "base/error.h"
#include "kube/transport.h"
#include "support/virtual_clock.h"

namespace support {

inline kube::Response answer(int status, std::string body = "{}") {
  return {status, std::move(body), std::nullopt};
}

// Feed is the body of a watch. The test and the reader share it.
struct Feed {
  explicit Feed(const boost::asio::any_io_executor& executor) : changed(executor) {}

  void line(const std::string& event) { bytes(event + "\n"); }
  void bytes(std::string chunk) { put(std::move(chunk)); }
  void end() { put(std::string()); }
  void fail(base::Error error) { put(std::move(error)); }

  void put(base::Result<std::string> chunk) {
    chunks.push_back(std::move(chunk));
    changed.notify();
  }

  std::deque<base::Result<std::string>> chunks;
  async::Signal changed;
  bool closed = false;  // by the reader
};

class FedStream final : public kube::Stream {
 public:
  FedStream(std::shared_ptr<Feed> feed, VirtualClock& clock)
      : feed_(std::move(feed)), clock_(clock) {}
  ~FedStream() override { feed_->closed = true; }

  boost::asio::awaitable<base::Result<std::string>> read(
      std::chrono::milliseconds silence) override {
    const base::Clock::Instant deadline = clock_.now() + silence;
    while (feed_->chunks.empty()) {
      const base::Clock::Instant now = clock_.now();
      if (now >= deadline) co_return base::Error{base::ErrorCode::kTimeout, "silence"};
      co_await feed_->changed.wait_for(clock_, deadline - now);
    }
    base::Result<std::string> chunk = std::move(feed_->chunks.front());
    feed_->chunks.pop_front();
    co_return chunk;
  }

 private:
  std::shared_ptr<Feed> feed_;
  VirtualClock& clock_;
};

class ScriptedTransport final : public kube::Transport {
 public:
  explicit ScriptedTransport(World& world) : world_(world) {}

  // Answers all requests except watches; without it the answer is a 500.
  std::function<base::Result<kube::Response>(const kube::Request&)> on_send;

  // Answers the head of each watch; without it the answer is a 200. The stream of a 200 is fed by
  // streams.back().
  std::function<base::Result<kube::Response>(const kube::Request&)> on_open;

  // How long the next answers take. A request whose timeout is shorter fails with kTimeout.
  base::Clock::Duration delay{};

  std::vector<kube::Request> sent;
  std::vector<kube::Request> opened;
  std::vector<std::shared_ptr<Feed>> streams;

  boost::asio::awaitable<base::Result<kube::Response>> send(kube::Request request) override {
    sent.push_back(request);
    // A request may take effect although its caller gets no answer in time.
    base::Result<kube::Response> response =
        on_send ? on_send(request) : base::Result<kube::Response>(answer(500));
    if (delay > base::Clock::Duration::zero()) {
      const base::Clock::Duration timeout = request.timeout;
      const bool too_late = delay > timeout;
      co_await world_.clock.sleep_for(std::min(delay, timeout));
      if (too_late) co_return base::Error{base::ErrorCode::kTimeout, "no answer in time"};
    }
    co_return response;
  }

  boost::asio::awaitable<base::Result<kube::Opened>> open(kube::Request request) override {
    if (request.target.find("watch=true") == std::string::npos) {
      auto sending = send(std::move(request));
      base::Result<kube::Response> whole = co_await std::move(sending);
      if (!whole) co_return whole.error();
      co_return whole_body(*std::move(whole));
    }
    opened.push_back(request);
    base::Result<kube::Response> head =
        on_open ? on_open(request) : base::Result<kube::Response>(answer(200, ""));
    if (!head) co_return head.error();
    kube::Opened result;
    result.head = *std::move(head);
    if (result.head.status == 200) {
      streams.push_back(std::make_shared<Feed>(world_.executor()));
      result.stream = std::make_unique<FedStream>(streams.back(), world_.clock);
    }
    co_return std::move(result);
  }

 private:
  // Returns the answer to a list, with its body as a stream.
  kube::Opened whole_body(kube::Response answer) {
    kube::Opened result;
    if (answer.status == 200) {
      const auto feed = std::make_shared<Feed>(world_.executor());
      if (!answer.body.empty()) feed->bytes(std::exchange(answer.body, {}));
      feed->end();
      result.stream = std::make_unique<FedStream>(feed, world_.clock);
    }
    result.head = std::move(answer);
    return result;
  }

  World& world_;
};

}  // namespace support
