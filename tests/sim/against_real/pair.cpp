#include "sim/against_real/pair.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kube/watch/watch_decoder.h"
#include "sim/against_real/compared.h"
#include "sim/against_real/explained.h"
#include "sim/api_server.h"
#include "sim/json_value.h"

namespace against_real {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kUser = "local-registry-operator";  // also the user of the kubeconfig
constexpr auto kPatience = 30s;
constexpr std::size_t kMostEvents = 1000;

base::Time wall_time() {
  return std::chrono::time_point_cast<base::Time::duration>(std::chrono::system_clock::now());
}

struct Pair {
  Pair(kube::Transport& transport, Report& counts, const Place& place, std::uint64_t seed)
      : real_server(transport),
        report(counts),
        real(place.space, place.first_port),
        fake(place.space, place.first_port),
        fake_server(wall_time, seed) {
    fake_server.default_storage_class = "standard";
    fake_server.fixed_storage_classes = {"other"};
  }

  kube::Transport& real_server;
  Report& report;
  Memory real;
  Memory fake;
  sim::ApiServer fake_server;
};

asio::awaitable<kube::Response> ask(kube::Transport& transport, kube::Request request) {
  base::Result<kube::Response> answer = co_await transport.send(std::move(request));
  if (!answer) throw std::runtime_error("no answer: " + base::to_string(answer.error()));
  co_return *std::move(answer);
}

std::string described(const kube::Request& request) {
  return fmt::format("{} {} {} {}", kube::name(request.method), request.target,
                     request.content_type, request.body);
}

std::optional<Difference> judge(Report& report, std::string request, std::string real,
                                std::string fake) {
  if (real == fake) return std::nullopt;
  if (const auto names = explained(real, fake)) {
    report.count_explained(*names);
    return std::nullopt;
  }
  return Difference{0, std::move(request), std::move(real), std::move(fake)};
}

asio::awaitable<std::optional<Difference>> do_step(Pair& pair, Step step) {
  kube::Request to_real = pair.real.fill(step);
  const kube::Request sent = to_real;
  const kube::Response fake_answer = pair.fake_server.handle(pair.fake.fill(step), kUser);
  const kube::Response real_answer = co_await ask(pair.real_server, std::move(to_real));
  pair.report.count_request(sent, real_answer.status);
  std::string real = pair.real.canonical(real_answer);
  std::string fake = pair.fake.canonical(fake_answer);
  pair.real.see(real_answer);
  pair.fake.see(fake_answer);
  co_return judge(pair.report, described(sent), std::move(real), std::move(fake));
}

std::string watch_target(const WatchPlan& plan) {
  const std::string& target = plan.marker.target;
  return target.substr(0, target.find('?')) + "?watch=true&timeoutSeconds=10&" + plan.query;
}

bool is_end(const std::string& event) {
  return event.find(fmt::format(R"("name":"{}")", kMarker)) != std::string::npos;
}

asio::awaitable<std::vector<std::string>> watch_real(Pair& pair, kube::Request request) {
  std::vector<std::string> events;
  base::Result<kube::Opened> opened = co_await pair.real_server.open(std::move(request));
  if (!opened) throw std::runtime_error("no watch: " + base::to_string(opened.error()));
  if (!opened->stream) co_return std::vector{pair.real.canonical(opened->head)};
  kube::LineSplitter lines;
  while (events.size() < kMostEvents) {
    base::Result<std::string> bytes = co_await opened->stream->read(12s);
    if (!bytes || bytes->empty()) co_return events;
    lines.feed(*bytes);
    while (std::optional<base::Result<std::string>> line = lines.next()) {
      events.push_back(pair.real.canonical_event(**line));
      if (is_end(events.back())) co_return events;
    }
  }
  co_return events;
}

std::vector<std::string> watch_fake(Pair& pair, const kube::Request& request) {
  std::vector<std::string> events;
  const sim::OpenedWatch opened = pair.fake_server.watch(request);
  if (!opened.watch) return {pair.fake.canonical(opened.head)};
  while (const std::shared_ptr<const std::string> line = opened.watch->next(sim::kLatest)) {
    events.push_back(pair.fake.canonical_event(*line));
  }
  return events;
}

// Returns the objects that a client knows after these events. The cache that serves the initial
// events may lag behind; some objects are then reported twice.
std::vector<std::string> known_after(const std::vector<std::string>& events) {
  std::map<std::string, std::string> objects;
  for (const std::string& event : events) {
    sim::Document document;
    document.Parse(event.c_str());
    if (document.HasParseError()) return events;
    const std::string name(sim::text_at(document, {"object", "metadata", "name"}));
    objects[name] = sim::text_at(document, {"type"}) == "DELETED"
                        ? ""
                        : sim::write(*sim::find(document, "object"));
  }
  std::vector<std::string> known;
  for (const auto& [name, object] : objects) {
    if (!object.empty()) known.push_back(object);
  }
  return known;
}

std::string compared(const WatchPlan& plan, const std::vector<std::string>& events) {
  std::string text;
  for (const std::string& event : plan.initial ? known_after(events) : events) text += event + "\n";
  return text;
}

asio::awaitable<std::optional<Difference>> do_watch(Pair& pair, WatchPlan plan) {
  std::optional<Difference> difference = co_await do_step(pair, plan.marker);
  if (difference) co_return difference;
  if (!pair.fake_server.find(plan.plural, pair.fake.marker_key())) co_return std::nullopt;
  const Step step{kube::Method::kGet, watch_target(plan)};
  kube::Request to_real = pair.real.fill(step);
  const std::string request = described(to_real);
  std::string fake = compared(plan, watch_fake(pair, pair.fake.fill(step)));
  const std::vector<std::string> events = co_await watch_real(pair, std::move(to_real));
  pair.report.count_watch(events.size());
  co_return judge(pair.report, request, compared(plan, events), std::move(fake));
}

kube::Request own_request(kube::Method method, std::string target, std::string body) {
  kube::Request request;
  request.method = method;
  request.target = std::move(target);
  if (!body.empty()) {
    request.content_type =
        method == kube::Method::kPatch ? "application/merge-patch+json" : "application/json";
  }
  request.body = std::move(body);
  request.timeout = kPatience;
  return request;
}

// Deletes the Services of a sequence, because there are only few node ports.
asio::awaitable<void> give_back(kube::Transport& transport, std::string space) {
  for (const char* name : {"registry", "other", "third", "dev", kMarker}) {
    const std::string target = fmt::format("/api/v1/namespaces/{}/services/{}", space, name);
    kube::Request patch =
        own_request(kube::Method::kPatch, target, R"({"metadata":{"finalizers":null}})");
    const kube::Response answer = co_await ask(transport, std::move(patch));
    if (answer.status == 404) continue;
    kube::Request remove = own_request(kube::Method::kDelete, target, "");
    co_await ask(transport, std::move(remove));
  }
}

// Creates the default service account, as a controller does in every namespace: pods are refused
// without it.
asio::awaitable<void> make_service_account(kube::Transport& transport, std::string space,
                                           const std::vector<Step>& steps) {
  const bool wanted = std::any_of(steps.begin(), steps.end(), [](const Step& step) {
    return step.target.find("/pods") != std::string::npos;
  });
  if (!wanted) co_return;
  kube::Request request =
      own_request(kube::Method::kPost, fmt::format("/api/v1/namespaces/{}/serviceaccounts", space),
                  R"({"metadata":{"name":"default"}})");
  co_await ask(transport, std::move(request));
}

}  // namespace

asio::awaitable<std::optional<Difference>> compare(kube::Transport& real, Report& report,
                                                   Sequence sequence, Place place) {
  Pair pair(real, report, place, sequence.seed);
  const Step begin{kube::Method::kPost, "/api/v1/namespaces?fieldManager=m", "application/json",
                   R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"@ns@"}})"};
  std::optional<Difference> difference = co_await do_step(pair, begin);
  co_await make_service_account(real, place.space, sequence.steps);
  const std::string start = "@rv:Namespace/" + place.space + "@";
  pair.real.start_at(pair.real.fill(start));
  pair.fake.start_at(pair.fake.fill(start));
  std::size_t number = 0;
  while (!difference && number < sequence.steps.size()) {
    difference = co_await do_step(pair, sequence.steps[number]);
    if (!difference) ++number;
  }
  if (!difference) difference = co_await do_watch(pair, sequence.watch);
  if (difference) difference->step = number;
  co_await give_back(real, place.space);
  report.count_sequence();
  co_return difference;
}

}  // namespace against_real
