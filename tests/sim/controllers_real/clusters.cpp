#include "sim/controllers_real/clusters.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "kube/watch/watch_decoder.h"
#include "sim/json_value.h"

namespace controllers_real {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int kMostSteps = 2000;  // by the simulated controllers after one move
constexpr auto kSilence = 3600s;
constexpr auto kPatience = 30s;

base::Time wall_time() {
  return std::chrono::time_point_cast<base::Time::duration>(std::chrono::system_clock::now());
}

// Returns a uid that no object has. It is the same for the same mark in both clusters, and differs
// between namespaces.
std::string unused_uid(const std::string& space, const std::string& mark) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char one : space + mark) {
    hash = (hash ^ static_cast<unsigned char>(one)) * 1099511628211ULL;
  }
  return fmt::format("00000000-0000-4000-8000-{:012x}", hash & 0xffffffffffffULL);
}

std::string value_of(const std::string& mark, const std::string& space, const Objects& objects) {
  if (mark == "ns") return space;
  if (mark == "owned") {
    if (!objects.contains({"localregistries", "dev"})) return "";
    return fmt::format(R"(,"ownerReferences":[{{"apiVersion":"localregistry.dev/v1alpha1",)"
                       R"("kind":"LocalRegistry","name":"dev","uid":"{}","controller":true,)"
                       R"("blockOwnerDeletion":true}}])",
                       value_of("uid:localregistries/dev", space, objects));
  }
  const std::size_t colon = mark.find(':');
  const std::size_t slash = mark.find('/');
  if (mark.substr(0, colon) == "uid" && slash != std::string::npos) {
    const auto found =
        objects.find({mark.substr(colon + 1, slash - colon - 1), mark.substr(slash + 1)});
    if (found != objects.end()) {
      sim::Document object;
      object.Parse(found->second.c_str());
      return std::string(sim::text_at(object, {"metadata", "uid"}));
    }
  }
  return unused_uid(space, mark);
}

std::string filled(const std::string& text, const std::string& space, const Objects& objects) {
  std::string result;
  std::size_t at = 0;
  while (true) {
    const std::size_t begin = text.find('@', at);
    if (begin == std::string::npos) return result + text.substr(at);
    const std::size_t end = text.find('@', begin + 1);
    result += text.substr(at, begin - at);
    result += value_of(text.substr(begin + 1, end - begin - 1), space, objects);
    at = end + 1;
  }
}

template <class T>
T decoded(const std::string& text) {
  const auto document = json::Document::parse(text);
  return *json::decode<T>(document->root());
}

bool is_mounted(const sim::Pod& pod, const Objects& objects) {
  return std::all_of(
      pod.spec.volumes.begin(), pod.spec.volumes.end(), [&](const api::Volume& volume) {
        if (!volume.persistent_volume_claim) return true;
        const auto found =
            objects.find({"persistentvolumeclaims", volume.persistent_volume_claim->claim_name});
        if (found == objects.end()) return false;
        const auto claim = decoded<api::PersistentVolumeClaim>(found->second);
        return claim.status.phase == "Bound" && !claim.metadata.deletion_timestamp;
      });
}

// Returns the next request for each pod and PersistentVolumeClaim that needs one.
std::vector<kube::Request> round(const Move& move, const Objects& objects) {
  std::vector<kube::Request> requests;
  for (const auto& [key, text] : objects) {
    std::optional<kube::Request> request;
    if (key.first == "pods") {
      const auto pod = decoded<sim::Pod>(text);
      request = sim::next_request(pod, is_mounted(pod, objects), move.parts);
    } else if (key.first == "persistentvolumeclaims" && move.parts.bind) {
      request = sim::next_request(decoded<api::PersistentVolumeClaim>(text));
    }
    if (request) requests.push_back(*std::move(request));
  }
  return requests;
}

std::vector<kube::Request> to_pods(const Move& move, const Objects& objects) {
  std::vector<kube::Request> requests;
  for (const auto& [key, text] : objects) {
    if (key.first != "pods") continue;
    const auto pod = decoded<sim::Pod>(text);
    if (api::lookup(pod.metadata.labels, "app") != move.app) continue;
    kube::Request request;
    request.target = sim::path_of("pods", api::key_of(pod.metadata));
    request.method = move.deed == PodDeed::kDelete ? kube::Method::kDelete : kube::Method::kPatch;
    if (move.deed != PodDeed::kDelete) request.content_type = "application/merge-patch+json";
    if (move.deed == PodDeed::kRelabel) request.body = R"({"metadata":{"labels":{"app":"other"}}})";
    if (move.deed == PodDeed::kFail) {
      request.target += "/status";
      request.body = R"({"status":{"phase":"Failed"}})";
    }
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace

std::vector<kube::Request> requests_for(const Move& move, const std::string& space,
                                        const Objects& objects) {
  if (move.kind == Move::Kind::kNode) return round(move, objects);
  if (move.kind == Move::Kind::kPods) return to_pods(move, objects);
  kube::Request request = move.request;
  request.target = filled(request.target, space, objects);
  request.body = filled(request.body, space, objects);
  return {std::move(request)};
}

const std::vector<std::string>& RealCluster::plurals() {
  static const std::vector<std::string> kPlurals = {
      "namespaces", "localregistries", "deployments",           "replicasets", "statefulsets",
      "pods",       "services",        "persistentvolumeclaims"};
  return kPlurals;
}

asio::awaitable<void> RealCluster::follow(std::string plural) {
  kube::Request request;
  request.target = sim::path_of(plural, {}) + "?watch=true&resourceVersion=0&timeoutSeconds=3600";
  base::Result<kube::Opened> opened = co_await transport_.open(std::move(request));
  if (!opened || !opened->stream) throw std::runtime_error("no watch of " + plural);
  kube::LineSplitter lines;
  while (true) {
    base::Result<std::string> bytes = co_await opened->stream->read(kSilence);
    if (!bytes || bytes->empty()) throw std::runtime_error("the watch of " + plural + " ended");
    lines.feed(*bytes);
    while (std::optional<base::Result<std::string>> line = lines.next()) see(plural, **line);
  }
}

void RealCluster::see(const std::string& plural, const std::string& line) {
  sim::Document event;
  event.Parse(line.c_str());
  const std::string name(sim::text_at(event, {"object", "metadata", "name"}));
  const std::string space(plural == "namespaces"
                              ? std::string_view(name)
                              : sim::text_at(event, {"object", "metadata", "namespace"}));
  if (!space.starts_with(prefix_)) return;
  Space& seen = spaces_[space];
  seen.changed = clock_.now();
  if (sim::text_at(event, {"type"}) == "DELETED") {
    seen.objects.erase({plural, name});
  } else {
    seen.objects[{plural, name}] = sim::write(*sim::find(event, "object"));
  }
}

asio::awaitable<int> RealCluster::send(kube::Request request) {
  request.timeout = kPatience;
  base::Result<kube::Response> answer = co_await transport_.send(std::move(request));
  if (!answer) throw std::runtime_error("no answer: " + base::to_string(answer.error()));
  co_return answer->status;
}

SimulatedCluster::SimulatedCluster(std::string space, std::uint64_t seed)
    : space_(std::move(space)),
      server_(wall_time, seed),
      chance_(seed),
      controllers_(server_, chance_) {
  controllers_.has_node = false;
}

bool SimulatedCluster::settle() {
  for (int i = 0; i < kMostSteps; ++i) {
    if (!controllers_.step()) return true;
  }
  return false;
}

Objects SimulatedCluster::objects() const {
  Objects objects;
  for (const std::string& plural : RealCluster::plurals()) {
    for (const sim::ObjectPtr& object : server_.all(plural)) {
      objects[{plural, object->key.name}] = object->text;
    }
  }
  return objects;
}

}  // namespace controllers_real
