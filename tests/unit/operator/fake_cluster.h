// An API server small enough to read, behind a ScriptedTransport: it keeps objects, checks
// preconditions, assigns node ports, and tells watches of changes when the test lets it. No field
// ownership: an apply replaces spec and metadata. One owner, a test; one thread.
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

// A Status as the API server answers it.
kube::Response failure(int code, const std::string& reason, const std::string& message,
                       const std::string& field = "");

class FakeCluster {
 public:
  explicit FakeCluster(support::ScriptedTransport& transport);

  // What a user or a controller of the cluster does. Gives what is kept.
  template <class T>
  const T& put(T object);
  template <class T>
  void erase(const api::ObjectKey& key);
  template <class T>
  const T* find(const api::ObjectKey& key) const;

  // As kubectl delete: finalizers hold it; else garbage collection takes what it owns.
  void delete_registry(const api::ObjectKey& key);

  // Feeds the lists to new watches, and what happened since to all. False: there was nothing.
  bool tell_watches();

  std::string late;  // "secrets": their watches hear of nothing until this is another

  // "GET localregistries team-a/dev", "PATCH localregistries/status team-a/dev", …
  std::vector<std::string> requests;
  std::vector<std::string> writes() const;  // all but GET, events aside

  // Answers instead of the server. The request has no effect then.
  std::function<std::optional<base::Result<kube::Response>>(const std::string& request)> intercept;

  // A mutating policy: changes every Deployment that is written.
  std::function<void(api::Deployment&)> mutate;
  bool removes_finalizers = false;  // another policy

  std::vector<std::string> events;  // bodies of events.k8s.io/v1
  std::string provider_id = "";     // of the only node

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
  std::size_t fed_ = 0;                                     // streams that have their list
  int revision_ = 100;
  int next_port_ = 30000;
};

}  // namespace test
