// Memory makes the answers of two API servers comparable: it replaces the values that each server
// invents (uids, versions, times, addresses, ports, tokens) by names in the order of their
// appearance. One thread.
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

// What one of the two servers has answered so far in one sequence.
class Memory {
 public:
  Memory(std::string namespace_name, int first_port)
      : namespace_name_(std::move(namespace_name)), first_port_(first_port) {}

  // Returns the request with its marks replaced by values.
  kube::Request fill(const Step& step) const;
  std::string fill(const std::string& text) const;

  void see(const kube::Response& response);
  void start_at(std::string revision) { start_ = std::move(revision); }

  // Returns the answer or event in the form in which it is compared.
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
  enum class Unknown { kNamed, kPlaceholder };  // how a value without a name is shown
  std::string renamed(const std::string& text, Unknown unknown);
  std::string name_in_text(const std::string& kind, const std::string& value, Unknown unknown);
  void see_object(const sim::Value& object);
  std::optional<std::string> value_of(const std::string& mark) const;

  std::string namespace_name_;
  int first_port_;
  std::string start_;
  std::map<std::string, Seen> seen_;            // by "Kind/name"
  std::map<std::string, std::string> objects_;  // JSON of the last answer, by "Kind/name"
  std::map<std::string, std::string> pages_;    // continue tokens, by "KindList"
  std::map<std::string, std::string> names_;    // by kind and value
  std::map<std::string, int> counts_;
};

}  // namespace against_real
