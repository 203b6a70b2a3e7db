#include "registry/token.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <tuple>

#include "base/limits.h"
#include "json/fields.h"
#include "json/raw.h"

namespace registry {
namespace {

// Docker's token servers set `token`, those of OAuth2 `access_token`.
struct TokenText {
  std::string token;
  std::string access_token;
  json::Raw expires_in;  // seconds; some servers quote the number
};

}  // namespace
}  // namespace registry

template <>
struct json::Fields<registry::TokenText> {
  using Type = registry::TokenText;
  static constexpr auto kTable = std::make_tuple(json::field("token", &Type::token),
                                                 json::field("access_token", &Type::access_token),
                                                 json::field("expires_in", &Type::expires_in));
};

namespace registry {
namespace {

constexpr std::chrono::seconds kLongestToken = std::chrono::hours(24);

// Returns whether the text can be a bearer token (RFC 6750, 2.1). Other characters would break the
// Authorization header.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= limits::kTokenBytes &&
         std::all_of(text.begin(), text.end(), [](char character) {
           const auto byte = static_cast<unsigned char>(character);
           return byte > 0x20 && byte < 0x7f;
         });
}

std::chrono::seconds lifetime(const json::Raw& text) {
  std::string_view digits = text.text;
  if (digits.starts_with('"')) digits.remove_prefix(1);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc() || seconds <= 0) return limits::kTokenLife;
  return std::min(std::chrono::seconds(seconds), kLongestToken);
}

}  // namespace

base::Result<Token> parse_token(std::string body) {
  const base::Error none{base::ErrorCode::kMalformed, "not a JSON object with a usable token"};
  // The number of values is limited because many small values need far more memory than the body.
  const auto document =
      json::Document::parse(std::move(body), {.max_values = limits::kTokenValues});
  if (!document) return none;
  auto text = json::decode<TokenText>(document->root());
  if (!text) return none;
  std::string& token = text->token.empty() ? text->access_token : text->token;
  if (token.size() > limits::kTokenBytes) {
    return base::Error{base::ErrorCode::kTooLarge,
                       fmt::format("it has more than {} bytes", limits::kTokenBytes)};
  }
  if (!is_token(token)) return none;
  return Token{std::move(token), lifetime(text->expires_in)};
}

}  // namespace registry
