// How messages show text that comes from outside: values of files, objects, flags and answers, and
// what other programs and servers report. Every message that has such text in it takes it from
// here, so that it stays one line, short, and harmless for a terminal. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

// UTF-8 without control characters and without characters that change how a terminal shows the
// text around them. "?" replaces each of them and each byte that is no UTF-8; a space replaces a
// line break or a tab.
std::string printable(std::string_view text);

// A value for a message: printable and at most limits::kShownCharacters characters. "…" stands for
// what is left out. The value ends at its first line break. It also ends where a key of YAML seems
// to follow ("users:"): the closing quote of the value is probably missing then, and the text that
// follows may be a password or token.
std::string shown(std::string_view value);

// The same for the name of a file, of which more is shown: at most limits::kShownPathCharacters.
std::string shown_path(std::string_view path);

// shown() in single quotes.
std::string quoted(std::string_view value);

// What a server or another program reports: printable, one line, at most limits::kReportCharacters
// characters. Unlike shown() it goes on after a line break and after a colon.
std::string reported(std::string_view text);

// A text of at most `bytes` bytes that is one line; cut between characters, with "…" at the end
// when something is left out.
std::string cut_line(std::string_view text, std::size_t bytes);

}  // namespace base
