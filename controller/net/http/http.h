// HTTP/1.1 for clients: parses an answer piece by piece and writes the head of a request. It uses
// Beast's parser, whose headers this file does not include. A parser has one owner and is used on
// one thread.
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

// Returns whether a request with this method only reads, so that repeating it does no harm: GET and
// HEAD.
bool reads_only(std::string_view method);

// Returns whether the HTTP status is one of 2xx.
constexpr bool is_success(int status) { return status / 100 == 2; }

struct AnswerBounds {
  std::size_t header_bytes;
  std::size_t body_bytes;         // limit of the body that the parser holds at once; 0: none
  std::size_t refused_bytes = 0;  // body_bytes of answers other than 2xx; 0: the same
};

struct HeaderLine {
  std::string name;
  std::string value;

  bool operator==(const HeaderLine&) const = default;
};

// An AnswerParser parses the bytes of one answer, including interim answers (1xx) before it.
class AnswerParser {
 public:
  enum class Kind {
    kPlain,
    kConnect,  // answer to CONNECT: a 2xx has no body, later bytes belong to the tunnel
    kHead,     // answer to HEAD: no body, even if the head has a Content-Length
  };

  enum class Headers { kDropped, kKept };

  explicit AnswerParser(AnswerBounds bounds, Kind kind = Kind::kPlain,
                        Headers headers = Headers::kDropped);
  AnswerParser(const AnswerParser&) = delete;
  AnswerParser& operator=(const AnswerParser&) = delete;
  ~AnswerParser();

  // Parses more bytes. kMalformed: not HTTP, or bytes after the end of the answer. kTooLarge: over
  // a limit of AnswerBounds.
  base::Result<void> feed(std::string_view bytes);

  // Reports that the peer has closed its side. kNetwork: the answer is incomplete.
  base::Result<void> end();

  bool started() const;    // at least one byte has arrived
  bool head_done() const;  // status() and retry_after() are valid
  bool done() const;
  bool keep_alive() const;  // valid when done(): the connection can carry another request

  int status() const;
  std::optional<std::chrono::milliseconds> retry_after() const;

  // Returns the headers of the answer in their order, without those of interim answers and
  // trailers. Valid when head_done(); empty with Headers::kDropped.
  const std::vector<HeaderLine>& headers() const;

  // Limits the body to `bytes`, in place of AnswerBounds::body_bytes. Call it when head_done(), if
  // the answer is an error and the caller expected a stream, which has no limit.
  void keep_whole_body(std::size_t bytes);

  // Sets a filter for the body of a 2xx answer: it gets each piece and appends to `kept` what the
  // parser keeps.
  using BodyFilter = std::function<void(std::string_view piece, std::string& kept)>;
  void filter_body(BodyFilter filter);

  // body_size() is the number of bytes of body that the parser holds; take_body() moves them out.
  // If body_bytes is 0, the caller takes the body repeatedly while it arrives.
  std::size_t body_size() const;
  std::string take_body();

 private:
  struct State;

  std::unique_ptr<State> state_;
};

// Returns the head of a request with its final empty line. kInvalid: a space, control or non-ASCII
// character in the target or in the name of a header, or a control character in a value.
base::Result<std::string> request_head(std::string_view method, std::string_view target,
                                       const std::vector<HeaderLine>& headers);

// Parses a Retry-After in seconds (RFC 9110, 10.2.3). Returns at most a day; nothing for a date.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value);

}  // namespace net
