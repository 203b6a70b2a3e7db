// UploadRegistry is an in-memory registry that accepts uploads as the OCI distribution
// specification describes. Behaviour adds the faults of a bad registry: it cuts connections,
// forgets uploads, or refuses requests. Owned by one test; any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "support/scripted_server.h"

namespace upload_registry {

using testing_tls::Peer;
using testing_tls::ScriptedServer;

struct Behaviour {
  bool resumes = true;  // keeps an interrupted upload and reports its size
  // Bytes of a PATCH's body after which the connection is cut: one value for each PATCH, in order.
  std::vector<std::size_t> cuts;
  std::size_t largest = SIZE_MAX;  // most bytes of a body; a longer one gets a 413 at once
  int unavailable = 0;             // requests that get a 503; pings, tokens and PATCHes do not
  int refused = 0;                 // status of every POST instead of 202; 0: none
  std::string min_chunk;           // OCI-Chunk-Min-Length
  std::string early_range;  // Range of the answer to a PATCH, which is sent before its body is read
  std::string location_host;  // host in the Locations of uploads; empty: relative Locations
  int meeting = 1;  // PATCHes that must be under way before a body is read; waits 10 s at most
  std::function<bool(const std::string& line)> mute;  // requests that get no answer
  // Bearer tokens that are valid one after the other. A token expires with the PUT that ends an
  // upload whose last PATCH used it. It must not expire earlier, since then a client could receive
  // a token that is never valid, which real servers avoid.
  std::vector<std::string> tokens;
};

class UploadRegistry {
 public:
  explicit UploadRegistry(Behaviour behaviour = {})
      : behaviour_(std::move(behaviour)), server_([this](Peer& peer) { serve(peer); }) {}

  std::string authority() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  int open() const { return server_.open(); }

  std::string blob(const std::string& digest) const {
    const std::lock_guard lock(mutex_);
    const auto found = blobs_.find(digest);
    return found == blobs_.end() ? "nothing" : found->second;
  }
  void put(const std::string& content) {
    const std::lock_guard lock(mutex_);
    blobs_[crypto::sha256(content)] = content;
  }
  std::size_t blobs() const {
    const std::lock_guard lock(mutex_);
    return blobs_.size();
  }
  std::size_t uploads() const {
    const std::lock_guard lock(mutex_);
    return uploads_.size();
  }
  // Returns the Content-Type, a space and the text of a manifest; "nothing" if it is absent.
  std::string manifest(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = manifests_.find(name);
    return found == manifests_.end() ? "nothing" : found->second;
  }
  std::vector<std::string> manifest_order() const {
    const std::lock_guard lock(mutex_);
    return order_;
  }
  // Returns the methods of the requests, with their Content-Range if they have one: "PATCH 0-99",
  // "PUT", …
  std::vector<std::string> log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  int count(std::string_view method) const {
    const auto lines = log();
    return static_cast<int>(std::count_if(
        lines.begin(), lines.end(), [&](const auto& line) { return line.starts_with(method); }));
  }
  int max_at_once() const { return max_; }
  std::size_t taken() const { return taken_; }  // bytes of PATCH bodies

 private:
  struct Request {
    std::string method;
    std::string target;
    std::string head;
    std::size_t length = 0;

    std::string header(std::string_view name) const {
      const std::string begin = "\r\n" + std::string(name) + ": ";
      const std::size_t at = head.find(begin);
      if (at == std::string::npos) return "";
      return head.substr(at + begin.size(), head.find("\r\n", at + 2) - at - begin.size());
    }
  };

  void serve(Peer& peer) {
    std::string buffer;
    if (peer.meets_tls()) return peer.answer(400, "this is HTTP");
    for (;;) {
      std::size_t end = 0;
      while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
        const std::string more = peer.some();
        if (more.empty()) return;
        buffer += more;
      }
      Request request;
      request.head = buffer.substr(0, end + 2);
      buffer.erase(0, end + 4);
      const std::size_t space = request.head.find(' ');
      request.method = request.head.substr(0, space);
      request.target =
          request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
      const std::string length = request.header("Content-Length");
      request.length = length.empty() ? 0 : std::stoul(length);
      if (!answer(request, buffer, peer)) return;
    }
  }

  bool answer(const Request& request, std::string& buffer, Peer& peer) {
    const std::string range = request.header("Content-Range");
    {
      const std::lock_guard lock(mutex_);
      log_.push_back(request.method + (range.empty() ? "" : " " + range));
    }
    if (behaviour_.mute && behaviour_.mute(request.method)) return !peer.some().empty();
    if (request.target.starts_with("/token")) return token(peer);
    if (request.target == "/v2/") return ping(peer);
    if (request.method == "PATCH" && !behaviour_.early_range.empty()) {
      peer.send("HTTP/1.1 202 Accepted\r\nLocation: /v2/org/app/blobs/uploads/" + id_of(request) +
                "\r\nRange: " + behaviour_.early_range + "\r\nContent-Length: 0\r\n\r\n");
      return false;
    }
    if (request.length > behaviour_.largest) {
      peer.answer(413, "");
      return false;
    }
    if (request.method == "PUT") expire_token(id_of(request));
    if (!behaviour_.tokens.empty() && request.header("Authorization") != proof()) {
      peer.answer(401, "", challenge());
      return request.length == 0;
    }
    if (request.method == "PATCH") return patch(request, buffer, peer);
    std::string body = std::exchange(buffer, {});
    while (body.size() < request.length) {
      const std::string more = peer.some();
      if (more.empty()) return false;
      body += more;
    }
    buffer = body.substr(request.length);
    body.resize(request.length);
    const std::lock_guard lock(mutex_);
    if (behaviour_.unavailable > 0) {
      --behaviour_.unavailable;
      peer.answer(503, "");
      return true;
    }
    if (request.target.find("/manifests/") != std::string::npos)
      return manifest(request, body, peer);
    if (request.method == "HEAD") return head(request, peer);
    return upload(request, body, peer);
  }

  bool ping(Peer& peer) {
    peer.answer(behaviour_.tokens.empty() ? 200 : 401, "",
                behaviour_.tokens.empty() ? "" : challenge());
    return true;
  }

  void expire_token(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto sent = sent_with_.find(id);
    if (sent != sent_with_.end() && sent->second == token_) ++token_;
  }

  std::string proof() const {
    const std::size_t at = std::min(token_.load(), behaviour_.tokens.size() - 1);
    return "Bearer " + behaviour_.tokens[at];
  }

  bool token(Peer& peer) {
    peer.answer(200, R"({"token":")" + proof().substr(7) + R"("})");
    return true;
  }

  std::string challenge() const {
    return "WWW-Authenticate: Bearer realm=\"http://" + authority() + "/token\"\r\n";
  }

  static std::string id_of(const Request& request) {
    const std::string begin = "/blobs/uploads/";
    const std::size_t at = request.target.find(begin) + begin.size();
    return request.target.substr(at, request.target.find('?') - at);
  }

  std::string where(const std::string& id) const {
    return "Location: " +
           (behaviour_.location_host.empty() ? "" : "http://" + behaviour_.location_host) +
           "/v2/org/app/blobs/uploads/" + id + "?state=" + std::to_string(uploads_.at(id).size()) +
           "\r\nRange: 0-" + std::to_string(std::max<std::size_t>(uploads_.at(id).size(), 1) - 1) +
           "\r\n";
  }

  bool head(const Request& request, Peer& peer) {
    const std::string digest = request.target.substr(request.target.rfind('/') + 1);
    peer.send(blobs_.contains(digest) ? "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
                                      : "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n");
    return true;
  }

  bool manifest(const Request& request, const std::string& body, Peer& peer) {
    const std::string name = request.target.substr(request.target.rfind('/') + 1);
    if (request.method == "DELETE") {
      peer.answer(manifests_.erase(name) == 0 ? 404 : 202, "");
      return true;
    }
    manifests_[name] = request.header("Content-Type") + " " + body;
    order_.push_back(name);
    peer.answer(201, "");
    return true;
  }

  bool upload(const Request& request, const std::string& body, Peer& peer) {
    if (request.method == "POST") {
      if (behaviour_.refused != 0) return peer.answer(behaviour_.refused, ""), true;
      const std::string id = "upload-" + std::to_string(++number_);
      uploads_[id];
      const std::string min = behaviour_.min_chunk.empty()
                                  ? ""
                                  : "OCI-Chunk-Min-Length: " + behaviour_.min_chunk + "\r\n";
      peer.answer(202, "", where(id) + min);
      return true;
    }
    const std::string id = id_of(request);
    if (!uploads_.contains(id)) return peer.answer(404, ""), true;
    if (request.method == "GET") {
      peer.answer(204, "", where(id));
    } else if (request.method == "DELETE") {
      uploads_.erase(id);
      peer.answer(204, "");
    } else {
      const std::string content = uploads_[id] + body;
      uploads_.erase(id);
      const bool right =
          request.target.ends_with("&digest=sha256%3A" + crypto::sha256(content).substr(7));
      if (right) blobs_[crypto::sha256(content)] = content;
      peer.answer(right ? 201 : 400, "");
    }
    return true;
  }

  bool patch(const Request& request, std::string& buffer, Peer& peer) {
    {
      std::unique_lock lock(mutex_);
      max_ = std::max<int>(max_, ++now_);
      met_.notify_all();
      met_.wait_for(lock, std::chrono::seconds(10), [this] { return max_ >= behaviour_.meeting; });
    }
    const bool done = take(request, buffer, peer);
    --now_;
    return done;
  }

  bool take(const Request& request, std::string& buffer, Peer& peer) {
    const std::string id = id_of(request);
    std::size_t cut = SIZE_MAX;
    {
      const std::lock_guard lock(mutex_);
      sent_with_[id] = token_;
      if (!behaviour_.cuts.empty()) {
        cut = behaviour_.cuts.front();
        behaviour_.cuts.erase(behaviour_.cuts.begin());
      }
      const std::string range = request.header("Content-Range");
      const std::size_t begin = range.empty() ? 0 : std::stoul(range);
      if (!uploads_.contains(id) || uploads_[id].size() != begin) {
        peer.answer(uploads_.contains(id) ? 416 : 404, "");
        return false;
      }
    }
    for (std::size_t left = request.length; left > 0;) {
      if (buffer.empty()) buffer = peer.some();
      if (buffer.empty()) return false;
      const std::size_t size = std::min({buffer.size(), left, cut});
      const std::lock_guard lock(mutex_);
      uploads_[id] += buffer.substr(0, size);
      taken_ += size;
      buffer.erase(0, size);
      left -= size;
      cut -= size;
      if (cut == 0) {
        if (!behaviour_.resumes) uploads_.erase(id);
        return false;
      }
    }
    const std::lock_guard lock(mutex_);
    peer.answer(202, "", where(id));
    return true;
  }

  Behaviour behaviour_;
  mutable std::mutex mutex_;
  std::condition_variable met_;
  std::map<std::string, std::string> blobs_;
  std::map<std::string, std::string> uploads_;
  std::map<std::string, std::size_t> sent_with_;  // upload → its last PATCH's token
  std::map<std::string, std::string> manifests_;
  std::vector<std::string> order_;
  std::vector<std::string> log_;
  int number_ = 0;
  std::atomic<std::size_t> token_ = 0;
  std::atomic<int> now_ = 0;
  std::atomic<int> max_ = 0;
  std::atomic<std::size_t> taken_ = 0;
  ScriptedServer server_;
};

}  // namespace upload_registry
