#include "unit/registry/fake_dns.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>

namespace fake_dns {
namespace {

struct State {
  std::mutex mutex;
  bool active = false;
  std::map<std::string, std::deque<Addresses>> answers;
  std::set<std::string> hangs;
  std::condition_variable released;
  std::vector<std::string> lookups;
};

State& state() {
  static State instance;
  return instance;
}

bool is_number(const std::string& name) {
  in6_addr address{};
  return ::inet_pton(AF_INET, name.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

void wait_while_it_hangs(const char* name) {
  State& all = state();
  std::unique_lock lock(all.mutex);
  const std::string wanted = name == nullptr ? "" : name;
  all.released.wait_for(lock, kLongestHang, [&] { return !all.hangs.contains(wanted); });
}

// Returns nothing if the C library has to resolve the name, and an empty list if it does not exist.
std::optional<Addresses> answer(const char* name) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  if (!all.active || name == nullptr || is_number(name)) return std::nullopt;
  all.lookups.emplace_back(name);
  const auto found = all.answers.find(name);
  if (found == all.answers.end()) return Addresses();
  const Addresses first = found->second.front();
  if (found->second.size() > 1) found->second.pop_front();
  return first;
}

}  // namespace

FakeDns::FakeDns(Names known) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  all.active = true;
  all.lookups.clear();
  all.answers.clear();
  all.hangs.clear();
  for (auto& [name, addresses] : known) all.answers[name].push_back(std::move(addresses));
}

FakeDns::~FakeDns() {
  release();
  State& all = state();
  const std::lock_guard lock(all.mutex);
  all.active = false;
}

void FakeDns::then(const std::string& name, Addresses addresses) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  all.answers[name].push_back(std::move(addresses));
}

void FakeDns::hang(const std::string& name) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  all.hangs.insert(name);
}

void FakeDns::release() {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  all.hangs.clear();
  all.released.notify_all();
}

std::vector<std::string> FakeDns::lookups() const {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  return all.lookups;
}

}  // namespace fake_dns

// Replaces getaddrinfo() of the C library and calls it for each address, so that its freeaddrinfo()
// can free the list.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  fake_dns::wait_while_it_hangs(name);
  const auto answer = fake_dns::answer(name);
  if (!answer) return real(name, service, hints, result);
  addrinfo* first = nullptr;
  for (auto address = answer->rbegin(); address != answer->rend(); ++address) {
    addrinfo* one = nullptr;
    if (real(address->c_str(), service, hints, &one) != 0) continue;
    addrinfo* last = one;
    while (last->ai_next != nullptr) last = last->ai_next;
    last->ai_next = first;
    first = one;
  }
  *result = first;
  return first == nullptr ? EAI_NONAME : 0;
}
