#include "json/sieve/sieve.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "base/limits.h"
#include "base/text/text.h"

namespace json {
namespace {

const Shape& leaf() {
  static const Shape kShape;
  return kShape;
}

bool is_space(char character) {
  return character == ' ' || character == '\n' || character == '\t' || character == '\r';
}

// Returns whether the character may be in a number, or in true, false or null.
bool is_in_scalar(char character) {
  return base::is_digit(character) || (character >= 'a' && character <= 'z') || character == 'E' ||
         character == '+' || character == '-' || character == '.';
}

bool ends_scalar(char character) {
  return is_space(character) || character == ',' || character == '}' || character == ']';
}

const Shape* find_member(const Shape& shape, std::string_view name) {
  const auto found = std::find_if(shape.members.begin(), shape.members.end(),
                                  [&](const Shape::Member& member) { return member.name == name; });
  return found == shape.members.end() ? nullptr : found->shape;
}

const KeptKey* find_key(const Shape& shape, std::string_view name) {
  const auto found = std::find_if(shape.keys.begin(), shape.keys.end(), [&](const KeptKey& kept) {
    return kept.key.ends_with('/') ? name.starts_with(kept.key) : name == kept.key;
  });
  return found == shape.keys.end() ? nullptr : &*found;
}

constexpr std::string_view kItemBegins = R"({"type":"ADDED","object":)";
constexpr std::string_view kPageBegins = R"({"type":"PAGE","object":{"metadata":)";

// Returns the shape of an object of which these members are kept, whatever is in them.
Shape object_of(std::initializer_list<std::string_view> members) {
  Shape shape;
  shape.kind = Shape::Kind::kObject;
  for (const std::string_view name : members) shape.members.push_back({name, &leaf()});
  return shape;
}

// Returns the shape of a watch event: {"type":…,"object":…}.
const Shape& event_shape() {
  static const Shape kShape = object_of({"type", "object"});
  return kShape;
}

// Returns the shape of a list: {"metadata":…,"items":[…]}.
const Shape& page_shape() {
  static const Shape kShape = object_of({"metadata", "items"});
  return kShape;
}

// Returns the shape of a list's items. begin_element() recognises it by its address and gives each
// item the shape of the resource.
const Shape& items_shape() {
  static const Shape kShape = [] {
    Shape shape;
    shape.kind = Shape::Kind::kList;
    return shape;
  }();
  return kShape;
}

}  // namespace

Sieve::Sieve(const Shape& shape, std::size_t object_bytes, Input input)
    : shape_(&shape), object_bytes_(object_bytes), input_(input) {
  reset();
}

void Sieve::reset() {
  state_ = State::kValue;
  frames_.clear();
  current_.clear();
  next_ = input_ == Input::kOne ? shape_ : input_ == Input::kLines ? &event_shape() : &page_shape();
  next_max_ = 0;
  is_error_ = false;
  page_items_ = false;
  page_metadata_.clear();
  resource_ = 0;
}

void Sieve::broken() {
  // For kOne, feed() may already have returned the complete text when invalid bytes follow. So a
  // complete text always stays in the output, however the input is split.
  if (input_ != Input::kOne || state_ != State::kEnd) current_.clear();
  current_ += '?';  // makes the output invalid JSON
  state_ = State::kBroken;
}

void Sieve::end_line(std::string& out) {
  const bool is_empty = state_ == State::kValue && frames_.empty();
  if (state_ != State::kEnd && !is_empty) broken();
  if (!is_empty) out += current_ + '\n';
  reset();
}

void Sieve::feed(std::string_view bytes, std::string& out) {
  if (input_ != Input::kLines) {
    feed_segment(bytes, out);
    return;
  }
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    feed_segment(bytes.substr(0, end), out);
    if (end == std::string_view::npos) return;
    end_line(out);
    bytes.remove_prefix(end + 1);
  }
}

void Sieve::feed_segment(std::string_view bytes, std::string& out) {
  while (!bytes.empty() && state_ != State::kBroken) {
    if (state_ == State::kRaw) {
      bytes.remove_prefix(read_raw(bytes));
    } else {
      step(bytes.front());
      bytes.remove_prefix(1);
    }
    if (current_.size() > limits::kWatchLineBytes && resource_ == 0) broken();
  }
  out += std::exchange(ended_, {});
  const bool is_over = state_ == State::kEnd || state_ == State::kBroken;
  if (input_ == Input::kOne && is_over) out += std::exchange(current_, {});
}

void Sieve::step(char character) {
  if (state_ == State::kKey) return step_key(character);
  if (is_space(character)) return;
  switch (state_) {
    case State::kValue: return begin_value(character);
    case State::kFirst:
      if (character == '}' || character == ']') return close(character);
      if (frames_.back().is_list) return begin_value(character);
      [[fallthrough]];
    case State::kNext: return character == '"' ? begin_key() : broken();
    case State::kColon:
      if (character != ':') return broken();
      state_ = State::kValue;
      return;
    case State::kAfter:
      if (character == '}' || character == ']') return close(character);
      if (character != ',') return broken();
      state_ = frames_.back().is_list ? State::kValue : State::kNext;
      return;
    default: return broken();
  }
}

void Sieve::begin_key() {
  key_.clear();
  key_escape_ = false;
  key_too_long_ = false;
  state_ = State::kKey;
}

void Sieve::step_key(char character) {
  if (!key_escape_ && character == '"') return end_key();
  key_escape_ = !key_escape_ && character == '\\';
  if (key_.size() >= limits::kJsonKeyBytes) {
    key_too_long_ = true;
  } else {
    key_ += character;
  }
}

// Decides whether the member's value is kept, and if so writes the key to the output.
void Sieve::end_key() {
  state_ = State::kColon;
  Frame& frame = frames_.back();
  const Shape& shape = *frame.shape;
  next_max_ = 0;
  next_ = nullptr;
  frame.member_start = current_.size();
  frame.had_members = frame.has_members;
  if (frames_.size() == resource_) metadata_ = key_ == "metadata";
  frame.member_cost = metadata_ ? metadata_cost_ : cost_;
  if (shape.kind == Shape::Kind::kObject) {
    next_ = key_too_long_ ? nullptr : find_member(shape, key_);
    if (next_ != nullptr && input_ == Input::kLines && frames_.size() == 1 && key_ == "object") {
      next_ = is_error_ ? &leaf() : shape_;
    }
    if (next_ != nullptr && input_ == Input::kPage && frames_.size() == 1 && key_ == "items") {
      next_ = &items_shape();
    }
  } else if (shape.keys.empty()) {
    next_ = shape.element;
  } else if (const KeptKey* kept = key_too_long_ ? nullptr : find_key(shape, key_)) {
    next_ = shape.element;
    next_max_ = kept->max_bytes;
  }
  if (next_ == nullptr) return;
  if (shape.kind == Shape::Kind::kMap) {
    if (key_too_long_) return overflow();
    if (!charge(shape.element_bytes + key_.size())) return;
  }
  if (!frame.is_shown) return;
  if (frame.has_members) current_ += ',';
  current_ += '"';
  current_ += key_;
  current_ += "\":";
  frame.has_members = true;
}

// Handles the first character of a value: opens an object or list that is sieved, or begins a value
// that is copied or left out without being parsed.
void Sieve::begin_value(char character) {
  const bool is_element = !frames_.empty() && frames_.back().is_list;
  if (is_element && !begin_element()) {
    read_raw({&character, 1});
    return;
  }
  if (input_ == Input::kPage && frames_.size() == 1 && next_ == &items_shape()) {
    page_items_ = true;
    if (character != '[') next_ = nullptr;
  }
  const Shape::Kind kind = next_ == nullptr ? Shape::Kind::kLeaf : next_->kind;
  if (kind == Shape::Kind::kList && character == '[') return open(*next_, true);
  if (kind != Shape::Kind::kLeaf && kind != Shape::Kind::kList && character == '{') {
    return open(*next_, false);
  }
  begin_raw(character, next_ != nullptr);
}

// Begins an element of a list. Returns false when the element exceeds a bound.
bool Sieve::begin_element() {
  Frame& list = frames_.back();
  next_max_ = 0;
  if (list.shape == &items_shape()) {
    next_ = shape_;
    current_ = kItemBegins;
    return true;
  }
  next_ = list.shape->element;
  if (resource_ != 0) {
    const std::size_t bytes = list.shape->element_bytes;
    if (++list.elements * bytes > limits::kListElementBytes) {
      overflow();
      return false;
    }
    if (!charge(bytes)) return false;
  }
  if (list.has_members) current_ += ',';
  list.has_members = true;
  return true;
}

void Sieve::open(const Shape& shape, bool is_list) {
  Frame frame{&shape, is_list};
  // For kPage, the outer brackets of the list are not written, because its items become watch
  // events.
  frame.is_shown = input_ != Input::kPage || frames_.size() >= 2;
  if (frame.is_shown) current_ += is_list ? '[' : '{';
  frames_.push_back(frame);
  if (resource_ == 0 && shape.is_resource) {
    resource_ = frames_.size();
    metadata_ = false;
    completeness_ = Completeness::kComplete;
    cost_ = metadata_cost_ = 0;
  }
  state_ = State::kFirst;
}

void Sieve::close(char character) {
  const Frame frame = frames_.back();
  if (frame.is_list != (character == ']')) return broken();
  if (frames_.size() == resource_) {
    if (completeness_ != Completeness::kComplete) {
      current_ += fmt::format("{}\"{}\":{}", frame.has_members ? "," : "", kCompletenessMember,
                              static_cast<int>(completeness_));
    }
    resource_ = 0;
  }
  if (frame.is_shown) current_ += character;
  frames_.pop_back();
  end_value();
}

void Sieve::end_value() {
  state_ = frames_.empty() ? State::kEnd : State::kAfter;
  if (input_ == Input::kLines && frames_.size() == 1 && key_ == "type") {
    is_error_ = current_.ends_with("\"ERROR\"");
  }
  if (input_ == Input::kPage) end_part_of_page();
}

void Sieve::end_part_of_page() {
  if (frames_.size() == 2) {
    ended_ += current_ + "}\n";
    current_.clear();
  } else if (frames_.size() == 1 && !current_.empty()) {
    page_metadata_ = std::exchange(current_, {});
  } else if (frames_.empty()) {
    const bool is_list = page_items_ && !page_metadata_.empty();
    ended_ += is_list ? std::string(kPageBegins) + page_metadata_ + "}}\n" : "?\n";
    page_metadata_.clear();
  }
}

void Sieve::begin_raw(char character, bool keep) {
  constexpr std::string_view kBegin = "\"{[tfn-0123456789";
  if (kBegin.find(character) == std::string_view::npos) return broken();
  state_ = State::kRaw;
  raw_keep_ = keep;
  raw_string_ = character == '"';
  raw_escape_ = false;
  raw_depth_ = character == '{' || character == '[' ? 1 : 0;
  raw_scalar_ = !raw_string_ && raw_depth_ == 0;
  raw_bytes_ = 0;
  raw_max_ = next_max_;
  if (keep) keep_raw({&character, 1});
}

// Writes bytes of an unparsed value to the output. Returns false when they exceed a bound.
bool Sieve::keep_raw(std::string_view bytes) {
  current_ += bytes;
  raw_bytes_ += bytes.size();
  if (raw_max_ != 0 && raw_bytes_ > raw_max_) {
    overflow();
    return false;
  }
  return charge(bytes.size());
}

// Returns how many of the bytes belong to the unparsed value. Sets `over` when the value ends
// there. Stops before a byte that cannot be in a scalar.
std::size_t Sieve::raw_run(std::string_view bytes, bool& over) {
  std::size_t used = 0;
  while (used < bytes.size() && !over) {
    const char character = bytes[used];
    if (raw_scalar_) {
      over = ends_scalar(character);
      if (over || !is_in_scalar(character)) break;
      ++used;
    } else if (raw_escape_) {
      raw_escape_ = false;
      ++used;
    } else if (raw_string_) {
      while (used < bytes.size() && bytes[used] != '"' && bytes[used] != '\\') ++used;
      if (used == bytes.size()) break;
      raw_escape_ = bytes[used] == '\\';
      raw_string_ = raw_escape_;
      over = !raw_string_ && raw_depth_ == 0;
      ++used;
    } else {
      raw_string_ = character == '"';
      if (character == '{' || character == '[') ++raw_depth_;
      if (character == '}' || character == ']') over = --raw_depth_ == 0;
      ++used;
    }
  }
  return used;
}

std::size_t Sieve::read_raw(std::string_view bytes) {
  bool over = false;
  const std::size_t used = raw_run(bytes, over);
  if (used == 0 && !over) {
    broken();
    return bytes.size();
  }
  if (raw_keep_ && used > 0 && !keep_raw(bytes.substr(0, used))) over = over && raw_depth_ == 0;
  if (over) end_value();
  return used;
}

bool Sieve::charge(std::size_t bytes) {
  if (resource_ == 0) return true;
  std::size_t& cost = metadata_ ? metadata_cost_ : cost_;
  cost += bytes;
  if (cost <= (metadata_ ? limits::kMetadataBytes : object_bytes_)) return true;
  overflow();
  return false;
}

// Removes the current member of the resource, or of its metadata, from the output and leaves out
// the rest of that member.
void Sieve::overflow() {
  const bool in_metadata = metadata_ && frames_.size() > resource_;
  const std::size_t frames = in_metadata ? resource_ + 1 : resource_;
  const std::size_t depth = frames_.size() - frames;
  if (state_ != State::kRaw) {
    raw_string_ = raw_escape_ = false;
    raw_depth_ = 0;
  }
  state_ = State::kRaw;
  raw_keep_ = false;
  raw_depth_ += depth;
  raw_scalar_ = raw_scalar_ && depth == 0;
  frames_.resize(frames, Frame{nullptr});
  Frame& frame = frames_.back();
  current_.resize(frame.member_start);
  frame.has_members = frame.had_members;
  (metadata_ ? metadata_cost_ : cost_) = frame.member_cost;
  completeness_ =
      std::max(completeness_, metadata_ ? Completeness::kPartialMetadata : Completeness::kPartial);
}

std::string sift(std::string_view text, const Shape& shape, std::size_t object_bytes) {
  Sieve sieve(shape, object_bytes, Sieve::Input::kOne);
  std::string kept;
  sieve.feed(text, kept);
  return kept;
}

}  // namespace json
