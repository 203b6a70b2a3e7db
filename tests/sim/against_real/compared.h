// What two API servers have to agree on: their answers, with what each of them invents (uids,
// versions, times, addresses, ports, tokens) replaced by names in the order of their appearance.
// One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/meta.h"
#include "kube/transport.h"
#include "sim/against_real/sequence.h"
#include "sim/json_value.h"

namespace against_real {

// One of the two, in one sequence: what it has said so far.
class Memory {
 public:
  Memory(std::string namespace_name, int first_port)
      : namespace_name_(std::move(namespace_name)), first_port_(first_port) {}

  // The request with its marks filled in.
  kube::Request fill(const Step& step) const;
  std::string fill(const std::string& text) const;

  void see(const kube::Response& response);
  void start_at(std::string revision) { start_ = std::move(revision); }

  // The answer, ready to be compared.
  std::string canonical(const kube::Response& response);
  std::string canonical_event(std::string_view line);

  api::ObjectKey marker_key() const { return {namespace_name_, kMarker}; }
  const std::map<std::string, std::string>& objects() const { return objects_; }

 private:
  struct Seen {
    std::string uid, version, older, node_port;
  };

  void name_values(sim::Value& value, std::string_view key, bool in_list,
                   sim::Allocator& allocator);
  void name_text(sim::Value& value, std::string_view key, bool in_list, sim::Allocator& allocator);
  std::string name_of(const std::string& kind, const std::string& value);
  enum class Unknown { kNamed, kPlaceholder };  // what has no name yet
  std::string renamed(const std::string& text, Unknown unknown);
  std::string name_in_text(const std::string& kind, const std::string& value, Unknown unknown);
  void see_object(const sim::Value& object);
  std::optional<std::string> value_of(const std::string& mark) const;

  std::string namespace_name_;
  int first_port_;
  std::string start_;
  std::map<std::string, Seen> seen_;            // by "Kind/name"
  std::map<std::string, std::string> objects_;  // likewise: as last answered
  std::map<std::string, std::string> pages_;    // tokens that continue, by "KindList"
  std::map<std::string, std::string> names_;    // by what they stand for
  std::map<std::string, int> counts_;
};

}  // namespace against_real
