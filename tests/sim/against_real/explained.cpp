#include "sim/against_real/explained.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "sim/json_value.h"

namespace against_real {
namespace {

using sim::Allocator;
using sim::Document;
using sim::Value;

constexpr std::size_t kBefore = 150;
constexpr std::size_t kShown = 420;

struct Answer {
  int code = 0;
  Document body;
};

std::optional<Answer> read(const std::string& canonical) {
  const std::size_t space = canonical.find(' ');
  if (space == std::string::npos) return std::nullopt;
  Answer answer;
  answer.code = std::atoi(canonical.c_str());
  answer.body.Parse(canonical.c_str() + space + 1);
  if (answer.body.HasParseError() || !answer.body.IsObject()) return std::nullopt;
  return answer;
}

template <class Visit>
void for_each_cause(Answer& answer, Visit visit) {
  Value* causes = sim::find(answer.body, {"details", "causes"});
  if (causes == nullptr || !causes->IsArray()) return;
  for (Value& cause : causes->GetArray()) visit(cause);
}

// Removes the message of an answer to a body that cannot be decoded: each decoder words it
// otherwise.
void forget_decoder_message(Answer& answer) {
  if (answer.code == 400 || answer.code == 500) sim::remove(answer.body, "message");
}

// Removes the print of a patched object that cannot be decoded.
void forget_patched_object(Answer& answer) {
  for_each_cause(answer, [&answer](Value& cause) {
    if (sim::text_at(cause, {"field"}) != "patch") return;
    sim::remove(cause, "message");
    sim::remove(answer.body, "message");
  });
}

// Removes the printed difference of two Go structs.
void forget_printed_specs(Answer& answer) {
  for_each_cause(answer, [&answer](Value& cause) {
    const std::string message(sim::text_at(cause, {"message"}));
    if (message.find("spec is immutable after creation") == std::string::npos) return;
    sim::set_text(cause, "message", message.substr(0, message.find("\n@@")),
                  answer.body.GetAllocator());
    sim::remove(answer.body, "message");
  });
}

// Sorts the causes, which come in the random order of a Go map, and removes the message that lists
// them.
void forget_order_of_causes(Answer& answer) {
  Value* causes = sim::find(answer.body, {"details", "causes"});
  if (causes == nullptr || !causes->IsArray() || causes->Size() < 2) return;
  sim::remove(answer.body, "message");
  std::vector<std::string> texts;
  for (const Value& cause : causes->GetArray()) texts.push_back(sim::write(cause));
  std::sort(texts.begin(), texts.end());
  Allocator& allocator = answer.body.GetAllocator();
  causes->Clear();
  for (const std::string& text : texts)
    causes->PushBack(sim::make_text(text, allocator), allocator);
}

struct Explanation {
  std::string_view name;
  void (*forget)(Answer& answer);
};
constexpr Explanation kExplanations[] = {{"decoder-message", forget_decoder_message},
                                         {"patched-object", forget_patched_object},
                                         {"printed-specs", forget_printed_specs},
                                         {"order-of-causes", forget_order_of_causes}};

}  // namespace

std::optional<std::vector<std::string_view>> explained(const std::string& real,
                                                       const std::string& fake) {
  std::optional<Answer> one = read(real);
  std::optional<Answer> other = read(fake);
  if (!one || !other || one->code != other->code) return std::nullopt;
  std::vector<std::string_view> names;
  for (const Explanation& explanation : kExplanations) {
    const std::string before = sim::write(one->body) + sim::write(other->body);
    explanation.forget(*one);
    explanation.forget(*other);
    if (before != sim::write(one->body) + sim::write(other->body)) {
      names.push_back(explanation.name);
    }
    if (one->body == other->body) return names;
  }
  return std::nullopt;
}

std::string first_difference(const std::string& real, const std::string& fake) {
  std::size_t at = 0;
  while (at < real.size() && at < fake.size() && real[at] == fake[at]) ++at;
  const std::size_t begin = at > kBefore ? at - kBefore : 0;
  return fmt::format("   real …{}\n   fake …{}", real.substr(begin, kShown),
                     fake.substr(begin, kShown));
}

}  // namespace against_real
