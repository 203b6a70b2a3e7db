// World is a small cluster without IO: it holds what plan() observes, and carries out the actions
// of a plan. It applies the rules of the API server that plan() relies on: preconditions,
// server-side apply, node ports, immutable fields, garbage collection. It fails the running test
// when an action breaks a rule of the operator. It is not the simulated API server, because the
// tests copy it thousands of times and give it states that no API server accepts. Owned by one
// test; one thread.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reconcile/plan.h"
#include "unit/reconcile/tree.h"

namespace test {

using ObjectRole = reconcile::ObjectRole;

// StoredObject is an object, and the intent that the operator applied to it last.
template <class T>
struct StoredObject {
  T object;
  Tree last = object_tree();

  static Tree object_tree() { return test::object(); }
};

template <class T>
using Objects = std::map<api::ObjectKey, StoredObject<T>>;

base::Time at(std::string_view time);

// Returns LocalRegistry team-a/dev with uid "uid-dev" and the defaults of the CRD.
api::LocalRegistry a_registry();
api::Namespace a_namespace(std::string name);

class World {
 public:
  explicit World(api::LocalRegistry registry);

  // The state of the cluster; tests may change it.
  std::shared_ptr<const api::LocalRegistry> registry;
  std::map<std::string, api::Namespace> namespaces;
  std::vector<api::Pod> pods;
  std::set<int> taken_ports;
  std::map<ObjectRole, base::Error> refusals;  // errors for every apply of such an object
  std::map<ObjectRole, Tree>
      policies;            // merge patches that an admission policy applies to every write
  bool expandable = true;  // the storage class allows PVCs to grow
  bool pods_are_restricted = false;  // Pod Security by a default of the cluster, not by a label

  // Facts that the whole operator would know, and what this reconcile has observed so far.
  bool target_watched = true;
  bool kind_cluster = false;
  bool pvc_owner_may_exist = false;
  std::optional<api::ObjectKey> rival;
  bool has_same_second_candidate = false;
  std::set<std::string> unwatched;  // namespaces outside of --watch-namespaces
  std::vector<std::string> allowed_images;
  std::map<std::string, api::PushPermission> pushes;  // answers of the push checks by image name
  std::vector<reconcile::PushCheck> push_checks;
  bool live = false;
  std::vector<reconcile::FailedRequest> failures;
  std::optional<reconcile::PodRefusal> pod_refusal;
  bool events_are_readable = true;
  reconcile::WriteHistory history;
  reconcile::Instant instant{};
  base::Time now = at("2026-01-01T00:00:00Z");

  std::string manager;  // the field manager that changes contested fields

  std::optional<std::chrono::milliseconds> requeue_after;  // of the last reconcile

  // Is called before each action of reconcile() is carried out; may be empty.
  std::function<void(const World&, const reconcile::Action&)> before_action;

  reconcile::Observed observe() const;

  // The same rules as in operator/caches.
  bool may_own(const api::ObjectMeta& object) const;
  bool may_be_orphan(const api::ObjectMeta& object) const;

  // Returns the children of that type.
  template <class T>
  Objects<T>& all() {
    return std::get<Objects<T>>(children_);
  }
  template <class T>
  const Objects<T>& all() const {
    return std::get<Objects<T>>(children_);
  }

  // Returns the object named spec.name in the target namespace; null if there is none.
  template <class T>
  T* find();
  api::ObjectKey target_key() const;

  // Changes the spec as a user does. The generation rises if an earlier generation was reconciled.
  void change_spec(const api::LocalRegistrySpec& spec);

  // Deletes the resource as kubectl delete does: it stays while it has finalizers.
  void delete_registry();

  // Carries out one action, or writes one status.
  void execute(const reconcile::Action& action);
  void write(const api::LocalRegistryStatus& status);

  // Runs one reconcile: plans and acts until a plan has no actions, then writes the status. Returns
  // the actions, one line each; refused ones end with "(refused)". Fails the test if that takes
  // more passes than the operator makes.
  std::vector<std::string> reconcile();

  // Reconciles until nothing more is written, a bounded number of times. Returns the writes, and
  // each refused one once.
  std::vector<std::string> run();

  // Acts as the cluster's controllers: PVCs are bound and expanded, Pods run and become ready.
  void settle();

  // Repeats run() and settle() until the cluster has the state that the spec asks for.
  std::vector<std::string> converge();

  // Returns all objects: "Deployment team-a/registry", "Service team-a/registry 30000", …
  std::vector<std::string> list() const;

 private:
  struct Execute;

  template <class T>
  void apply(const reconcile::Apply<T>& action);
  template <class T>
  T admitted(ObjectRole role, Tree object) const;
  template <class T>
  void record(const reconcile::Apply<T>& action, const T* before, const T& after);
  void note(const reconcile::RecordContestedFields& action);
  template <class T>
  void remove(const reconcile::Delete& action);
  template <class T>
  T* find_for_reset(Objects<T>& objects, reconcile::ObjectRole role, const api::ObjectMeta& meta,
                    std::size_t intent);
  void reset_strategy(const reconcile::ResetStrategy& action);
  void reset_ports(const reconcile::ResetPorts& action);
  void check_push(const reconcile::CheckPush& action);
  void set_finalizer(bool present);
  void collect_garbage(const std::string& uid);
  void finish_deletions();
  template <class T>
  void run_pods(StoredObject<T>& kept);

  static std::optional<base::Error> refuse_owners(const api::ObjectMeta& meta);
  std::optional<base::Error> refuse(const api::Deployment* before, const api::Deployment& after);
  std::optional<base::Error> refuse(const api::StatefulSet* before, const api::StatefulSet& after);
  std::optional<base::Error> refuse(const api::Service* before, api::Service& after);
  std::optional<base::Error> refuse(const api::PersistentVolumeClaim* before,
                                    const api::PersistentVolumeClaim& after);
  std::optional<base::Error> assign_port(const api::Service* before, api::Service& after);
  bool is_free(int port, const api::ObjectKey& own) const;

  std::string next_uid();
  std::string next_version();

  boost::mp11::mp_rename<boost::mp11::mp_transform<Objects, reconcile::ChildTypes>, std::tuple>
      children_;
  int uids_ = 0;
  int versions_ = 100;
};

// Returns an action without its objects: "create Service team-a/registry nodePort 30000", "delete
// Deployment team-a/registry uid-2".
std::string line_of(const reconcile::Action& action);

// Returns the status and reason of a condition: "False ShrinkRefused"; "" if there is none.
std::string condition(const api::LocalRegistryStatus& status, std::string_view type);

}  // namespace test
