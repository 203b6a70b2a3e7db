// Parses the answers of token servers (Docker's token authentication, and OAuth2). Values; any
// thread. They hold secrets: never log them.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"

namespace registry {

struct Token {
  std::string text;           // valid in a header: printable ASCII without space
  std::chrono::seconds life;  // from now on; at most a day
};

// Parses the body of an answer. kMalformed, kTooLarge: the message describes the body, without
// quoting it.
base::Result<Token> parse_token(std::string body);

}  // namespace registry
