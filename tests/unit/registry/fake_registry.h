// FakeServer answers requests as a test wants and records them; Registry answers as a registry
// does. Owned by one test; any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/scripted_server.h"

namespace fake_registry {

using testing_tls::Peer;
using testing_tls::ScriptedServer;
using testing_tls::ServerTls;

struct Seen {
  std::string method;
  std::string target;
  std::string head;  // request line and headers
  std::string body;

  // Returns the value of a header, whose name is compared case-sensitively; "" if it is absent.
  std::string header(std::string_view name) const {
    const std::string begin = "\r\n" + std::string(name) + ": ";
    const std::size_t at = head.find(begin);
    if (at == std::string::npos) return "";
    const std::size_t value = at + begin.size();
    return head.substr(value, head.find("\r\n", value) - value);
  }

  std::string line() const { return method + " " + target; }
};

class FakeServer {
 public:
  // Answers one request. The connection is closed if it returns false.
  using Answers = std::function<bool(const Seen&, Peer&)>;

  explicit FakeServer(Answers answers, std::optional<ServerTls> tls = {})
      : answers_(std::move(answers)),
        server_([this](Peer& peer) { serve(peer); }, std::move(tls)) {}

  std::uint16_t port() const { return server_.port(); }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port()); }
  int connections() const { return server_.connections(); }
  int open() const { return server_.open(); }

  std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  // Returns the requests so far as "GET /v2/", …
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const Seen& one : seen()) lines.push_back(one.line());
    return lines;
  }

 private:
  void serve(Peer& peer) {
    if (peer.meets_tls()) return peer.answer(400, "this is HTTP");
    while (const auto text = peer.request()) {
      const std::size_t end = text->find("\r\n\r\n");
      const std::size_t first = text->find(' ');
      const std::size_t second = text->find(' ', first + 1);
      Seen seen{text->substr(0, first), text->substr(first + 1, second - first - 1),
                text->substr(0, end + 2), text->substr(end + 4)};
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(seen);
      }
      if (!answers_(seen, peer)) break;
    }
    peer.goodbye();
  }

  Answers answers_;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  ScriptedServer server_;
};

// Reply is a registry's answer to one kind of request. `headers`: whole lines with their ends.
struct Reply {
  int status = 200;
  std::string headers = {};
  std::string body = {};
};

struct Registry {
  Reply ping = {200};
  Reply begin = {202, "Location: /v2/org/app/blobs/uploads/one?_state=a%3Db\r\n"};
  Reply remove = {204};
  std::string authorization = {};  // the header that all requests except the ping need
  Reply refused = {401};           // the answer to requests without it
  bool ping_needs_it = false;

  bool operator()(const Seen& seen, Peer& peer) const {
    const bool is_ping = seen.target == "/v2/";
    const bool proven = seen.header("Authorization") == authorization;
    const Reply& reply = is_ping && !(ping_needs_it && proven) ? ping
                         : !is_ping && !proven                 ? refused
                         : seen.method == "POST"               ? begin
                         : seen.method == "DELETE"             ? remove
                                                               : ping;
    peer.answer(reply.status, reply.body, reply.headers);
    return true;
  }
};

inline std::string bearer(const std::string& realm, const std::string& more = "") {
  return "WWW-Authenticate: Bearer realm=\"" + realm + "\",service=\"the registry\"" + more +
         "\r\n";
}

}  // namespace fake_registry
