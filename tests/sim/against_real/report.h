// Report counts what a run does, and prints the counts at its end. The run owns it; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kube/transport.h"

namespace against_real {

// Returns "get", "list", "create", "update", "patch", "json-patch", "strategic-patch", "apply",
// "delete", "deletecollection" or "watch". " of status" follows if a get, update or patch is about
// that subresource.
std::string verb_of(const kube::Request& request);

class Report {
 public:
  // Counts a request that was sent to both servers. `code` is the HTTP status of the real answer.
  void count_request(const kube::Request& request, int code);
  void count_watch(std::uint64_t events);
  void count_sequence() { ++sequences_; }
  void count_explained(const std::vector<std::string_view>& names);
  void count_difference() { ++differences_; }
  void count_not_seen_again() { ++not_seen_again_; }

  std::uint64_t sequences() const { return sequences_; }
  std::uint64_t differences() const { return differences_; }
  std::uint64_t not_seen_again() const { return not_seen_again_; }
  std::string text() const;

 private:
  std::uint64_t sequences_ = 0;
  std::uint64_t differences_ = 0;
  std::uint64_t not_seen_again_ = 0;
  std::uint64_t watch_events_ = 0;
  std::map<std::string, std::uint64_t> requests_;  // by verb
  std::map<int, std::uint64_t> codes_;
  std::map<std::string, std::uint64_t, std::less<>> explained_;
};

}  // namespace against_real
