#include "sim/link.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <charconv>

namespace sim {
namespace {

namespace asio = boost::asio;
using base::ErrorCode;
using Duration = base::Clock::Duration;

constexpr auto kBookmarkEvery = std::chrono::seconds(60);

base::Error broken(std::string what) { return {ErrorCode::kNetwork, std::move(what)}; }

kube::Response status_answer(int code, std::string_view reason) {
  kube::Response response;
  response.status = code;
  response.body = fmt::format(
      R"({{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{} by the simulation",)"
      R"("reason":"{}","code":{}}})",
      reason, reason, code);
  return response;
}

std::chrono::seconds asked_seconds(std::string_view target) {
  constexpr std::string_view kKey = "timeoutSeconds=";
  const std::size_t at = target.find(kKey);
  int seconds = 300;
  if (at != std::string_view::npos) {
    const std::string_view text = target.substr(at + kKey.size());
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  }
  return std::chrono::seconds(seconds);
}

// A coroutine waits on it until another one wakes it.
class Wakeable {
 public:
  explicit Wakeable(const asio::any_io_executor& executor)
      : timer_(executor, asio::steady_timer::time_point::max()) {}

  void wake() {
    woken_ = true;
    timer_.cancel();
  }

  asio::awaitable<void> wait() {
    if (!woken_) {
      boost::system::error_code ignored;
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    woken_ = false;
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }

 private:
  asio::steady_timer timer_;
  bool woken_ = false;
};

}  // namespace

std::string plural_of(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  std::vector<std::string_view> parts;
  for (std::size_t begin = 1; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  const std::size_t first = !parts.empty() && parts[0] == "api" ? 2 : 3;
  const bool namespaced = parts.size() > first + 2 && parts[first] == "namespaces";
  const std::size_t at = namespaced ? first + 2 : first;
  return at < parts.size() ? std::string(parts[at]) : std::string();
}

bool is_counted(const kube::Request& request) {
  const std::string plural = plural_of(request.target);
  return plural != "leases" && plural != "events";
}

bool is_counted_write(const kube::Request& request) {
  return request.method != kube::Method::kGet && is_counted(request);
}

struct Link::Exchange {
  Exchange(const asio::any_io_executor& executor, kube::Request asked)
      : waiter(executor), request(std::move(asked)) {}

  Wakeable waiter;
  kube::Request request;
  std::optional<base::Result<kube::Response>> answer;
};

// The server side of a watch. The stream owns it; the link holds weak pointers.
struct Link::Feed {
  explicit Feed(const asio::any_io_executor& executor) : waiter(executor) {}

  Wakeable waiter;
  std::string plural;
  std::unique_ptr<Watch> watch;
  Revision visible = 0;         // latest revision that has arrived at the client
  base::Clock::Instant last{};  // when the latest event arrives: events do not overtake each other
  bool cut = false;
};

class Link::FedStream final : public kube::Stream {
 public:
  FedStream(Link& link, std::shared_ptr<Feed> feed, Duration life)
      : link_(link), host_(link.host_), feed_(std::move(feed)), end_(host_.scheduler.now() + life) {
    bookmark_ = host_.scheduler.now() + kBookmarkEvery;
  }

  asio::awaitable<base::Result<std::string>> read(std::chrono::milliseconds silence) override {
    const base::Clock::Instant deadline = host_.scheduler.now() + silence;
    while (true) {
      const base::Clock::Instant now = host_.scheduler.now();
      if (link_.dead_) co_return broken("the process is gone");
      if (!link_.silent_) {
        if (feed_->cut) co_return broken("the connection was cut");
        std::string chunk = lines();
        if (chunk.empty() && now >= bookmark_) chunk = bookmark();
        if (!chunk.empty()) co_return chunk;
        if (now >= end_) co_return std::string();
      }
      if (now >= deadline) co_return base::Error{ErrorCode::kTimeout, "silence"};
      wake_at(link_.silent_ ? deadline : std::min({deadline, end_, bookmark_}));
      co_await feed_->waiter.wait();
    }
  }

 private:
  std::string lines() {
    std::string chunk;
    while (const auto line = feed_->watch->next(feed_->visible)) chunk += *line + "\n";
    return chunk;
  }

  std::string bookmark() {
    bookmark_ = host_.scheduler.now() + kBookmarkEvery;
    return feed_->watch->bookmark(feed_->visible) + "\n";
  }

  void wake_at(base::Clock::Instant when) {
    // A planned alarm cannot be cancelled, so another one is needed only if it is earlier.
    if (alarm_ > host_.scheduler.now() && alarm_ <= when) return;
    alarm_ = when;
    host_.scheduler.after(when - host_.scheduler.now(), [feed = std::weak_ptr<Feed>(feed_)] {
      if (const auto alive = feed.lock()) alive->waiter.wake();
    });
  }

  Link& link_;
  LinkHost host_;
  std::shared_ptr<Feed> feed_;
  base::Clock::Instant end_;
  base::Clock::Instant bookmark_;
  base::Clock::Instant alarm_{};
};

Link::Link(LinkHost host, std::string user) : host_(host), user_(std::move(user)) {}

Link::~Link() = default;

void Link::die() {
  dead_ = true;
  for (const auto& weak : feeds_) {
    if (const auto feed = weak.lock()) feed->waiter.wake();
  }
}

void Link::cut_watches() {
  for (const auto& weak : feeds_) {
    if (const auto feed = weak.lock()) {
      feed->cut = true;
      feed->waiter.wake();
    }
  }
}

void Link::set_lag(std::string plural, Duration lag) { lags_.emplace_back(std::move(plural), lag); }

Duration Link::event_delay(const std::string& plural) {
  Duration delay = host_.chance.between(delays.event_least, delays.event_max);
  for (const auto& [which, lag] : lags_) {
    if (which == plural) delay += lag;
  }
  return delay;
}

void Link::changed(const Change& change) {
  const std::string& plural = change.after ? change.after->plural : change.before->plural;
  std::erase_if(feeds_, [](const std::weak_ptr<Feed>& feed) { return feed.expired(); });
  for (const auto& weak : feeds_) {
    const auto feed = weak.lock();
    if (feed->plural != plural) continue;
    const base::Clock::Instant now = host_.scheduler.now();
    feed->last = std::max(feed->last, now + event_delay(plural));
    host_.scheduler.after(feed->last - now, [weak, revision = change.revision] {
      const auto alive = weak.lock();
      if (!alive) return;
      alive->visible = std::max(alive->visible, revision);
      alive->waiter.wake();
    });
  }
}

// Handles the request when it arrives at the API server.
void Link::deliver(const std::shared_ptr<Exchange>& exchange, Fate chosen) {
  kube::Response response;
  switch (chosen) {
    case Fate::kRefused: response = status_answer(500, "InternalError"); break;
    case Fate::kThrottled:
      response = status_answer(429, "TooManyRequests");
      response.retry_after = std::chrono::seconds(1);
      break;
    case Fate::kConflict: response = status_answer(409, "Conflict"); break;
    default: response = host_.server.handle(exchange->request, user_); break;
  }
  if (answered) answered(exchange->request, response);
  if (chosen == Fate::kFailedLate) response = status_answer(504, "Timeout");
  if (host_.trace.keeps()) {
    host_.trace.add(host_.scheduler.now(),
                    fmt::format("{} {} {} -> {}{}", user_, kube::name(exchange->request.method),
                                exchange->request.target, response.status,
                                response.status >= 400 ? " " + response.body : ""));
    host_.trace.add_hidden(response.body);
  } else {
    host_.trace.add(host_.scheduler.now(), exchange->request.target);
    host_.trace.add_hidden(response.body);
  }
  if (chosen == Fate::kCrashUnanswered) {
    crash();
    return;
  }
  if (silent_ || chosen == Fate::kSilence) return;
  exchange->answer = chosen == Fate::kUnanswered
                         ? base::Result<kube::Response>(broken("the connection broke"))
                         : base::Result<kube::Response>(std::move(response));
  host_.scheduler.after(host_.chance.between(delays.request_least, delays.request_max),
                        [exchange] { exchange->waiter.wake(); });
}

asio::awaitable<base::Result<kube::Response>> Link::send(kube::Request request) {
  if (dead_) co_return broken("the process is gone");
  const Fate chosen = fate ? fate(request) : Fate::kAnswered;
  if (chosen == Fate::kCrashBefore) crash();
  if (dead_) co_return broken("the process is gone");
  const auto timeout = request.timeout;
  const base::Clock::Instant deadline = host_.scheduler.now() + timeout;
  const auto exchange =
      std::make_shared<Exchange>(co_await asio::this_coro::executor, std::move(request));
  const Duration way = host_.chance.between(delays.request_least, delays.request_max);
  if (chosen == Fate::kLost) {
    exchange->answer = broken("the connection broke");
    host_.scheduler.after(way, [exchange] { exchange->waiter.wake(); });
  } else if (!silent_) {
    host_.scheduler.after(way, [this, chosen, exchange] { deliver(exchange, chosen); });
  }
  host_.scheduler.after(timeout, [weak = std::weak_ptr<Exchange>(exchange)] {
    if (const auto alive = weak.lock()) alive->waiter.wake();
  });
  while (!exchange->answer) {
    if (host_.scheduler.now() >= deadline) {
      co_return base::Error{ErrorCode::kTimeout, "no answer in time"};
    }
    co_await exchange->waiter.wait();
    if (dead_) co_return broken("the process is gone");
  }
  // deliver() sets the answer when the server handles the request. The wake that ends the loop
  // comes when the answer arrives, or when the timeout ends before that.
  if (chosen == Fate::kCrashAnswered) host_.scheduler.after({}, crash);
  co_return *std::move(exchange->answer);
}

// The body of a list, which arrives as a whole.
class WholeBody final : public kube::Stream {
 public:
  explicit WholeBody(std::string body) : body_(std::move(body)) {}
  asio::awaitable<base::Result<std::string>> read(std::chrono::milliseconds) override {
    co_return std::exchange(body_, {});
  }

 private:
  std::string body_;
};

asio::awaitable<base::Result<kube::Opened>> Link::open(kube::Request request) {
  if (dead_) co_return broken("the process is gone");
  if (request.target.find("watch=true") == std::string::npos) {
    base::Result<kube::Response> answer = co_await send(std::move(request));
    if (!answer) co_return answer.error();
    kube::Opened whole;
    if (answer->status == 200) {
      whole.stream = std::make_unique<WholeBody>(std::exchange(answer->body, {}));
    }
    whole.head = *std::move(answer);
    co_return std::move(whole);
  }
  const auto executor = co_await asio::this_coro::executor;
  const auto exchange = std::make_shared<Exchange>(executor, std::move(request));
  const Duration way = host_.chance.between(delays.request_least, delays.request_max);
  host_.scheduler.after(silent_ ? exchange->request.timeout : way,
                        [exchange] { exchange->waiter.wake(); });
  co_await exchange->waiter.wait();
  if (dead_) co_return broken("the process is gone");
  if (silent_) co_return base::Error{ErrorCode::kTimeout, "no answer in time"};
  const std::string& target = exchange->request.target;
  const Revision seen = as_of ? as_of(target) : kLatest;
  OpenedWatch opened = host_.server.watch(exchange->request, seen);
  host_.trace.add(host_.scheduler.now(), target);
  kube::Opened result;
  result.head = std::move(opened.head);
  if (result.head.status == 200) {
    auto feed = std::make_shared<Feed>(executor);
    feed->plural = plural_of(target);
    feed->watch = std::move(opened.watch);
    feed->visible = std::min(seen, host_.server.revision());
    if (seen < host_.server.revision()) {  // the rest arrives later
      host_.scheduler.after(event_delay(feed->plural) + std::chrono::seconds(1),
                            [weak = std::weak_ptr<Feed>(feed), this] {
                              const auto alive = weak.lock();
                              if (!alive) return;
                              alive->visible = host_.server.revision();
                              alive->waiter.wake();
                            });
    }
    feeds_.push_back(feed);
    result.stream = std::make_unique<FedStream>(*this, std::move(feed), asked_seconds(target));
  }
  co_return std::move(result);
}

}  // namespace sim
