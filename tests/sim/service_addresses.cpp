#include "sim/service_addresses.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace sim {
namespace {

constexpr int kFirstPort = 30000;
constexpr int kLastPort = 32767;
constexpr int kFirstDrawn = 30086;  // the ports before it are only given on request

bool has_node_ports(const Value& spec) {
  const std::string_view type = text_at(spec, {"type"});
  if (type == "NodePort") return true;
  const Value* wanted = find(spec, "allocateLoadBalancerNodePorts");
  return type == "LoadBalancer" && (wanted == nullptr || wanted->IsTrue());
}

bool may_have_node_ports(const Value& spec) {
  const std::string_view type = text_at(spec, {"type"});
  return type == "NodePort" || type == "LoadBalancer";
}

bool needs_health_port(const Value& spec) {
  return text_at(spec, {"type"}) == "LoadBalancer" &&
         text_at(spec, {"externalTrafficPolicy"}) == "Local";
}

int health_port(const Value& spec) {
  const Value* found = find(spec, "healthCheckNodePort");
  return found == nullptr ? 0 : found->GetInt();
}

bool has_address(const Value& spec) { return text_at(spec, {"type"}) != "ExternalName"; }

int node_port(const Value& port) {
  const Value* found = find(port, "nodePort");
  return found == nullptr ? 0 : found->GetInt();
}

std::vector<int> node_ports(const Value& spec) {
  std::vector<int> ports;
  const Value* list = find(spec, "ports");
  if (list == nullptr || !list->IsArray()) return ports;
  for (const Value& port : list->GetArray()) {
    if (node_port(port) != 0) ports.push_back(node_port(port));
  }
  std::sort(ports.begin(), ports.end());
  return ports;
}

std::vector<int> all_ports(const Value& spec) {
  std::vector<int> ports = node_ports(spec);
  if (health_port(spec) != 0) ports.push_back(health_port(spec));
  return ports;
}

bool contains(const std::vector<int>& ports, int port) {
  return std::find(ports.begin(), ports.end(), port) != ports.end();
}

void remove_if_same(Value& spec, const Value& old_spec, std::string_view name) {
  if (same(find(spec, name), find(old_spec, name))) remove(spec, name);
}

// clusterIP and clusterIPs must agree: a client that changes one of them means both.
void settle_addresses(Value& spec, const Value& old_spec, Allocator& allocator) {
  const std::string old_address(text_at(old_spec, {"clusterIP"}));
  const std::string address(text_at(spec, {"clusterIP"}));
  const bool same_list = same(find(spec, "clusterIPs"), find(old_spec, "clusterIPs"));
  if (address.empty() && !old_address.empty()) {
    if (same_list) remove(spec, "clusterIPs");
  } else if (address != old_address && same_list) {
    Value list(rapidjson::kArrayType);
    list.PushBack(make_text(address, allocator), allocator);
    set(spec, "clusterIPs", std::move(list), allocator);
  } else if (address == old_address && !same_list) {
    const Value* list = find(spec, "clusterIPs");
    if (is_empty(list)) {
      remove(spec, "clusterIP");
    } else {
      set(spec, "clusterIP", make_copy((*list)[0], allocator), allocator);
    }
  }
}

Value* ports_of(Value& spec) {
  Value* ports = find(spec, "ports");
  return ports != nullptr && ports->IsArray() ? ports : nullptr;
}

// A port without a node port keeps the node port that the port of the same name had. If two ports
// would keep the same one, the write fails later.
void keep_node_ports(Value& spec, const Value& old_spec, Allocator& allocator) {
  Value* ports = ports_of(spec);
  const Value* old_ports = find(old_spec, "ports");
  if (ports == nullptr || old_ports == nullptr || !old_ports->IsArray()) return;
  if (!may_have_node_ports(spec) || !may_have_node_ports(old_spec)) return;
  const std::vector<int> now = node_ports(spec);
  for (Value& port : ports->GetArray()) {
    if (node_port(port) != 0) continue;
    int had = 0;
    for (const Value& old : old_ports->GetArray()) {
      if (text_at(old, {"name"}) == text_at(port, {"name"})) had = node_port(old);
    }
    if (had != 0 && !contains(now, had)) set(port, "nodePort", Value(had), allocator);
  }
}

// Drops the fields that belong to the previous type of the Service, unless the write changes them
// as well.
void drop_of_other_types(Value& service, const Value& old_spec, Allocator& allocator) {
  Value& spec = service["spec"];
  if (needs_health_port(old_spec) && !needs_health_port(spec)) {
    remove_if_same(spec, old_spec, "healthCheckNodePort");
  }
  if (text_at(spec, {"type"}) != "LoadBalancer") {
    if (text_at(old_spec, {"type"}) == "LoadBalancer") {
      remove_if_same(spec, old_spec, "allocateLoadBalancerNodePorts");
    }
    if (Value* status = find(service, "status")) {
      set(*status, "loadBalancer", Value(rapidjson::kObjectType), allocator);
    }
  }
  if (!may_have_node_ports(old_spec) || may_have_node_ports(spec)) return;
  Value* ports = ports_of(spec);
  if (ports != nullptr && node_ports(spec) == node_ports(old_spec)) {
    for (Value& port : ports->GetArray()) remove(port, "nodePort");
  }
  remove_if_same(spec, old_spec, "externalTrafficPolicy");
}

}  // namespace

std::optional<std::string> ServiceAddresses::twice(const Value& service) {
  const Value& spec = service["spec"];
  const Value* ports = find(spec, "ports");
  if (ports == nullptr || !ports->IsArray() || !may_have_node_ports(spec)) return std::nullopt;
  std::set<std::pair<std::string_view, int>> seen;
  for (const Value& port : ports->GetArray()) {
    const std::string_view protocol = text_at(port, {"protocol"});
    if (node_port(port) == 0 || seen.emplace(protocol, node_port(port)).second) continue;
    return fmt::format("{{{} {}}}", protocol, node_port(port));
  }
  return std::nullopt;
}

int ServiceAddresses::draw_port() {
  constexpr int kCount = kLastPort - kFirstDrawn + 1;
  const int start = static_cast<int>(random_() % kCount);
  for (int i = 0; i < kCount; ++i) {
    const int port = kFirstDrawn + (start + i) % kCount;
    if (!ports_.contains(port)) return port;
  }
  for (int port = kFirstPort; port < kFirstDrawn; ++port) {
    if (!ports_.contains(port)) return port;
  }
  return 0;
}

std::string ServiceAddresses::draw_address() {
  while (true) {
    const std::uint64_t drawn = random_();
    std::string address = fmt::format("10.96.{}.{}", 1 + drawn % 254, 1 + (drawn >> 16) % 254);
    if (!addresses_.contains(address)) return address;
  }
}

Causes ServiceAddresses::allocate(Value& service, const Value* before, Allocator& allocator) {
  Value& spec = service["spec"];
  const std::vector<int> had =
      before == nullptr ? std::vector<int>{} : node_ports((*before)["spec"]);
  Causes causes;
  std::vector<int> taken;
  Value* ports = find(spec, "ports");
  if (ports != nullptr && ports->IsArray() && may_have_node_ports(spec)) {
    for (rapidjson::SizeType i = 0; i < ports->Size() && causes.empty(); ++i) {
      const int asked = node_port((*ports)[i]);
      if (asked == 0 || contains(had, asked) || contains(taken, asked)) continue;
      const std::string path = fmt::format("spec.ports[{}].nodePort", i);
      if (asked < kFirstPort || asked > kLastPort) {
        causes.push_back(invalid_value(path, std::to_string(asked),
                                       fmt::format("provided port is not in the valid range. The "
                                                   "range of valid ports is {}-{}",
                                                   kFirstPort, kLastPort)));
      } else if (!ports_.insert(asked).second) {
        causes.push_back(
            invalid_value(path, std::to_string(asked), "provided port is already allocated"));
      } else {
        taken.push_back(asked);
      }
    }
  }
  if (!causes.empty()) {
    for (const int port : taken) ports_.erase(port);
    return causes;
  }
  if (ports != nullptr && ports->IsArray() && has_node_ports(spec)) {
    for (Value& port : ports->GetArray()) {
      if (node_port(port) != 0) continue;
      const int drawn = draw_port();
      ports_.insert(drawn);
      set(port, "nodePort", Value(drawn), allocator);
    }
  }
  if (needs_health_port(spec) && health_port(spec) == 0) {
    const int drawn = draw_port();
    ports_.insert(drawn);
    set(spec, "healthCheckNodePort", Value(drawn), allocator);
  }
  if (!has_address(spec)) return {};
  if (text_at(spec, {"clusterIP"}).empty()) set_text(spec, "clusterIP", draw_address(), allocator);
  const std::string address(text_at(spec, {"clusterIP"}));
  if (address != "None") addresses_.insert(address);
  if (is_empty(find(spec, "clusterIPs"))) {
    Value list(rapidjson::kArrayType);
    list.PushBack(make_text(address, allocator), allocator);
    set(spec, "clusterIPs", std::move(list), allocator);
  }
  if (is_empty(find(spec, "ipFamilies"))) {
    Value list(rapidjson::kArrayType);
    list.PushBack(make_text("IPv4", allocator), allocator);
    set(spec, "ipFamilies", std::move(list), allocator);
  }
  set_default(spec, "ipFamilyPolicy", "SingleStack", allocator);
  return {};
}

void ServiceAddresses::carry_over(Value& service, const Value& before, Allocator& allocator) {
  Value& spec = service["spec"];
  const Value& old_spec = before["spec"];
  settle_addresses(spec, old_spec, allocator);
  if (has_address(spec) && has_address(old_spec)) {
    for (const char* name : {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}) {
      const Value* had = find(old_spec, name);
      const bool keeps = name != std::string_view("clusterIPs") ||
                         text_at(spec, {"clusterIP"}) == text_at(old_spec, {"clusterIP"});
      if (is_empty(find(spec, name)) && had != nullptr && keeps) {
        set(spec, name, make_copy(*had, allocator), allocator);
      }
    }
  }
  if (needs_health_port(old_spec) && needs_health_port(spec) && health_port(spec) == 0) {
    set(spec, "healthCheckNodePort", Value(health_port(old_spec)), allocator);
  }
  keep_node_ports(spec, old_spec, allocator);
  drop_of_other_types(service, old_spec, allocator);
}

void ServiceAddresses::release(const Value& before, const Value* after) {
  const std::vector<int> kept = after == nullptr ? std::vector<int>{} : all_ports((*after)["spec"]);
  for (const int port : all_ports(before["spec"])) {
    if (!contains(kept, port)) ports_.erase(port);
  }
  const std::string address(text_at(before, {"spec", "clusterIP"}));
  if (after == nullptr || text_at(*after, {"spec", "clusterIP"}) != address) {
    addresses_.erase(address);
  }
}

}  // namespace sim
