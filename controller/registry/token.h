// Parses the answers of token servers (Docker's token authentication, and OAuth2). A Token is a
// value that any thread may use. It is a secret: never log it.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"

namespace registry {

struct Token {
  std::string text;           // printable ASCII without spaces, as a header allows
  std::chrono::seconds life;  // time until the token expires; at most a day
};

// Parses the body of an answer. kMalformed, kTooLarge: the message describes the body, without
// quoting it.
base::Result<Token> parse_token(std::string body);

}  // namespace registry
