#include "net/http/http.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <charconv>

#include "base/limits.h"
#include "net/text.h"

namespace net {
namespace {

namespace http = boost::beast::http;
using Code = boost::beast::error_code;
using boost::beast::string_view;

constexpr std::chrono::seconds kLongestRetryAfter = std::chrono::hours(24);

// Keeps only what the client needs of an answer: status, Retry-After, body and, on request,
// headers.
class Parser final : public http::basic_parser<false> {
 public:
  int status = 0;
  std::optional<std::chrono::milliseconds> retry_after;
  std::string body;
  std::size_t max = 0;      // limit for `body` in bytes; 0: no limit
  std::size_t refused = 0;  // limit instead of `max` if the status is not 2xx; 0: `max`
  AnswerParser::BodyFilter filter;
  bool keep_headers = false;
  std::vector<HeaderLine> headers;

  std::size_t bound_of_body() const { return refused != 0 && !is_success(status) ? refused : max; }

 private:
  void on_request_impl(http::verb, string_view, string_view, int, Code&) override {}
  void on_response_impl(int code, string_view, int, Code&) override { status = code; }
  void on_field_impl(http::field name, string_view text, string_view value, Code&) override {
    if (is_header_done()) return;  // this field is a trailer
    if (name == http::field::retry_after)
      retry_after = parse_retry_after({value.data(), value.size()});
    if (keep_headers) headers.push_back({std::string(text), std::string(value)});
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(string_view part, Code& error) override {
    if (filter && is_success(status)) {
      filter({part.data(), part.size()}, body);
      if (max != 0 && body.size() > max) error = http::error::body_limit;
      return part.size();
    }
    const std::size_t bound = bound_of_body();
    if (bound != 0 && body.size() + part.size() > bound) {
      error = http::error::body_limit;
      return 0;
    }
    body.append(part.data(), part.size());
    return part.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view part, Code& error) override {
    return on_body_impl(part, error);
  }
  void on_finish_impl(Code&) override {}
};

}  // namespace

bool reads_only(std::string_view method) { return method == "GET" || method == "HEAD"; }

struct AnswerParser::State {
  AnswerBounds bounds;
  Kind kind = Kind::kPlain;
  Headers headers = Headers::kDropped;
  std::optional<Parser> parser;
  std::string pending;  // an incomplete head, or an incomplete line with a chunk's size
  bool started = false;
  int interim = 0;
  BodyFilter filter;

  void fresh() {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(static_cast<std::uint32_t>(bounds.header_bytes));
    parser->body_limit(boost::none);
    parser->max = bounds.body_bytes;
    parser->refused = bounds.refused_bytes;
    parser->filter = filter;
    parser->keep_headers = headers == Headers::kKept;
    parser->skip(kind != Kind::kPlain);
  }

  bool is_interim() const {
    return parser->is_header_done() && parser->status >= 100 && parser->status < 200;
  }

  base::Error explain(const Code& error) const {
    if (error == http::error::body_limit) {
      return {base::ErrorCode::kTooLarge,
              fmt::format("the answer has a body of more than {} bytes", parser->bound_of_body())};
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return {base::ErrorCode::kTooLarge,
              fmt::format("the answer has headers of more than {} bytes", bounds.header_bytes)};
    }
    return {base::ErrorCode::kMalformed, "the answer is not HTTP: " + error.message()};
  }
};

AnswerParser::AnswerParser(AnswerBounds bounds, Kind kind, Headers headers)
    : state_(std::make_unique<State>()) {
  state_->bounds = bounds;
  state_->kind = kind;
  state_->headers = headers;
  state_->fresh();
}

AnswerParser::~AnswerParser() = default;

base::Result<void> AnswerParser::feed(std::string_view bytes) {
  State& state = *state_;
  if (bytes.empty()) return {};
  state.started = true;
  std::string joined;
  if (!state.pending.empty()) {
    joined = std::exchange(state.pending, {}) + std::string(bytes);
    bytes = joined;
  }
  while (!bytes.empty()) {
    if (state.parser->is_done()) {
      // A proxy that refuses a CONNECT may send a body with the reason, which is ignored.
      if (state.kind == Kind::kConnect && state.parser->status >= 300) return {};
      if (!state.is_interim()) {
        return base::Error{base::ErrorCode::kMalformed, "the answer has bytes after its end"};
      }
      if (++state.interim > limits::kInterimResponses) {
        return base::Error{base::ErrorCode::kMalformed,
                           "too many interim answers (HTTP status 1xx)"};
      }
      state.fresh();
    }
    Code error;
    const std::size_t used =
        state.parser->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (error && error != http::error::need_more) return state.explain(error);
    bytes.remove_prefix(used);
    if (error == http::error::need_more || used == 0) break;
  }
  // The remaining bytes are an incomplete head or, in a chunked body, an incomplete chunk-size
  // line.
  if (bytes.size() > state.bounds.header_bytes) return state.explain(http::error::header_limit);
  state.pending = bytes;
  return {};
}

base::Result<void> AnswerParser::end() {
  State& state = *state_;
  const base::Error cut{base::ErrorCode::kNetwork,
                        started() ? "the connection was closed in the middle of the answer"
                                  : "the connection was closed before an answer came"};
  if (done()) return {};
  if (!head_done() || !state.pending.empty()) return cut;
  Code error;
  state.parser->put_eof(error);
  if (error) return cut;
  return {};
}

bool AnswerParser::started() const { return state_->started; }
bool AnswerParser::head_done() const {
  return state_->parser->is_header_done() && !state_->is_interim();
}
bool AnswerParser::done() const { return head_done() && state_->parser->is_done(); }
bool AnswerParser::keep_alive() const {
  return done() && state_->pending.empty() && state_->parser->keep_alive();
}
int AnswerParser::status() const { return state_->parser->status; }
std::optional<std::chrono::milliseconds> AnswerParser::retry_after() const {
  return state_->parser->retry_after;
}

const std::vector<HeaderLine>& AnswerParser::headers() const { return state_->parser->headers; }

void AnswerParser::keep_whole_body(std::size_t bytes) { state_->parser->max = bytes; }

void AnswerParser::filter_body(BodyFilter filter) {
  state_->parser->filter = filter;
  state_->filter = std::move(filter);
}

std::size_t AnswerParser::body_size() const { return state_->parser->body.size(); }
std::string AnswerParser::take_body() { return std::exchange(state_->parser->body, {}); }

base::Result<std::string> request_head(std::string_view method, std::string_view target,
                                       const std::vector<HeaderLine>& headers) {
  const auto plain = [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte > 0x20 && byte < 0x7f;
  };
  if (target.empty() || !std::all_of(target.begin(), target.end(), plain)) {
    return base::Error{base::ErrorCode::kInvalid, "the path of the request is not URL-encoded"};
  }
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", method, target);
  for (const HeaderLine& header : headers) {
    if (!fits_header(header.value) || !std::all_of(header.name.begin(), header.name.end(), plain)) {
      return base::Error{
          base::ErrorCode::kInvalid,
          fmt::format("the value of the header {} has control characters", header.name)};
    }
    head += header.name;
    head += ": ";
    head += header.value;
    head += "\r\n";
  }
  head += "\r\n";
  return head;
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value) {
  std::int64_t seconds = 0;
  const char* end = value.data() + value.size();
  const auto [stop, failure] = std::from_chars(value.data(), end, seconds);
  if (value.empty() || stop != end || seconds < 0) return std::nullopt;
  if (failure == std::errc::result_out_of_range) return kLongestRetryAfter;
  if (failure != std::errc()) return std::nullopt;
  return std::min(std::chrono::seconds(seconds), kLongestRetryAfter);
}

}  // namespace net
