#include "kube/watch/watcher.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "kube/status.h"
#include "kube/watch/store.h"

namespace kube {
namespace asio = boost::asio;

namespace {

// A watch that ends sooner than this without an event is a failure: the next attempt backs off.
constexpr auto kShortestWatch = std::chrono::seconds(1);

RestartReason reason_of(WatcherState state, base::ErrorCode code) {
  const bool open = state == WatcherState::kStreaming || state == WatcherState::kWatching;
  switch (code) {
    case base::ErrorCode::kGone: return RestartReason::kExpired;
    case base::ErrorCode::kNotFound: return RestartReason::kMissing;
    case base::ErrorCode::kUnauthorized: return RestartReason::kUnauthorized;
    case base::ErrorCode::kForbidden: return RestartReason::kForbidden;
    case base::ErrorCode::kTooManyRequests: return RestartReason::kThrottled;
    // An API server with etcd before 3.4.25 accepts the stream and refuses it in an ERROR event.
    case base::ErrorCode::kUnavailable:
      return state == WatcherState::kStreaming ? RestartReason::kNoStreaming
                                               : RestartReason::kServer;
    case base::ErrorCode::kTimeout: return open ? RestartReason::kSilence : RestartReason::kNetwork;
    case base::ErrorCode::kNetwork:
    case base::ErrorCode::kTls: return RestartReason::kNetwork;
    case base::ErrorCode::kInvalid:
      return state == WatcherState::kStart ? RestartReason::kNoStreaming : RestartReason::kOther;
    default: return RestartReason::kOther;
  }
}

// Returns the state in which to continue after an error that leaves the received objects valid.
WatcherState resumed(WatcherState state) {
  switch (state) {
    case WatcherState::kListing: return WatcherState::kListing;
    case WatcherState::kListed:
    case WatcherState::kWatching: return WatcherState::kListed;
    default: return WatcherState::kStart;
  }
}

// Returns true for the type of a CRD: built-in groups have no dot or end in k8s.io.
bool is_custom(const api::ResourceType& type) {
  constexpr std::string_view kBuiltIn = "k8s.io";
  return type.group.find('.') != std::string_view::npos && !type.group.ends_with(kBuiltIn);
}

std::string explain(const api::ResourceType& type, const base::Error& error) {
  if (is_missing_type(error) && is_custom(type)) return "the CRD is not installed";
  return base::to_string(error);
}

// Returns true for problems that an administrator has to solve; the others are often temporary.
bool needs_administrator(RestartReason reason) {
  return reason == RestartReason::kMissing || reason == RestartReason::kForbidden ||
         reason == RestartReason::kUnauthorized;
}

// Returns the name of an object that cannot be decoded, for the log.
std::string name_of(json::View object) {
  const auto metadata = object.find("metadata");
  const auto found = metadata ? metadata->find("name") : std::nullopt;
  return found && found->kind() == json::Kind::kString ? std::string(found->string()) : "";
}

// Closes the stream when run() is cancelled, since the Watcher may live longer than run().
struct StreamCloser {
  std::unique_ptr<Stream>& stream;
  ~StreamCloser() { stream.reset(); }
};

}  // namespace

std::string_view name(RestartReason reason) {
  switch (reason) {
    case RestartReason::kEnded: return "ended";
    case RestartReason::kExpired: return "expired";
    case RestartReason::kSilence: return "silence";
    case RestartReason::kNetwork: return "network";
    case RestartReason::kThrottled: return "throttled";
    case RestartReason::kUnauthorized: return "unauthorized";
    case RestartReason::kForbidden: return "forbidden";
    case RestartReason::kMissing: return "missing";
    case RestartReason::kNoStreaming: return "no-streaming";
    case RestartReason::kServer: return "server";
    case RestartReason::kRoom: return "room";
    case RestartReason::kOther: return "other";
  }
  return "other";
}

Recovery recover(WatcherState state, const base::Error& error) {
  const RestartReason reason =
      is_missing_type(error) ? RestartReason::kMissing : reason_of(state, error.code);
  switch (reason) {
    case RestartReason::kNoStreaming: return {WatcherState::kStart, reason, false};
    case RestartReason::kExpired:
    case RestartReason::kMissing: return {WatcherState::kStart, reason, true};
    case RestartReason::kOther:
      // Request a smaller page when a page is too large; fail() halves its size.
      if (state == WatcherState::kListing && error.code == base::ErrorCode::kTooLarge) {
        return {WatcherState::kListing, reason, true};
      }
      return {WatcherState::kStart, reason, true};
    default: return {resumed(state), reason, true};
  }
}

Watcher::Watcher(const Environment& environment, WatchTarget target, WatchSink& sink,
                 WatchObserver* observer)
    : environment_(environment),
      target_(std::move(target)),
      sink_(sink),
      observer_(observer),
      sieve_(*target_.shape, target_.object_bytes, json::Sieve::Input::kLines),
      backoff_(limits::kWatchBackoff) {}

asio::awaitable<void> Watcher::run() {
  const StreamCloser closer{stream_};
  while (true) co_await step();
}

asio::awaitable<void> Watcher::step() {
  switch (state_) {
    case WatcherState::kStart: return start();
    case WatcherState::kListing: return list_page();
    case WatcherState::kListed: return open_watch();
    case WatcherState::kStreaming:
    case WatcherState::kWatching: return read_events();
  }
  return start();
}

asio::awaitable<void> Watcher::start() {
  sink_.begin_relist();
  continue_token_.clear();
  if (!streams_lists_) {
    state_ = WatcherState::kListing;
    co_return;
  }
  const base::Result<void> opened = co_await connect(true);
  if (opened) {
    state_ = WatcherState::kStreaming;
  } else {
    co_await fail(opened.error());
  }
}

asio::awaitable<void> Watcher::list_page() {
  ListOptions options;
  options.namespace_name = target_.namespace_name;
  options.label_selector = target_.label_selector;
  options.field_selector = target_.field_selector;
  options.limit = page_;
  options.continue_token = continue_token_;
  // Read the page as a stream, since a page of large objects does not fit into memory.
  Awaitable<std::unique_ptr<Stream>> opening =
      environment_.client.open(target_.type, list_request(target_.type, options));
  base::Result<std::unique_ptr<Stream>> opened = co_await std::move(opening);
  if (!opened) {
    co_await fail(opened.error());
    co_return;
  }
  begin_stream(*std::move(opened), json::Sieve::Input::kPage);
  auto reading = read_page();
  const base::Result<void> handled = co_await std::move(reading);
  stream_.reset();
  if (!handled) co_await fail(handled.error());
}

asio::awaitable<base::Result<void>> Watcher::read_page() {
  page_ended_ = false;
  while (true) {
    const base::Result<std::string> bytes = co_await stream_->read(limits::kRequestTimeout);
    if (!bytes) co_return bytes.error();
    if (bytes->empty()) break;
    base::Result<void> handled = handle_bytes(*bytes);
    if (!handled) co_return handled;
  }
  // The body ended before the list was complete.
  if (!page_ended_)
    co_return base::Error{base::ErrorCode::kMalformed, "the API server's answer is not a list"};
  if (!continue_token_.empty()) co_return base::Result<void>();
  base::Result<void> complete = listed(std::move(resource_version_));
  if (complete) state_ = WatcherState::kListed;
  co_return complete;
}

// Takes the metadata of the list from `page`, which is {"metadata":…} (json::Sieve).
base::Result<void> Watcher::end_page(json::View page) {
  const std::optional<json::View> meta = page.find("metadata");
  if (!meta)
    return base::Error{base::ErrorCode::kMalformed, "the API server's answer is not a list"};
  base::Result<ListMeta> read = json::decode<ListMeta>(*meta);
  if (!read) return read.error();
  continue_token_ = std::move(read->continue_token);
  resource_version_ = std::move(read->resource_version);
  page_ended_ = true;
  return {};
}

asio::awaitable<void> Watcher::open_watch() {
  const base::Result<void> opened = co_await connect(false);
  if (opened) {
    state_ = WatcherState::kWatching;
    report_recovery();
  } else {
    co_await fail(opened.error());
  }
}

asio::awaitable<base::Result<void>> Watcher::connect(bool send_initial_events) {
  WatchOptions options;
  options.namespace_name = target_.namespace_name;
  options.label_selector = target_.label_selector;
  options.field_selector = target_.field_selector;
  options.send_initial_events = send_initial_events;
  if (!send_initial_events) options.resource_version = resource_version_;
  using std::chrono::seconds;
  options.timeout = seconds(environment_.random.between(
      static_cast<std::uint64_t>(seconds(limits::kMinWatchTimeout).count()),
      static_cast<std::uint64_t>(seconds(limits::kMaxWatchTimeout).count())));
  Awaitable<std::unique_ptr<Stream>> opening =
      environment_.client.open(target_.type, watch_request(target_.type, options));
  base::Result<std::unique_ptr<Stream>> opened = co_await std::move(opening);
  if (!opened) co_return opened.error();
  begin_stream(*std::move(opened), json::Sieve::Input::kLines);
  relist_ = false;
  opened_ = environment_.clock.now();
  received_ = false;
  co_return base::Result<void>();
}

asio::awaitable<void> Watcher::read_events() {
  const base::Result<std::string> bytes = co_await stream_->read(limits::kWatchSilence);
  if (!bytes) {
    co_await fail(bytes.error());
    co_return;
  }
  if (bytes->empty()) {
    co_await end_of_watch();
    co_return;
  }
  const base::Result<void> handled = handle_bytes(*bytes);
  if (!handled) {
    co_await fail(handled.error());
  } else if (relist_) {
    stream_.reset();
    state_ = WatcherState::kStart;
    count(RestartReason::kRoom);
  }
}

// Handles the regular end of a watch by the server.
asio::awaitable<void> Watcher::end_of_watch() {
  const bool too_short =
      !received_ && environment_.clock.now() - opened_ < base::Clock::Duration(kShortestWatch);
  if (state_ == WatcherState::kStreaming || too_short) {
    base::Error error{base::ErrorCode::kNetwork, "the API server ended the watch too early"};
    co_await fail(std::move(error));
    co_return;
  }
  stream_.reset();
  state_ = WatcherState::kListed;
  count(RestartReason::kEnded);
}

asio::awaitable<void> Watcher::fail(base::Error error) {
  const Recovery recovery = recover(state_, error);
  stream_.reset();
  state_ = recovery.next;
  if (recovery.reason == RestartReason::kNoStreaming) {
    // If the watcher already lists in pages, there is no other way to list: report the problem.
    if (!std::exchange(streams_lists_, false)) report_problem(RestartReason::kOther, error);
  } else {
    report_problem(recovery.reason, error);
  }
  if (error.code == base::ErrorCode::kTooLarge) page_ = std::max(1, page_ / 2);
  count(recovery.reason);
  if (!recovery.back_off) co_return;
  const std::chrono::milliseconds delay =
      backoff_.next(environment_.random, environment_.clock.now());
  const std::chrono::milliseconds asked =
      error.retry_after.value_or(std::chrono::milliseconds::zero());
  co_await environment_.clock.sleep_for(std::max(delay, asked));
}

void Watcher::begin_stream(std::unique_ptr<Stream> stream, json::Sieve::Input input) {
  stream_ = std::move(stream);
  sieve_ = json::Sieve(*target_.shape, target_.object_bytes, input);
  lines_ = LineSplitter();
}

base::Result<void> Watcher::handle_bytes(std::string_view bytes) {
  std::string lines;
  sieve_.feed(bytes, lines);
  lines_.feed(lines);
  while (std::optional<base::Result<std::string>> line = lines_.next()) {
    received_ = true;
    if (!*line) {
      skip(line->error());
      continue;
    }
    const base::Result<WatchEvent> event = WatchEvent::parse(**std::move(line));
    if (!event) {
      skip(event.error());
      continue;
    }
    base::Result<void> handled = handle(*event);
    if (!handled) return handled;
  }
  return {};
}

base::Result<void> Watcher::handle(const WatchEvent& event) {
  if (event.type() == WatchEventType::kError) {
    return error_of_event(event.object(), qualified_name(target_.type));
  }
  std::string resource_version = event.resource_version();
  if (state_ == WatcherState::kStreaming && event.ends_initial_events()) {
    base::Result<void> complete = listed(std::move(resource_version));
    if (complete) state_ = WatcherState::kWatching;
    return complete;
  }
  base::Result<void> done;
  switch (event.type()) {
    case WatchEventType::kAdded:
    case WatchEventType::kModified: done = sink_.put(event.object()); break;
    case WatchEventType::kDeleted: done = sink_.erase(event.object()); break;
    case WatchEventType::kPage: return end_page(event.object());
    default:
      sink_.progress(revision_of(resource_version));
      relist_ = state_ == WatcherState::kWatching && sink_.wants_relist();
      break;
  }
  if (!done) skip(done.error(), name_of(event.object()));
  if (state_ == WatcherState::kWatching && revision_of(resource_version) != 0) {
    resource_version_ = std::move(resource_version);
  }
  return {};
}

base::Result<void> Watcher::listed(std::string resource_version) {
  const std::uint64_t revision = revision_of(resource_version);
  if (revision == 0)
    return base::Error{base::ErrorCode::kMalformed, "the list has no resourceVersion"};
  resource_version_ = std::move(resource_version);
  synced_ = true;
  sink_.end_relist(revision);
  report_recovery();
  return {};
}

void Watcher::skip(const base::Error& error, std::string object) {
  if (observer_ != nullptr) observer_->malformed(target_.type);
  const std::string text = base::to_string(error);
  if (std::exchange(skipped_, text) == text) return;
  environment_.logger.warning(
      "skipped an object that cannot be read",
      {{"resource", qualified_name(target_.type)}, {"object", std::move(object)}, {"why", text}});
}

void Watcher::count(RestartReason reason) {
  if (observer_ != nullptr) observer_->restarted(target_.type, reason);
}

void Watcher::report_recovery() {
  failures_ = 0;
  reported_problem_.reset();
  set_waiting_for("");
}

// Reports a problem in waiting_for(), once for each reason. A synced watcher reports its first
// failure only if an administrator has to solve it: other problems are often temporary.
void Watcher::report_problem(RestartReason reason, const base::Error& error) {
  ++failures_;
  environment_.logger.debug("watch interrupted", {{"resource", qualified_name(target_.type)},
                                                  {"reason", std::string(name(reason))},
                                                  {"why", base::to_string(error)}});
  if (reported_problem_ == reason || (failures_ < 2 && synced_ && !needs_administrator(reason)))
    return;
  reported_problem_ = reason;
  set_waiting_for(explain(target_.type, error));
}

void Watcher::set_waiting_for(std::string text) {
  if (text == waiting_for_) return;
  waiting_for_ = std::move(text);
  const std::string resource = qualified_name(target_.type);
  environment_.logger.debug("watch problem", {{"resource", resource}, {"reason", waiting_for_}});
  if (observer_ != nullptr) observer_->waiting(target_.type, waiting_for_);
}

}  // namespace kube
