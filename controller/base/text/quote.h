// This file prepares untrusted text for messages: values of files, objects, flags and answers, and
// reports of other programs and servers. Every message quotes such text through these functions, so
// that the message is one short line and cannot control a terminal. The functions are pure and can
// be called on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

// Returns the text as UTF-8 without control characters and without characters that change how a
// terminal shows the text around them. "?" replaces each such character and each byte that is not
// valid UTF-8; a space replaces a line break or a tab.
std::string printable(std::string_view text);

// Returns a value for a message: printable, and at most limits::kShownCharacters characters. "…"
// stands for omitted text. The result ends at the first line break. It also ends before text that
// looks like a YAML key ("users:"), because then the closing quote of the value is probably
// missing, and the following text may be a password or token.
std::string shown(std::string_view value);

// Like shown(), for a file name: at most limits::kShownPathCharacters characters.
std::string shown_path(std::string_view path);

// Returns shown() in single quotes.
std::string quoted(std::string_view value);

// Returns a report of a server or another program as one printable line of at most
// limits::kReportCharacters characters. Unlike shown(), it does not stop at a line break or a YAML
// key.
std::string reported(std::string_view text);

// Returns the text as one printable line of at most `bytes` bytes. A longer text is cut between two
// characters and ends with "…", if that fits.
std::string cut_line(std::string_view text, std::size_t bytes);

}  // namespace base
