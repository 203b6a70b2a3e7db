// Fuzz target for the parser of HTTP answers. The answer, or the failure, does not depend on how
// the bytes are cut into pieces, and the headers can be sent on. The error codes are not compared:
// a text that is not HTTP and ends early is cut off or malformed, depending on where the parser
// stopped.
#include "fuzz/property.h"
#include "net/http/http.h"

namespace {

using net::AnswerParser;

constexpr net::AnswerBounds kBounds = {64 << 10, 64 << 10};

struct Outcome {
  bool failed = false;
  int status = 0;
  std::vector<net::HeaderLine> headers;
  std::string body;
  std::optional<std::chrono::milliseconds> retry_after;
  bool keep_alive = false;

  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(const std::vector<std::string_view>& pieces, AnswerParser::Kind kind) {
  AnswerParser parser(kBounds, kind, AnswerParser::Headers::kKept);
  Outcome outcome;
  const Outcome failure{.failed = true};
  for (const std::string_view piece : pieces) {
    if (auto fed = parser.feed(piece); !fed) return failure;
    if (parser.head_done()) outcome.body += parser.take_body();
  }
  outcome.keep_alive = parser.keep_alive();
  if (auto ended = parser.end(); !ended) return failure;
  fuzz::require(parser.done(), "what ended well is done");
  outcome.body += parser.take_body();
  outcome.status = parser.status();
  outcome.headers = parser.headers();
  outcome.retry_after = parser.retry_after();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto ways = fuzz::ways_to_cut(text);
  for (const auto kind :
       {AnswerParser::Kind::kPlain, AnswerParser::Kind::kConnect, AnswerParser::Kind::kHead}) {
    const Outcome whole = outcome_of(ways.front(), kind);
    for (std::size_t i = 1; i < ways.size(); ++i) {
      fuzz::require(outcome_of(ways[i], kind) == whole, "pieces make no difference");
    }
    if (whole.failed) continue;
    fuzz::require(whole.status < 100 || whole.status >= 200, "an interim answer is no answer");
    fuzz::require(!whole.retry_after || whole.retry_after->count() >= 0, "nobody waits backwards");
    if (const auto head = net::request_head("GET", "/", whole.headers)) {
      fuzz::require(head->find('\0') == std::string::npos, "no control characters are sent");
    }
  }
  return 0;
}
