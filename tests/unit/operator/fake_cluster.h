// FakeCluster is a minimal API server behind a ScriptedTransport. It keeps objects, checks
// preconditions and assigns node ports. Watches receive changes only when the test calls
// tell_watches(). There is no field ownership: an apply replaces spec and metadata. Owned by one
// test; one thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/apps.h"
#include "api/local_registry.h"
#include "api/secret.h"
#include "api/webhook_configuration.h"
#include "support/scripted_transport.h"

namespace test {

template <class T>
using Shelf = std::map<api::ObjectKey, T>;

// Returns a Status as the API server encodes it.
kube::Response failure(int code, const std::string& reason, const std::string& message,
                       const std::string& field = "");

class FakeCluster {
 public:
  explicit FakeCluster(support::ScriptedTransport& transport);

  // Change and read objects as a user or a controller of the cluster does. put() returns the stored
  // object.
  template <class T>
  const T& put(T object);
  template <class T>
  void erase(const api::ObjectKey& key);
  template <class T>
  const T* find(const api::ObjectKey& key) const;

  // Deletes as kubectl delete does: finalizers delay it, and garbage collection removes owned
  // objects.
  void delete_registry(const api::ObjectKey& key);

  // Sends the list to new watches and the changes since the last call to the others. Returns false
  // if there was nothing to send.
  bool tell_watches();

  std::string late;  // "secrets": their watches receive nothing until this has another value

  // "GET localregistries team-a/dev", "PATCH localregistries/status team-a/dev", …
  std::vector<std::string> requests;
  std::vector<std::string> writes() const;  // all but GET requests and events

  // Answers a request instead of the server. The request then has no effect.
  std::function<std::optional<base::Result<kube::Response>>(const std::string& request)> intercept;

  // A mutating admission policy that may change every Deployment that is written.
  std::function<void(api::Deployment&)> mutate;
  bool removes_finalizers = false;  // another policy

  std::string event_list = "[]";         // the items of every list of events
  std::vector<std::string> event_reads;  // paths
  std::vector<std::string> events;       // bodies of events.k8s.io/v1
  std::string provider_id = "";          // spec.providerID of the only node

 private:
  struct Target {
    std::string plural;
    api::ObjectKey key;
    bool status = false;
  };

  base::Result<kube::Response> handle(const kube::Request& request);
  static Target target_of(const std::string& path);
  template <class T>
  kube::Response handle(const kube::Request& request, const Target& target);
  template <class T>
  std::string list(const std::string& target) const;
  template <class T>
  kube::Response create(const std::string& body);
  template <class T>
  kube::Response apply(const std::string& body, const Target& target);
  template <class T>
  kube::Response patch(const std::string& body, const Target& target);
  template <class T>
  kube::Response remove(const std::string& body, const Target& target);
  template <class T>
  void tell(const std::string& type, const T& object);
  template <class T>
  void list_into(support::Feed& feed, const std::string& target) const;
  void collect_garbage(const std::string& uid);
  template <class T>
  void collect(const std::string& uid);
  void assign_ports(api::Service& service, const api::Service* before);

  template <class T>
  Shelf<T>& shelf() {
    return std::get<Shelf<T>>(shelves_);
  }
  template <class T>
  const Shelf<T>& shelf() const {
    return std::get<Shelf<T>>(shelves_);
  }

  support::ScriptedTransport& transport_;
  std::tuple<Shelf<api::LocalRegistry>, Shelf<api::Deployment>, Shelf<api::StatefulSet>,
             Shelf<api::Service>, Shelf<api::PersistentVolumeClaim>, Shelf<api::Pod>,
             Shelf<api::Namespace>, Shelf<api::Secret>, Shelf<api::MutatingWebhookConfiguration>>
      shelves_;
  std::deque<std::pair<std::string, std::string>> untold_;  // plural, line
  std::size_t fed_ = 0;  // number of streams that have their list
  int revision_ = 100;
  int next_port_ = 30000;
};

}  // namespace test
