#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/local_registry.h"
#include "sim/read.h"
#include "sim/seeded_random.h"
#include "sim/webhooks.h"

namespace sim {
namespace {

constexpr std::size_t kContestedWrites = 10;  // by the operator to one contested object in an hour
constexpr std::string_view kKubelet = "kubelet";
constexpr int kForeignPort = 80;           // to which another client moves the Service's port
constexpr std::size_t kHealsToNotice = 7;  // after a start, until it notices the contest
// The longest backoff, plus the time to notice the end of the contest, with a clock that runs too
// slow.
constexpr auto kContestsEnd = 130min;

}  // namespace

kube::Response refusal(int code, std::string_view reason, std::string_view message) {
  kube::Response response;
  response.status = code;
  response.body = fmt::format(
      R"({{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"{}",)"
      R"("reason":"{}","details":{{"name":"registry"}},"code":{}}})",
      message, reason, code);
  return response;
}

World::World(const WorldOptions& options)
    : scheduler(options.seed),
      chance(options.seed ^ 0x9e3779b97f4a7c15ULL),
      trace(options.keep_trace),
      server(
          [this] {
            return base::Time(std::chrono::seconds(1'800'000'000)) +
                   std::chrono::duration_cast<std::chrono::microseconds>(scheduler.now() -
                                                                         base::Clock::Instant());
          },
          options.seed ^ 0xbf58476d1ce4e5b9ULL),
      oracles(server, scheduler),
      controllers(server, chance),
      options_(options) {
  seed_openssl(options.seed ^ 0xd6e8feb86659fd93ULL);
  server.on_change = [this](const Change& change) { changed(change); };
  server.admit = [this](const Admission& admission) -> std::optional<kube::Response> {
    if (refuse) return refuse(admission);
    return std::nullopt;
  };
  server.mutate = [this](const Admission& admission) { return mutated(admission); };
  for (const std::string_view name : {kOwnNamespace, "team-a", "team-b", "team-c", "shared"}) {
    const bool is_closed = name == "team-b" || name == "team-c";
    create("namespaces", "",
           fmt::format(R"({{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{}",)"
                       R"("annotations":{{"localregistry.dev/allow-from":"{}"}}}}}})",
                       name, is_closed ? "" : "team-a"));
  }
  create("nodes", "",
         fmt::format(R"({{"apiVersion":"v1","kind":"Node","metadata":{{"name":"node-1"}},)"
                     R"("spec":{{"providerID":"{}"}}}})",
                     options.provider_id));
  if (options.webhook) install_webhook();
  for (int i = 0; i < options.replicas; ++i) start_replica(fmt::format("operator-{}", i));
}

World::~World() {
  on_start = nullptr;
  for (const auto& replica : replicas_) {
    if (!replica->done()) replica->crash();
  }
  scheduler.settle();
  for (int i = 0; i < 1000; ++i) {
    bury();
    if (replicas_.empty()) break;
    scheduler.step(scheduler.now() + 1s);
  }
}

// Applies `mutate` to the writes of all clients, and checks how often the operator writes mutated
// objects.
std::optional<std::string> World::mutated(const Admission& admission) {
  if (!mutate) return std::nullopt;
  std::optional<std::string> text = mutate(admission);
  const Object& object = *admission.after;
  if (text && admission.user.starts_with(kOperator)) {
    check_contested_writes(object, 1);
  }
  return text;
}

// Checks that the operator writes a contested object seldom, however long the contest lasts. A
// user's edit may cause one more write, and a start of the operator as many as it needs to notice
// the contest.
void World::check_contested_writes(const Object& object, std::size_t each_start) {
  const std::string name = object.plural + " " + api::to_string(object.key);
  const auto since = scheduler.now() - 1h;
  const auto drop_old = [since](std::deque<base::Clock::Instant>& times) {
    while (!times.empty() && times.front() < since) times.pop_front();
  };
  auto& times = contested_writes_[name];
  times.push_back(scheduler.now());
  for (auto* list : {&times, &edits_, &starts_}) drop_old(*list);
  if (times.size() <= kContestedWrites + edits_.size() + each_start * starts_.size()) return;
  oracles.violated(fmt::format("{} writes within an hour to the contested {}", times.size(), name));
}

void World::fight(Fight over) {
  was_contested_ = was_contested_ || over != Fight::kNone;
  const bool is_on = std::exchange(fight_, over) != Fight::kNone;
  if (!is_on && over != Fight::kNone) fight_on();
}

bool World::is_fought_over(const Object& object) const {
  if (fight_ == Fight::kPorts) return object.plural == "services";
  return fight_ == Fight::kReplicas &&
         (object.plural == "deployments" || object.plural == "statefulsets");
}

void World::fight_on() {
  if (fight_ == Fight::kNone) return;
  for (const char* plural : {"deployments", "statefulsets", "services"}) {
    const ObjectPtr object = server.find(plural, {"team-a", "registry"});
    if (!object || !is_fought_over(*object)) continue;
    std::string change = R"({"spec":{"replicas":0}})";
    if (fight_ == Fight::kPorts) {
      const auto ports = read<api::Service>(object).spec.ports;
      if (ports.size() != 1 || ports.front().port == kForeignPort) continue;
      change =
          fmt::format(R"({{"spec":{{"ports":[{{"name":"registry","port":{},"nodePort":{}}}]}}}})",
                      kForeignPort, ports.front().node_port);
    } else if (object->text.find("\"replicas\":1") == std::string::npos) {
      continue;
    }
    exchange(kube::Method::kPatch, path_of(plural, object->key) + "?fieldManager=scaler",
             "application/merge-patch+json", change, "scaler");
  }
  scheduler.after(5s, [this] { fight_on(); });
}

void World::end_contests() {
  was_contested_ = was_contested_ || mutate;
  mutate = nullptr;
  fight_ = Fight::kNone;
  if (std::exchange(was_contested_, false)) run_for(kContestsEnd);
}

void World::expect_contest_in_status() {
  const ObjectPtr object = server.find("localregistries", {"team-a", "dev"});
  if (object == nullptr || object->text.find("FieldOverridden") == std::string::npos) {
    oracles.violated("no status says that a field is contested");
  }
  if (object != nullptr && object->text.find("\"nodePort\":3") == std::string::npos) {
    oracles.violated("a field is contested, and the status has no node port");
  }
}

void World::set_buildkit_state(int restarts, const std::string& now, const std::string& before) {
  report_buildkit(R"("type":"Ready","status":"False","reason":"ContainersNotReady")",
                  fmt::format(R"("ready":false,"restartCount":{},"state":{},"lastState":{})",
                              restarts, now, before));
}

void World::set_buildkit_ready(int restarts) {
  report_buildkit(
      R"("type":"Ready","status":"True")",
      fmt::format(R"("ready":true,"restartCount":{},"state":{{"running":{{}}}})", restarts));
}

void World::report_buildkit(const std::string& condition, const std::string& container) {
  for (const ObjectPtr& object : server.all("pods")) {
    const auto& pod = read<Pod>(object);
    const bool is_child =
        object->key.namespace_name == "team-a" &&
        api::lookup(pod.metadata.labels, "app.kubernetes.io/instance") == "registry";
    if (!is_child || pod.metadata.deletion_timestamp) continue;
    patch("pods", object->key,
          fmt::format(
              R"({{"status":{{"conditions":[{{"type":"PodScheduled","status":"True"}},{{{}}}],)"
              R"("containerStatuses":[{{"name":"registry","image":"i","imageID":"","ready":true,)"
              R"("restartCount":0,"state":{{"running":{{}}}}}},{{"name":"buildkitd","image":"i",)"
              R"("imageID":"",{}}}]}}}})",
              condition, container),
          "status", kKubelet);
  }
}

void World::note_node_port() {
  const ObjectPtr object = server.find("localregistries", {"team-a", "dev"});
  noted_node_port_ = object ? read<api::LocalRegistry>(object).status.node_port : 0;
}

void World::expect_noted_node_port() {
  const ObjectPtr object = server.find("localregistries", {"team-a", "dev"});
  const int port = object ? read<api::LocalRegistry>(object).status.node_port : 0;
  if (port == noted_node_port_) return;
  oracles.violated(fmt::format("the node port {} has become {}", noted_node_port_, port));
}

void World::start_replica(const std::string& name) {
  starts_.push_back(scheduler.now());
  links_.push_back(std::make_unique<Link>(LinkHost{scheduler, server, chance, trace}, name));
  Link& link = *links_.back();
  ReplicaOptions replica;
  replica.name = name;
  replica.leader_elect = options_.leader_elect;
  if (options_.clock_skew > 0) {
    replica.clock_rate += options_.clock_skew * (double(chance.below(2001)) / 1000 - 1);
    replica.wall_offset = chance.between(-10min, 10min);
  }
  trace.add(scheduler.now(), fmt::format("{} starts", name));
  replicas_.push_back(std::make_unique<Replica>(LinkHost{scheduler, server, chance, trace}, link,
                                                replica, options_.seed + 7919 * ++started_));
  Replica* started = replicas_.back().get();
  // The link outlives its replica, because messages may still be on their way.
  link.crash = [this, &link] {
    if (Replica* alive = sender(link)) crash(*alive);
  };
  link.fate = [this, started](const kube::Request& request) {
    if (is_counted_write(request)) ++writes_sent_;
    return fate ? fate(*started, request) : Fate::kAnswered;
  };
  link.answered = [this](const kube::Request& request, const kube::Response& response) {
    const bool is_status = request.target.find("/status?") != std::string::npos;
    if (is_status && response.status == 422) {
      oracles.violated(fmt::format("a status was refused: {}", response.body));
    }
  };
  link.as_of = [this](const std::string& target) { return state_of_long_ago(plural_of(target)); };
  if (on_start) on_start(*started);
}

Revision World::state_of_long_ago(const std::string& plural) const {
  if (past.is_now() || (!past.plural.empty() && past.plural != plural)) return kLatest;
  if (past.before_deletion) {
    const auto deletion = deletions_.find(plural);
    return deletion == deletions_.end() ? kLatest : deletion->second - 1;
  }
  Revision revision = 1;
  for (const auto& [when, what] : history_) {
    if (when + past.ago <= scheduler.now()) revision = what;
  }
  return revision;
}

void World::changed(const Change& change) {
  const ObjectPtr& object = change.after ? change.after : change.before;
  if (trace.keeps()) {
    trace.add(scheduler.now(),
              fmt::format("  {} {} {} {} at {}", change.user, kube::name(change.method),
                          object->plural, api::to_string(object->key), change.revision));
  }
  trace.add_hidden(object->text);
  history_.emplace_back(scheduler.now(), change.revision);
  if (!change.after) deletions_[object->plural] = change.revision;
  if (is_fought_over(*object) && change.before && change.user.starts_with(kOperator)) {
    check_contested_writes(*object, kHealsToNotice);
  }
  if (history_.size() > 4096) history_.pop_front();
  oracles.changed(change);
  for (const auto& link : links_) link->changed(change);
  if (object->plural != "leases" && object->plural != "events") run_controllers();
}

// Lets the controllers act soon, and again while they have something to do.
void World::run_controllers() {
  if (std::exchange(controllers_wait_, true)) return;
  scheduler.after(chance.between(1ms, 50ms), [this] {
    controllers_wait_ = false;
    if (controllers.step()) run_controllers();
  });
}

void World::crash(Replica& replica, base::Clock::Duration restart_after) {
  if (replica.done()) return;
  trace.add(scheduler.now(), fmt::format("{} dies", replica.name()));
  // The coroutines of the replica are ended later, because one of them may be the caller.
  replica.link().die();
  scheduler.after({}, [this, &link = replica.link()] {
    if (Replica* dying = sender(link)) dying->crash();
  });
  scheduler.after(restart_after, [this, name = replica.name()] { start_replica(name); });
}

void World::restart(Replica& replica, base::Clock::Duration after) {
  trace.add(scheduler.now(), fmt::format("{} is told to stop", replica.name()));
  replica.stop();
  scheduler.after(after, [this, name = replica.name()] { start_replica(name); });
}

Replica* World::sender(const Link& link) {
  for (const auto& replica : replicas_) {
    if (&replica->link() == &link) return replica.get();
  }
  return nullptr;
}

void World::bury() {
  std::erase_if(replicas_, [this](const std::unique_ptr<Replica>& replica) {
    if (!replica->done()) return false;
    if (const std::string failure = replica->failure(); !failure.empty()) {
      oracles.violated(fmt::format("{} ended: {}", replica->name(), failure));
    }
    return true;
  });
}

std::vector<Replica*> World::replicas() {
  std::vector<Replica*> list;
  for (const auto& replica : replicas_) {
    if (!replica->done()) list.push_back(replica.get());
  }
  return list;
}

Replica* World::leader() {
  for (Replica* replica : replicas()) {
    if (replica->leading()) return replica;
  }
  return nullptr;
}

void World::run_for(base::Clock::Duration duration) {
  const base::Clock::Instant end = scheduler.now() + duration;
  bool more = true;
  while (more) {
    more = scheduler.step(end);
    bury();
    if (!options_.leader_elect || options_.two_may_lead) continue;
    const auto all = replicas();
    const auto leading = std::count_if(all.begin(), all.end(),
                                       [](const Replica* replica) { return replica->leading(); });
    if (leading > 1) oracles.violated("two replicas lead");
  }
}

bool World::converge(base::Clock::Duration within) {
  const base::Clock::Instant begin = scheduler.now();
  const base::Clock::Instant latest = begin + within;
  while (true) {
    const base::Clock::Instant since = std::max(begin, oracles.last_write().value_or(begin));
    const base::Clock::Instant quiet = since + kQuiet;
    if (scheduler.now() >= quiet) return true;
    if (since >= latest) return false;
    run_for(quiet - scheduler.now());
  }
}

kube::Response World::exchange(kube::Method method, std::string target, std::string content_type,
                               std::string body, std::string_view who) {
  if (who == kUser) edits_.push_back(scheduler.now());
  kube::Request request;
  request.method = method;
  request.target = std::move(target);
  request.content_type = std::move(content_type);
  request.body = std::move(body);
  kube::Response response = server.handle(request, who);
  trace.add(scheduler.now(),
            fmt::format("{} {} {} -> {}{}", who, kube::name(method), request.target,
                        response.status, response.status >= 400 ? " " + response.body : ""));
  return response;
}

int World::apply(std::string_view plural, const api::ObjectKey& key, const std::string& body,
                 std::string_view manager) {
  return exchange(kube::Method::kPatch,
                  fmt::format("{}?fieldManager={}&force=true", path_of(plural, key), manager),
                  "application/apply-patch+yaml", body, kUser)
      .status;
}

int World::patch(std::string_view plural, const api::ObjectKey& key, const std::string& body,
                 std::string_view subresource, std::string_view who) {
  std::string target = path_of(plural, key);
  if (!subresource.empty()) target += fmt::format("/{}", subresource);
  return exchange(kube::Method::kPatch, target, "application/merge-patch+json", body, who).status;
}

int World::create(std::string_view plural, const std::string& namespace_name,
                  const std::string& body) {
  return exchange(kube::Method::kPost, path_of(plural, {namespace_name, ""}), "application/json",
                  body, kUser)
      .status;
}

int World::remove(std::string_view plural, const api::ObjectKey& key) {
  return exchange(kube::Method::kDelete, path_of(plural, key), "application/json", "", kUser)
      .status;
}

int World::apply_registry(const std::string& spec, const std::string& name,
                          const std::string& namespace_name) {
  return apply("localregistries", {namespace_name, name},
               fmt::format(R"({{"apiVersion":"localregistry.dev/v1alpha1","kind":"LocalRegistry",)"
                           R"("metadata":{{"name":"{}","namespace":"{}"}},"spec":{}}})",
                           name, namespace_name, spec));
}

int World::install_webhook() {
  return create("mutatingwebhookconfigurations", "", webhook_configuration());
}

}  // namespace sim
