// This file implements scan_yaml with libyaml. The YAML packages of Go, which kubectl and Helm use,
// are translations of libyaml, so they find the same values as this scan. yaml-cpp, which the rest
// of this folder uses, reports neither the end of a scalar nor its notation. yaml-cpp also takes 28
// bytes of memory for each byte of a long line of JSON and reads 8 MB/s. libyaml reads 50 MB/s in
// constant memory.
#include <fmt/core.h>
#include <yaml.h>

#include <algorithm>
#include <array>
#include <new>
#include <set>
#include <stdexcept>
#include <vector>

#include "base/limits.h"
#include "base/text/text.h"
#include "base/text/utf8.h"
#include "json/text.h"
#include "json/text/nesting.h"
#include "json/text/scalars.h"
#include "json/text/text_check.h"

namespace json {
namespace {

// A Feed passes the bytes of the source to libyaml. Before libyaml reads them, it refuses bytes
// that are not text, and more than limits::kScalarBytes between two values.
class Feed {
 public:
  Feed(ByteSource& source, std::uint64_t begin) : source_(source), offset_(begin), last_(begin) {}

  static int read(void* self, unsigned char* buffer, std::size_t size, std::size_t* length) {
    return static_cast<Feed*>(self)->read(reinterpret_cast<char*>(buffer), size, *length) ? 1 : 0;
  }

  // Restarts the count of bytes that limits::kScalarBytes bounds. It is called when the parser has
  // returned an event.
  void progress() { last_ = offset_; }
  const TextCheck& check() const { return check_; }
  const std::optional<base::Error>& error() const { return error_; }

 private:
  bool read(char* buffer, std::size_t size, std::size_t& length) {
    if (offset_ - last_ > limits::kScalarBytes) {
      error_ = values_too_far_apart("YAML");
      return false;
    }
    const auto result = source_.read(offset_, buffer, size);
    if (!result) {
      error_ = result.error();
      return false;
    }
    length = *result;
    offset_ += length;
    error_ = length == 0 ? check_.finish() : check_.feed({buffer, length});
    return !error_;
  }

  ByteSource& source_;
  TextCheck check_;
  std::uint64_t offset_;
  std::uint64_t last_;
  std::optional<base::Error> error_;
};

// A ByteOffsets converts libyaml's positions, which count characters, to byte offsets. The
// positions must be requested in ascending order.
class ByteOffsets {
 public:
  ByteOffsets(ByteSource& source, std::uint64_t begin)
      : source_(source), buffer_(kReadBytes), offset_(begin) {}

  // Returns the byte offset in the source of a character, given by its number.
  base::Result<std::uint64_t> offset(std::uint64_t character) {
    while (true) {
      const std::size_t block = std::min(kBlockBytes, size_ - used_);
      if (block == 0) {
        offset_ += size_;
        used_ = 0;
        const auto size = source_.read(offset_, buffer_.data(), buffer_.size());
        if (!size) return size.error();
        size_ = *size;
        if (size_ == 0) return offset_;  // the end of the text
        continue;
      }
      const char* const at = buffer_.data() + used_;
      const auto count = static_cast<std::uint64_t>(std::count_if(at, at + block, begins));
      if (characters_ + count > character) return within(character);
      characters_ += count;
      used_ += block;
    }
  }

  // Returns `size` bytes from `offset`, and fewer only at the end of the source.
  base::Result<std::string> text(std::uint64_t offset, std::size_t size) {
    return text_at(source_, offset, size, {buffer_.data(), size_}, offset_);
  }

 private:
  static constexpr std::size_t kBlockBytes = 256;

  // Returns the byte offset of a character in the next block.
  std::uint64_t within(std::uint64_t character) {
    while (characters_ < character || !begins(buffer_[used_])) {
      if (begins(buffer_[used_])) ++characters_;
      ++used_;
    }
    return offset_ + used_;
  }

  static bool begins(char byte) { return base::begins_character(byte); }

  ByteSource& source_;
  std::vector<char> buffer_;
  std::size_t size_ = 0;          // bytes in buffer_
  std::size_t used_ = 0;          // bytes of buffer_ whose characters are counted
  std::uint64_t offset_;          // offset of buffer_ in the source
  std::uint64_t characters_ = 0;  // characters counted so far
};

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&raw); }

  yaml_event_t raw = {};
};

class Parser {
 public:
  explicit Parser(Feed& feed) {
    if (yaml_parser_initialize(&raw) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&raw, YAML_UTF8_ENCODING);
    yaml_parser_set_input(&raw, &Feed::read, &feed);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { yaml_parser_delete(&raw); }

  yaml_parser_t raw = {};
};

std::string_view text_of(const yaml_char_t* text, std::size_t length) {
  return {reinterpret_cast<const char*>(text), length};
}

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

base::Error error_at(base::ErrorCode code, const yaml_mark_t& mark, std::string_view what) {
  return json::error_at(code, mark.line + 1, mark.column + 1, what);
}

ScalarStyle style_of(yaml_scalar_style_t style) {
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: return ScalarStyle::kSingleQuoted;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return ScalarStyle::kDoubleQuoted;
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE: return ScalarStyle::kBlock;
    default: return ScalarStyle::kPlain;
  }
}

// Returns where the scalar begins in the window: after its anchor, its tag, and the white space and
// comments between them.
std::size_t skip_properties(std::string_view window) {
  std::size_t at = 0;
  while (at < window.size()) {
    if (window[at] == '!' || window[at] == '&' || window[at] == '#') {
      const std::string_view ends = window[at] == '#' ? "\r\n" : base::kWhiteSpace;
      at = std::min(window.find_first_of(ends, at), window.size());
    } else if (base::kWhiteSpace.find(window[at]) != std::string_view::npos) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Returns the bytes of `window` that encode `part`, a prefix of the scalar's value. `window` begins
// where libyaml reports the scalar. Returns nullopt when `window` does not contain them, for
// example because a very long comment comes first (limits::kScalarWindowBytes).
std::optional<Span> find_part(std::string_view window, ScalarStyle style, std::string_view part) {
  std::size_t begin = skip_properties(window);
  if (begin >= window.size()) return std::nullopt;
  if (style == ScalarStyle::kSingleQuoted || style == ScalarStyle::kDoubleQuoted) ++begin;
  if (style == ScalarStyle::kBlock) {
    begin = window.find_first_of("\r\n", begin);
    begin = std::min(window.find_first_not_of(" \r\n", begin), window.size());
  }
  const auto length = written_length(window.substr(begin), part);
  return length ? std::optional(Span{begin, begin + *length}) : std::nullopt;
}

// Does the same as find_part() for the whole value. `window` also ends where the scalar ends.
std::optional<Span> find_text(std::string_view window, ScalarStyle style, std::string_view value) {
  std::size_t begin = skip_properties(window);
  if (begin >= window.size()) return std::nullopt;
  const char first = window[begin];
  if (style == ScalarStyle::kSingleQuoted || style == ScalarStyle::kDoubleQuoted) {
    const char quote = style == ScalarStyle::kSingleQuoted ? '\'' : '"';
    const std::size_t last = window.size() - 1;
    if (first != quote || begin == last || window[last] != quote) return std::nullopt;
    return Span{begin + 1, last};
  }
  if (style == ScalarStyle::kBlock) {
    if (first != '|' && first != '>') return std::nullopt;
    begin = window.find_first_of("\r\n", begin);
    begin = std::min(window.find_first_not_of(" \r\n", begin), window.size());
  }
  if (window.substr(begin, value.size()) != value) return std::nullopt;
  const std::string_view rest = window.substr(begin + value.size());
  const bool ends =
      rest.empty() || (style == ScalarStyle::kBlock && rest.find_first_of("\r\n") == 0);
  return ends ? std::optional(Span{begin, begin + value.size()}) : std::nullopt;
}

class YamlScan {
 public:
  // `begin`: offset of the text after a byte order mark, which libyaml would count as a column.
  YamlScan(ByteSource& source, std::uint64_t begin, ScalarVisitor& visitor)
      : visitor_(visitor), feed_(source, begin), byte_offsets_(source, begin) {}

  base::Result<void> run() {
    while (true) {
      Event event;
      if (yaml_parser_parse(&parser_.raw, &event.raw) == 0) return failure();
      feed_.progress();
      if (event.raw.type == YAML_STREAM_END_EVENT) return {};
      if (auto result = handle(event.raw); !result) return result;
    }
  }

 private:
  base::Error failure() const;
  base::Result<void> handle(const yaml_event_t& event);
  base::Result<void> open(const yaml_event_t& event, bool mapping, bool flow,
                          const yaml_char_t* anchor);
  base::Result<void> scalar(const yaml_event_t& event);
  base::Result<void> define(const yaml_event_t& event, const yaml_char_t* anchor);
  base::Result<ScalarLocation> locate(const yaml_event_t& event, const Scalar& scalar,
                                      std::size_t length);

  ScalarVisitor& visitor_;
  Feed feed_;
  ByteOffsets byte_offsets_;
  Parser parser_{feed_};
  Nesting nesting_;
  std::set<std::string, std::less<>> anchors_;  // anchors of this document
  std::size_t anchor_bytes_ = 0;
};

base::Error YamlScan::failure() const {
  if (feed_.error()) return *feed_.error();
  const yaml_parser_t& parser = parser_.raw;
  if (parser.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
  std::string what = parser.problem == nullptr ? "cannot be read" : parser.problem;
  if (parser.context != nullptr) {
    what += fmt::format(", {}", parser.context);
    if (parser.context_mark.line != parser.problem_mark.line) {
      what += fmt::format(" that begins at line {}", parser.context_mark.line + 1);
    }
  }
  // At the end of a text, libyaml reports the line after the last one.
  if (parser.problem_mark.line >= feed_.check().line()) return feed_.check().error(what);
  return error_at(base::ErrorCode::kMalformed, parser.problem_mark, what);
}

base::Result<void> YamlScan::handle(const yaml_event_t& event) {
  switch (event.type) {
    case YAML_DOCUMENT_START_EVENT:
      anchors_.clear();
      anchor_bytes_ = 0;
      return {};
    case YAML_MAPPING_START_EVENT:
      return open(event, true, event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
                  event.data.mapping_start.anchor);
    case YAML_SEQUENCE_START_EVENT:
      return open(event, false, event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
                  event.data.sequence_start.anchor);
    case YAML_MAPPING_END_EVENT: return visitor_.end_of_map(nesting_.close());
    case YAML_SEQUENCE_END_EVENT: nesting_.close(); return {};
    case YAML_ALIAS_EVENT:
      if (!anchors_.contains(text_of(event.data.alias.anchor))) {
        return error_at(base::ErrorCode::kMalformed, event.start_mark,
                        "the alias refers to an undefined anchor");
      }
      if (nesting_.is_value()) {
        visitor_.alias({{}, nesting_.key(), {}, event.start_mark.line + 1, nesting_});
      }
      nesting_.leaf({});
      return {};
    case YAML_SCALAR_EVENT: return scalar(event);
    default: return {};
  }
}

base::Result<void> YamlScan::open(const yaml_event_t& event, bool mapping, bool flow,
                                  const yaml_char_t* anchor) {
  if (auto defined = define(event, anchor); !defined) return defined;
  if (nesting_.open(mapping, flow, anchor != nullptr)) return {};
  return error_at(base::ErrorCode::kTooLarge, event.start_mark,
                  fmt::format("nested deeper than {} levels", limits::kScalarDepth));
}

base::Result<void> YamlScan::define(const yaml_event_t& event, const yaml_char_t* anchor) {
  if (anchor == nullptr) return {};
  const std::string_view name = text_of(anchor);
  constexpr std::size_t kOverhead = 64;  // bytes of one entry of the set besides its text
  if (anchors_.emplace(name).second) anchor_bytes_ += name.size() + kOverhead;
  if (anchor_bytes_ <= limits::kScalarAnchorBytes) return {};
  return error_at(base::ErrorCode::kTooLarge, event.start_mark, "too many anchors");
}

base::Result<void> YamlScan::scalar(const yaml_event_t& event) {
  const auto& data = event.data.scalar;
  if (auto defined = define(event, data.anchor); !defined) return defined;
  Scalar scalar{text_of(data.value, data.length),
                nesting_.key(),
                style_of(data.style),
                event.start_mark.line + 1,
                nesting_,
                data.anchor != nullptr || nesting_.in_anchored_map()};
  if (!nesting_.is_value()) {
    nesting_.leaf(scalar.value);
    return {};
  }
  if (scalar.style == ScalarStyle::kBlock) {
    const std::size_t last = scalar.value.find_last_not_of('\n');
    scalar.value = scalar.value.substr(0, last == std::string_view::npos ? 0 : last + 1);
  }
  if (const std::size_t length = visitor_.value(scalar); length > 0) {
    auto found = locate(event, scalar, length);
    if (!found) return found.error();
    if (auto taken = visitor_.located(*std::move(found)); !taken) return taken;
  }
  nesting_.leaf(scalar.value);
  return {};
}

base::Result<ScalarLocation> YamlScan::locate(const yaml_event_t& event, const Scalar& scalar,
                                              std::size_t length) {
  const std::string_view part = scalar.value.substr(0, length);
  if (!is_word(part))
    throw std::invalid_argument("the part to locate has characters of YAML syntax");
  const bool whole = part.size() == scalar.value.size();
  const auto begin = byte_offsets_.offset(event.start_mark.index);
  if (!begin) return begin.error();
  const auto end = byte_offsets_.offset(event.end_mark.index);
  if (!end) return end.error();
  const auto window = byte_offsets_.text(
      *begin, std::min<std::uint64_t>(*end - *begin, limits::kScalarWindowBytes));
  if (!window) return window.error();
  const auto span =
      whole ? find_text(*window, scalar.style, part) : find_part(*window, scalar.style, part);
  if (!span) {
    return error_at(
        base::ErrorCode::kTooLarge, event.start_mark,
        "this value cannot be replaced in place: write it as a plain or quoted word on one line");
  }
  return ScalarLocation{*begin + span->begin,
                        *begin + span->end,
                        window->substr(span->begin, span->end - span->begin),
                        scalar.style == ScalarStyle::kPlain,
                        nesting_.in_flow(),
                        whole};
}

}  // namespace

base::Result<void> scan_yaml(ByteSource& source, ScalarVisitor& visitor) {
  std::array<char, kByteOrderMark.size()> start;
  const auto size = source.read(0, start.data(), start.size());
  if (!size) return size.error();
  const bool marked = std::string_view(start.data(), *size) == kByteOrderMark;
  return YamlScan(source, marked ? kByteOrderMark.size() : 0, visitor).run();
}

}  // namespace json
