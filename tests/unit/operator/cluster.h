// Cluster is the simulation's API server (sim/api_server.h) behind a ScriptedTransport. A test
// changes its objects as users and the controllers of a cluster do, and may answer requests instead
// of the server. Watches receive changes only when the test calls deliver(). Owned by one test; one
// thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kube/requests.h"
#include "sim/api_server.h"
#include "sim/read.h"
#include "support/scripted_transport.h"

namespace test {

class Cluster {
 public:
  Cluster(support::ScriptedTransport& transport, const base::Clock& clock);

  // Creates or replaces an object with its status, and creates its namespace if there is none. The
  // server sets uid, resourceVersion, generation and creationTimestamp, whatever `object` has.
  // Returns the stored state, which stays valid as long as the Cluster. Throws if the server
  // refuses the object.
  template <class T>
  const T& put(const T& object);

  // Returns the stored state; null if there is none. It stays valid as long as the Cluster.
  template <class T>
  const T* find(const api::ObjectKey& key) const;

  // Deletes an object as kubectl delete does: finalizers delay it. The next deliver() deletes the
  // children that it owns.
  template <class T>
  void erase(const api::ObjectKey& key);

  // Sends the changes since the last call to the watches. Returns false if there was nothing to
  // send.
  bool deliver();

  std::string late;  // "secrets": their watches receive nothing until this has another value

  // The operator's requests without those for nodes and events: "GET localregistries team-a/dev",
  // "PATCH localregistries/status team-a/dev", …
  std::vector<std::string> requests() const;
  std::vector<std::string> writes() const;       // without GET requests
  std::vector<std::string> events() const;       // bodies of the operator's events
  std::vector<std::string> event_reads() const;  // paths
  void forget_requests();                        // but not events

  // Answers a request instead of the server. The request then has no effect.
  using Answer = std::optional<base::Result<kube::Response>>;
  std::function<Answer(const std::string& request)> intercept;

  // From now on, this request gets this answer and has no effect.
  void answer(std::string request, base::Result<kube::Response> response);

  // Lets an admission policy change every T that is written, but not its status.
  template <class T>
  void mutate(std::function<void(T&)> change);

  sim::ApiServer server;

 private:
  struct OpenWatch {
    std::string plural;
    std::unique_ptr<sim::Watch> watch;
  };

  void store(const api::ResourceType& type, const api::ObjectKey& key, const std::string& text,
             kube::Subresource subresource);

  support::ScriptedTransport& transport_;
  std::vector<OpenWatch> watches_;  // in the order of transport_.streams
  std::vector<std::string> gone_;   // uids of objects whose children have to be deleted
};

template <class T>
const T& Cluster::put(const T& object) {
  const api::ObjectKey key = api::key_of(object.metadata);
  const std::string text = api::encode_object(object);
  store(api::Resource<T>::kType, key, text, kube::Subresource::kNone);
  if constexpr (requires { object.status; }) {
    if (object.status != find<T>(key)->status) {
      store(api::Resource<T>::kType, key, text, kube::Subresource::kStatus);
    }
  }
  return *find<T>(key);
}

template <class T>
const T* Cluster::find(const api::ObjectKey& key) const {
  const sim::ObjectPtr found = server.find(api::Resource<T>::kType.plural, key);
  return found ? &sim::read<T>(found) : nullptr;
}

template <class T>
void Cluster::erase(const api::ObjectKey& key) {
  server.handle(
      kube::delete_request(api::Resource<T>::kType, key, {}, kube::Propagation::kBackground),
      "user");
}

template <class T>
void Cluster::mutate(std::function<void(T&)> change) {
  server.mutate = [change](const sim::Admission& write) -> std::optional<std::string> {
    if (write.after->plural != api::Resource<T>::kType.plural) return std::nullopt;
    T object = sim::read<T>(write.after);
    change(object);
    return api::encode_object(object);
  };
}

}  // namespace test
