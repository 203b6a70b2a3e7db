#include "unit/operator/cluster.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

#include "reconcile/children/child_table.h"
#include "sim/json_value.h"
#include "sim/target.h"

namespace test {
namespace {

constexpr std::uint64_t kSeed = 1;

// Adds the required fields that the operator's types do not have.
void complete(std::string_view plural, sim::Document& object) {
  sim::Document missing;
  if (plural == "pods") {
    missing.Parse(R"({"spec":{"containers":[{"name":"main","image":"main"}]}})");
    sim::merge_patch(object, missing, object.GetAllocator());
  }
  if (plural != "mutatingwebhookconfigurations") return;
  missing.Parse(R"({"admissionReviewVersions":["v1"],"sideEffects":"None",)"
                R"("clientConfig":{"url":"https://webhook.test"}})");
  for (sim::Value& webhook : object["webhooks"].GetArray()) {
    sim::merge_patch(webhook, missing, object.GetAllocator());
  }
}

std::string line_of(const kube::Request& request) {
  const std::optional<sim::Target> target = sim::parse_target(request.target);
  if (!target) return fmt::format("{} {}", kube::name(request.method), request.target);
  return fmt::format("{} {}{}{} {}", kube::name(request.method), target->resource->plural,
                     target->subresource.empty() ? "" : "/", target->subresource,
                     api::to_string(api::ObjectKey{target->namespace_name, target->name}));
}

bool is_about_events(const kube::Request& request) {
  return request.target.starts_with("/apis/events.k8s.io/");
}

}  // namespace

Cluster::Cluster(support::ScriptedTransport& transport, const base::Clock& clock)
    : server([&clock] { return clock.wall(); }, kSeed), transport_(transport) {
  transport.on_send = [this](const kube::Request& request) -> base::Result<kube::Response> {
    if (Answer answer = intercept ? intercept(line_of(request)) : std::nullopt) {
      return *std::move(answer);
    }
    return server.handle(request, kube::kFieldManager);
  };
  transport.on_open = [this](const kube::Request& request) -> base::Result<kube::Response> {
    sim::OpenedWatch opened = server.watch(request);
    if (opened.watch) {
      const sim::Target target = *sim::parse_target(request.target);
      watches_.push_back({target.resource->plural, std::move(opened.watch)});
    }
    return opened.head;
  };
  server.on_change = [this](const sim::Change& change) {
    if (!change.after) gone_.push_back(change.before->uid);
  };
}

void Cluster::store(const api::ResourceType& type, const api::ObjectKey& key,
                    const std::string& text, kube::Subresource subresource) {
  if (type.namespaced && !server.find("namespaces", {"", key.namespace_name})) {
    api::Namespace missing;
    missing.metadata.name = key.namespace_name;
    put(missing);
  }
  sim::Document object;
  object.Parse(text.c_str());
  complete(type.plural, object);
  kube::Request request = kube::create_request(type, key.namespace_name, "");
  request.target.erase(request.target.find('?'));  // the operator's fieldManager
  sim::remove(object["metadata"], "uid");
  sim::remove(object["metadata"], "resourceVersion");
  if (const sim::ObjectPtr before = server.find(type.plural, key)) {
    request.method = kube::Method::kPut;
    request.target = kube::get_request(type, key).target;
    if (subresource == kube::Subresource::kStatus) request.target += "/status";
    sim::set_text(object["metadata"], "resourceVersion", std::to_string(before->revision),
                  object.GetAllocator());
  }
  request.body = sim::write(object);
  const kube::Response response = server.handle(request, "user");
  if (response.status >= 300) throw std::runtime_error(response.body);
}

bool Cluster::deliver() {
  for (const std::string& uid : std::exchange(gone_, {})) {
    for (const sim::ObjectPtr& owned : server.owned_by(uid)) {
      reconcile::for_each_row([&]<class Row>(Row) {
        using T = reconcile::ObjectOf<Row>;
        if (owned->plural == api::Resource<T>::kType.plural) erase<T>(owned->key);
      });
    }
  }
  bool any = false;
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    if (watches_[i].plural == late || transport_.streams[i]->closed) continue;
    while (const auto line = watches_[i].watch->next(sim::kLatest)) {
      transport_.streams[i]->line(*line);
      any = true;
    }
  }
  return any;
}

std::vector<std::string> Cluster::requests() const {
  std::vector<std::string> lines;
  for (const kube::Request& request : transport_.sent) {
    const std::string line = line_of(request);
    if (!is_about_events(request) && !line.starts_with("GET nodes")) lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> Cluster::writes() const {
  std::vector<std::string> lines = requests();
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("GET"); });
  return lines;
}

std::vector<std::string> Cluster::events() const {
  std::vector<std::string> bodies;
  for (const kube::Request& request : transport_.sent) {
    if (is_about_events(request) && !request.body.empty()) bodies.push_back(request.body);
  }
  return bodies;
}

std::vector<std::string> Cluster::event_reads() const {
  std::vector<std::string> paths;
  for (const kube::Request& request : transport_.sent) {
    if (is_about_events(request) && request.body.empty()) paths.push_back(request.target);
  }
  return paths;
}

void Cluster::forget_requests() {
  std::erase_if(transport_.sent, [](const auto& request) { return !is_about_events(request); });
}

void Cluster::answer(std::string request, base::Result<kube::Response> response) {
  intercept = [request, response](const std::string& line) -> Answer {
    if (line != request) return std::nullopt;
    return response;
  };
}

}  // namespace test
