// What a token server answers (Docker's token authentication, and OAuth2). Values; any thread. They
// hold secrets: never log them.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"

namespace registry {

struct Token {
  std::string text;           // fits into a header: printable ASCII without space
  std::chrono::seconds life;  // from now on; at most a day
};

// kMalformed, kTooLarge. The message names what came instead of a token and quotes none of it.
base::Result<Token> parse_token(std::string body);

}  // namespace registry
