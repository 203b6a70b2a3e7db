// HTTP/1.1 by Beast's parser, without its headers: reading an answer piece by piece, writing the
// head of a request. One owner; one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace net {

struct AnswerBounds {
  std::size_t header_bytes;
  std::size_t body_bytes;         // of a body that is kept as a whole; 0: it is taken bit by bit
  std::size_t refused_bytes = 0;  // of the body of an answer that is no 2xx; 0: as body_bytes
};

struct HeaderLine {
  std::string name;
  std::string value;

  bool operator==(const HeaderLine&) const = default;
};

// Takes the bytes of one answer, interim answers (1xx) before it included.
class AnswerParser {
 public:
  enum class Kind {
    kPlain,
    kConnect,  // to a CONNECT: after a 2xx there is no body, the bytes are the tunnel's
    kHead,     // to a HEAD: there is no body, whatever the head says
  };

  enum class Headers { kDropped, kKept };

  explicit AnswerParser(AnswerBounds bounds, Kind kind = Kind::kPlain,
                        Headers headers = Headers::kDropped);
  AnswerParser(const AnswerParser&) = delete;
  AnswerParser& operator=(const AnswerParser&) = delete;
  ~AnswerParser();

  // kMalformed: not HTTP. kTooLarge: over a bound.
  base::Result<void> feed(std::string_view bytes);

  // The peer has ended. kNetwork: in the middle of the answer.
  base::Result<void> end();

  bool started() const;    // a byte came
  bool head_done() const;  // status and retry_after are there
  bool done() const;
  bool keep_alive() const;  // once it is done: the connection can carry another request

  int status() const;
  std::optional<std::chrono::milliseconds> retry_after() const;

  // Once the head is there: every header but those of interim answers, in their order.
  const std::vector<HeaderLine>& headers() const;

  // Once the head is there: whether the body is kept as a whole, as one that is not a 200 is.
  void keep_whole_body(std::size_t bytes);

  // What of the body of a 2xx is kept: the filter appends it to `kept`, piece by piece.
  using BodyFilter = std::function<void(std::string_view piece, std::string& kept)>;
  void filter_body(BodyFilter filter);

  // The body so far; what was taken before is not in it.
  std::size_t body_size() const;
  std::string take_body();

 private:
  struct State;

  std::unique_ptr<State> state_;
};

// The head of a request, the empty line included. kInvalid: something in it does not fit there.
base::Result<std::string> request_head(std::string_view method, std::string_view target,
                                       const std::vector<HeaderLine>& headers);

// Retry-After in seconds (RFC 9110, 10.2.3), at most a day; nothing for a date.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value);

}  // namespace net
