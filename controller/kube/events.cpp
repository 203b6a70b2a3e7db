#include "kube/events.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "async/parallel.h"
#include "base/backoff.h"
#include "base/text/dns_name.h"
#include "base/text/quote.h"
#include "kube/hash.h"

namespace kube {
namespace asio = boost::asio;

namespace {

constexpr std::string_view kDefaultNamespace = "default";  // for cluster-scoped objects
constexpr std::string_view kCombined = "(combined from similar events): ";
constexpr std::size_t kHexDigits = 16;       // in the name of an Event
constexpr std::size_t kInstanceBytes = 128;  // longest reportingInstance
constexpr auto kSweep = std::chrono::minutes(1);
constexpr auto kMinPause = base::Clock::Duration(std::chrono::milliseconds(100));
constexpr int kPauseFactor =
    9;  // the pause after an event is this many times as long as its request took
constexpr std::size_t kAmpleFreeSlots =
    limits::kEventQueue / 5;  // with fewer free slots, pauses get shorter
constexpr auto kMaxPause = base::Clock::Duration(std::chrono::seconds(1));
constexpr base::BackoffPolicy kSendBackoff = {std::chrono::seconds(1), std::chrono::seconds(10),
                                              std::chrono::minutes(1)};

std::string object_of(const api::ObjectReference& regarding) {
  return fmt::format("{}/{}/{}/{}", regarding.kind, regarding.namespace_name, regarding.name,
                     regarding.uid);
}

std::string event_name(const std::string& object, base::Random& random) {
  std::string prefix = object.substr(0, base::kDnsSubdomainBytes - kHexDigits - 1);
  while (!prefix.empty() && (prefix.back() == '.' || prefix.back() == '-')) prefix.pop_back();
  return fmt::format("{}.{:016x}", prefix, random.between(0, UINT64_MAX));
}

// Returns the body of a patch: the series is the only field of an Event that may change.
api::Event series_patch(const api::Event& event) {
  api::Event patch;
  patch.series = event.series;
  return patch;
}

}  // namespace

api::ObjectReference reference_to(const api::ResourceType& type, const api::ObjectMeta& meta) {
  api::ObjectReference reference;
  reference.api_version = api::api_version(type);
  reference.kind = type.kind;
  reference.namespace_name = meta.namespace_name;
  reference.name = meta.name;
  reference.uid = meta.uid;
  reference.resource_version = meta.resource_version;
  return reference;
}

EventSeriesTable::EventSeriesTable(std::string_view instance, base::Random& random)
    : instance_(base::cut_line(instance, kInstanceBytes)), random_(random) {}

std::optional<EventWrite> EventSeriesTable::add(const Occurrence& occurrence, Instant now,
                                                base::Time wall) {
  forget_old(now);
  const std::string about = object_of(occurrence.regarding);
  const Hash object = hash(about);
  const std::string similar =
      fmt::format("{}\n{}\n{}", about, occurrence.reason, static_cast<int>(occurrence.type));
  const Hash identity = hash(similar + "\n" + occurrence.note);
  if (Series* series = find(identity, now)) return repeat(*series, occurrence, false, now, wall);
  if (may_write(object, now)) return begin(identity, object, occurrence, false, now, wall);
  const Hash combined = hash(similar);
  if (Series* series = find(combined, now)) return repeat(*series, occurrence, true, now, wall);
  return begin(combined, object, occurrence, true, now, wall);
}

std::vector<EventWrite> EventSeriesTable::due(Instant now, bool all) {
  std::vector<EventWrite> writes;
  for (auto& [identity, series] : series_) {
    if (!series.unwritten || (!all && !may_write(series.object, now))) continue;
    count_write(series, now);
    EventWrite write{false, {}};
    write.event.metadata.namespace_name = series.namespace_name;
    write.event.metadata.name = series.name;
    write.event.series = series.series;
    writes.push_back(std::move(write));
  }
  return writes;
}

std::optional<EventSeriesTable::Instant> EventSeriesTable::next_due() const {
  std::optional<Instant> next;
  for (const auto& [identity, series] : series_) {
    if (!series.unwritten) continue;
    const auto written = writes_.find(series.object);
    if (written == writes_.end()) return Instant();
    const Instant free = written->second.front() + limits::kEventSeriesWindow;
    next = next ? std::min(*next, free) : free;
  }
  return next;
}

// Returns the series with this identity; null when there is none, or when it has ended.
EventSeriesTable::Series* EventSeriesTable::find(Hash identity, Instant now) {
  const auto known = series_.find(identity);
  if (known == series_.end()) return nullptr;
  const Series& series = known->second;
  const bool ended = !series.unwritten && now - series.last >= limits::kEventSeriesWindow;
  return ended ? nullptr : &known->second;
}

EventWrite EventSeriesTable::begin(Hash identity, Hash object, const Occurrence& occurrence,
                                   bool combined, Instant now, base::Time wall) {
  Series series;
  series.object = object;
  series.namespace_name = occurrence.regarding.namespace_name.empty()
                              ? std::string(kDefaultNamespace)
                              : occurrence.regarding.namespace_name;
  series.name = event_name(occurrence.regarding.name, random_);
  series.series.count = 1;
  series.last = now;
  count_write(series, now);
  EventWrite write{true, event_of(series, occurrence, combined, wall)};
  series_.insert_or_assign(identity, std::move(series));
  return write;
}

std::optional<EventWrite> EventSeriesTable::repeat(Series& series, const Occurrence& occurrence,
                                                   bool combined, Instant now, base::Time wall) {
  series.last = now;
  ++series.series.count;
  series.series.last_observed_time = {wall};
  series.unwritten = true;
  if (!may_write(series.object, now)) return std::nullopt;
  count_write(series, now);
  return EventWrite{false, event_of(series, occurrence, combined, wall)};
}

api::Event EventSeriesTable::event_of(const Series& series, const Occurrence& occurrence,
                                      bool combined, base::Time wall) const {
  api::Event event;
  event.metadata.name = series.name;
  event.metadata.namespace_name = series.namespace_name;
  event.event_time = {wall};
  if (series.series.count > 1) event.series = series.series;
  event.reporting_controller = kFieldManager;
  event.reporting_instance = instance_;
  event.action = occurrence.action;
  event.reason = occurrence.reason;
  event.regarding = occurrence.regarding;
  const std::string note = combined ? std::string(kCombined) + occurrence.note : occurrence.note;
  event.note = base::cut_line(note, limits::kEventNoteBytes);
  event.type = occurrence.type == EventType::kWarning ? "Warning" : "Normal";
  return event;
}

void EventSeriesTable::count_write(Series& series, Instant now) {
  series.unwritten = false;
  std::vector<Instant>& times = writes_[series.object];
  if (times.size() >= limits::kEventSeriesBurst) times.erase(times.begin());
  times.push_back(now);
}

bool EventSeriesTable::may_write(Hash object, Instant now) const {
  const auto written = writes_.find(object);
  if (written == writes_.end() || written->second.size() < limits::kEventSeriesBurst) return true;
  return now - written->second.front() >= limits::kEventSeriesWindow;
}

// Drops ended series, at most once in kSweep or when the table is full. If the table is then still
// full, drops the older half of its series, too.
void EventSeriesTable::forget_old(Instant now) {
  const bool full = series_.size() >= limits::kEventSeries;
  if (!full && now - swept_ < kSweep) return;
  swept_ = now;
  Instant kept_since = now - limits::kEventSeriesWindow;
  std::erase_if(writes_, [&](const auto& entry) { return entry.second.back() <= kept_since; });
  std::erase_if(series_, [&](const auto& entry) {
    return !entry.second.unwritten && entry.second.last <= kept_since;
  });
  if (series_.size() < limits::kEventSeries) return;
  std::vector<Instant> times;
  for (const auto& [identity, series] : series_) times.push_back(series.last);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  kept_since = *middle;
  std::erase_if(series_, [&](const auto& entry) { return entry.second.last <= kept_since; });
}

EventRecorder::EventRecorder(const Environment& environment, std::string_view instance)
    : environment_(environment),
      table_(instance, environment_.random),
      changed_(environment.executor) {}

void EventRecorder::record(const Occurrence& occurrence) {
  std::optional<EventWrite> write =
      table_.add(occurrence, environment_.clock.now(), environment_.clock.wall());
  if (write) enqueue(*std::move(write));
  changed_.notify();  // a series may be due before the time that run() waits for
}

void EventRecorder::enqueue(EventWrite write) {
  if (queue_.size() >= limits::kEventQueue) {
    ++dropped_;
    return;
  }
  queue_.push_back(std::move(write));
}

void EventRecorder::report_dropped() {
  const std::uint64_t more = dropped_ - std::exchange(reported_dropped_, dropped_);
  if (more == 0) return;
  environment_.logger.warning(
      "dropped Events, because they were recorded faster than they can be sent",
      {{"events", std::to_string(more)}});
}

asio::awaitable<void> EventRecorder::run() {
  while (true) {
    co_await send_queue(SendMode::kYielding);
    report_dropped();
    const base::Clock::Instant now = environment_.clock.now();
    for (EventWrite& write : table_.due(now)) enqueue(std::move(write));
    if (!queue_.empty()) continue;
    const std::optional<base::Clock::Instant> next = table_.next_due();
    if (next) {
      co_await changed_.wait_for(environment_.clock, std::max(*next - now, kMinPause));
    } else {
      co_await changed_.wait();
    }
  }
}

asio::awaitable<void> EventRecorder::flush(base::Clock::Duration max) {
  for (EventWrite& write : table_.due(environment_.clock.now(), true)) {
    enqueue(std::move(write));
  }
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(send_queue(SendMode::kUrgent));
  branches.push_back(environment_.clock.sleep_for(max));
  co_await async::run_until_one_ends(std::move(branches));
}

base::Clock::Duration EventRecorder::pause_after(base::Clock::Duration took) const {
  const std::size_t room = std::min(limits::kEventQueue - queue_.size(), kAmpleFreeSlots);
  const auto share = static_cast<double>(room) / kAmpleFreeSlots;
  const std::chrono::duration<double, base::Clock::Duration::period> pause =
      kPauseFactor * share * took;
  return std::min(std::chrono::duration_cast<base::Clock::Duration>(pause), kMaxPause);
}

// An event stays in the queue until it is sent. So flush() can still send an event that run() was
// sending when run() was cancelled.
asio::awaitable<void> EventRecorder::send_queue(SendMode mode) {
  base::Backoff backoff(kSendBackoff);
  int tries = 0;
  while (!queue_.empty()) {
    EventWrite write = queue_.front();
    const std::string about = write.event.regarding.name;
    const base::Clock::Instant begin = environment_.clock.now();
    const base::Result<void> sent = co_await send(std::move(write));
    if (!sent && sent.error().transient() && ++tries < limits::kEventTries) {
      co_await environment_.clock.sleep_for(
          backoff.next(environment_.random, environment_.clock.now()));
      continue;
    }
    queue_.pop_front();
    tries = 0;
    backoff.reset();
    if (sent) {
      ++sent_;
    } else {
      ++failed_;
      environment_.logger.warning("cannot send an Event",
                                  {{"about", about}, {"why", base::to_string(sent.error())}});
    }
    const base::Clock::Duration rest = pause_after(environment_.clock.now() - begin);
    if (mode == SendMode::kYielding && rest > base::Clock::Duration::zero()) {
      co_await environment_.clock.sleep_for(rest);
    }
  }
}

asio::awaitable<base::Result<void>> EventRecorder::send(EventWrite write) {
  if (!write.create) {
    Awaitable<api::Event> patching = environment_.client.patch<api::Event>(
        api::key_of(write.event.metadata), json::encode(series_patch(write.event)));
    const base::Result<api::Event> patched = co_await std::move(patching);
    if (patched) co_return base::Result<void>();
    const bool gone = patched.error().code == base::ErrorCode::kNotFound;
    if (!gone || write.event.reason.empty()) co_return patched.error();
  }
  Awaitable<api::Event> creating = environment_.client.create(write.event);
  const base::Result<api::Event> created = co_await std::move(creating);
  // An earlier attempt whose answer was lost may have created the Event.
  if (created || created.error().code == base::ErrorCode::kAlreadyExists) {
    co_return base::Result<void>();
  }
  co_return created.error();
}

}  // namespace kube
