// A small cluster without IO: what plan() looks at, and what becomes of it when its actions are
// carried out. It keeps the API server's rules that plan() counts on (preconditions, server-side
// apply, node ports, what cannot be changed, garbage collection) and fails the running test when
// an action does what must never be done. One owner, one thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "reconcile/plan.h"
#include "unit/reconcile/tree.h"

namespace test {

using Target = reconcile::Target;

// An object, and what the operator applied to it last.
template <class T>
struct Kept {
  T object;
  Tree last = object_tree();

  static Tree object_tree() { return test::object(); }
};

template <class T>
using Objects = std::map<api::ObjectKey, Kept<T>>;

base::Time at(std::string_view time);

// team-a/dev, uid-dev, as the CRD defaults it.
api::LocalRegistry a_registry();
api::Namespace a_namespace(std::string name);

class World {
 public:
  explicit World(api::LocalRegistry registry);

  // The state; tests change it at will.
  std::shared_ptr<const api::LocalRegistry> registry;
  Objects<api::Deployment> deployments;
  Objects<api::StatefulSet> stateful_sets;
  Objects<api::Service> services;
  Objects<api::PersistentVolumeClaim> claims;
  std::map<std::string, api::Namespace> namespaces;
  std::vector<api::Pod> pods;
  std::set<int> taken_ports;
  std::map<Target, base::Error> refusals;  // of every apply of such an object
  std::map<Target, Tree> policies;         // merge patches that admission makes of every write
  bool expandable = true;                  // the storage class lets claims grow
  bool pods_are_restricted = false;        // by a default of the cluster, not by a label

  // What only a whole operator knows, and what is observed of this reconcile.
  bool target_watched = true;
  bool kind_cluster = false;
  bool claim_owner_lives = false;
  std::optional<api::ObjectKey> rival;
  bool has_twin = false;
  std::set<std::string> unwatched;  // namespaces
  std::vector<std::string> allowed_images;
  std::map<std::string, api::PushPermission> pushes;  // what registries say, by the image's name
  std::vector<reconcile::PushCheck> push_checks;
  bool live = false;
  std::vector<reconcile::Failure> failures;
  reconcile::WriteHistory history;
  reconcile::Instant instant{};
  base::Time now = at("2026-01-01T00:00:00Z");

  std::string manager;  // of contested fields

  std::optional<std::chrono::milliseconds> requeue_after;  // of the last reconcile

  reconcile::Observed observe() const;

  // As operator/caches says it.
  bool may_own(const api::ObjectMeta& object) const;
  bool may_be_left(const api::ObjectMeta& object) const;

  template <class T>
  Objects<T>& all();

  // The object called spec.name in the target namespace; null when there is none.
  template <class T>
  T* find();
  api::ObjectKey target_key() const;

  // Changes the spec as a user does: another generation, once the first one was reconciled.
  void change_spec(const api::LocalRegistrySpec& spec);

  // As kubectl delete does: it waits for finalizers.
  void delete_registry();

  // Carries out one action, or one status.
  void execute(const reconcile::Action& action);
  void write(const api::LocalRegistryStatus& status);

  // One reconcile: plans and acts until there is nothing left to do, then writes the status. Gives
  // what it did, a line each; what was refused ends with "(refused)". Fails the test when that
  // takes more plans than the operator makes.
  std::vector<std::string> reconcile();

  // Reconciles again and again until nothing is written; bounded. Gives the writes, and once what
  // is refused.
  std::vector<std::string> run();

  // What the cluster's controllers do: claims are bound and expanded, pods run and are ready.
  void settle();

  // run, settle, run: the end that the spec asks for.
  std::vector<std::string> converge();

  // "Deployment team-a/registry", "Service team-a/registry 30000", …: all there is.
  std::vector<std::string> list() const;

 private:
  template <class T>
  void apply(const reconcile::Apply<T>& action);
  template <class T>
  T admitted(Target target, Tree object) const;
  template <class T>
  void record(const reconcile::Apply<T>& action, const T* before, const T& after);
  void note(const reconcile::NoteOverride& action);
  template <class T>
  void remove(const reconcile::Delete& action);
  template <class T>
  T* find_for_reset(Objects<T>& objects, reconcile::Target target, const api::ObjectMeta& meta);
  void reset_strategy(const reconcile::ResetStrategy& action);
  void reset_ports(const reconcile::ResetPorts& action);
  void check_push(const reconcile::CheckPush& action);
  void set_finalizer(bool present);
  void collect_garbage(const std::string& uid);
  void finish_deletions();
  template <class T>
  void run_pods(Kept<T>& kept);

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

  int uids_ = 0;
  int versions_ = 100;
};

// "create Service team-a/registry nodePort 30000", "delete Deployment team-a/registry uid-2": all
// of it but the objects.
std::string line_of(const reconcile::Action& action);

// Words for what a condition says: "False ShrinkRefused"; empty when there is none.
std::string condition(const api::LocalRegistryStatus& status, std::string_view type);

}  // namespace test
