// Fixture has a session with a scripted API server, and the output of the command. Owned by one
// test; one thread.
#pragma once

#include <sstream>
#include <string>
#include <utility>

#include "cli/cluster/session.h"
#include "support/scripted_transport.h"

namespace cli {

// Calls the run() of that command, whichever header declares it.
template <class Command>
auto start(const ClusterSession& session, Command command) {
  return run(session, std::move(command));
}

class Fixture {
 public:
  Fixture() {
    transport.on_send = [this](const kube::Request& request) {
      const auto found = answers.find(request.target);
      return found == answers.end() ? support::answer(404, R"({"kind":"Status","code":404})")
                                    : support::answer(200, found->second);
    };
  }

  template <class Command>
  Outcome<int> run(Command command) {
    return world.result_of(start(session, std::move(command)));
  }

  static std::string path(const std::string& name = {}) {
    return "/apis/localregistry.dev/v1alpha1/namespaces/team/localregistries" +
           (name.empty() ? "" : "/" + name);
  }

  // Makes GET and list answer as if the cluster had only these objects.
  void have(const std::vector<std::string>& objects) {
    std::string items;
    for (const std::string& object : objects) items += (items.empty() ? "" : ",") + object;
    answers[path()] = R"({"metadata":{"resourceVersion":"7"},"items":[)" + items + "]}";
  }

  support::World world;
  support::ScriptedTransport transport{world};
  std::map<std::string, std::string> answers;  // by request target
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err};
  base::Random random{1};
  base::Logger logger = base::Logger::silent();
  ClusterSession session{
      kube::Environment{world.executor(), kube::Client(transport), world.clock, random, logger},
      transport,
      "team",
      "kind-test",
      {},
      console};
};

// Members of a status for registry_json(): the local registry delivers the image.
inline constexpr const char* kDelivered =
    R"(,"url":"localhost:31234","images":[{"name":"backend","image":"ghcr.io/org/app",)"
    R"("pushPermission":"Denied","delivery":"LocalRegistry",)"
    R"("resolved":"localhost:31234/org/app"}])";

// Returns a LocalRegistry as the API server encodes it. `more`: further members of its status.
inline std::string registry_json(const std::string& name, const std::string& ready,
                                 const std::string& reason, const std::string& more = {}) {
  return R"({"apiVersion":"localregistry.dev/v1alpha1","kind":"LocalRegistry",)"
         R"("metadata":{"name":")" +
         name +
         R"(","namespace":"team","uid":"u","generation":2,"resourceVersion":"7",)"
         R"("managedFields":[{}]},)"
         R"("spec":{"images":[{"name":"backend","image":"ghcr.io/org/app"}]},)"
         R"("status":{"observedGeneration":2,"conditions":[{"type":"Ready","status":")" +
         ready + R"(","reason":")" + reason +
         R"(","message":"why so","observedGeneration":2,)"
         R"("lastTransitionTime":"2027-01-15T07:55:00Z"}])" +
         more + "}}";
}

}  // namespace cli
