// Prepares text from outside for messages: values of files, objects, flags and answers, and reports
// of other programs and servers. Every message quotes such text through these functions, so that a
// message is one short line and cannot control a terminal. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

// Returns the text as UTF-8 without control characters and without characters that change how a
// terminal shows the text around them. "?" replaces each such character and each byte that is not
// valid UTF-8; a space replaces a line break or a tab.
std::string printable(std::string_view text);

// Returns a value for a message: printable and at most limits::kShownCharacters characters. "…"
// stands for omitted text. The value ends at its first line break. It also ends where a YAML key
// seems to follow ("users:"): then the closing quote of the value is probably missing, and the text
// that follows may be a password or token.
std::string shown(std::string_view value);

// Like shown(), for a file name: at most limits::kShownPathCharacters characters.
std::string shown_path(std::string_view path);

// Returns shown() in single quotes.
std::string quoted(std::string_view value);

// Returns what a server or another program reports as one printable line of at most
// limits::kReportCharacters characters. Unlike shown() it continues after a line break and after a
// colon.
std::string reported(std::string_view text);

// Returns the text as one printable line of at most `bytes` bytes. It is cut between characters,
// with "…" at the end when text is omitted.
std::string cut_line(std::string_view text, std::size_t bytes);

}  // namespace base
