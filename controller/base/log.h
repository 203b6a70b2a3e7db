// A Logger writes structured log lines to standard error: a message and key-value pairs, as text
// for people or as JSON.
//
// main creates the Logger and passes it by reference. Each line is written as a whole. Never log
// the content of a Secret, a token or a request body. A Logger can be used on any thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// Returns the level that the text names: "debug", "info", "warn" or "error". Returns nullopt for
// any other text.
std::optional<LogLevel> parse_log_level(std::string_view text);

// Returns the format that the text names: "text" or "json". Returns nullopt for any other text.
std::optional<LogFormat> parse_log_format(std::string_view text);

struct LogField {
  std::string_view key;
  std::string value;
};

class Logger {
 public:
  Logger(LogLevel level, LogFormat format);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  // Returns a logger that writes nothing, for tests.
  static Logger silent() { return Logger(Silent{}); }

  void debug(std::string_view message, std::initializer_list<LogField> fields = {});
  void info(std::string_view message, std::initializer_list<LogField> fields = {});
  void warning(std::string_view message, std::initializer_list<LogField> fields = {});
  void error(std::string_view message, std::initializer_list<LogField> fields = {});

 private:
  struct Silent {};
  class Sink;

  explicit Logger(Silent);
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

  LogFormat format_ = LogFormat::kText;
  std::unique_ptr<Sink> sink_;
};

// Returns a log line without its time and level: `message key=value`, or `"msg":"…","key":"…"` for
// JSON. It is public for tests.
std::string format_log_line(LogFormat format, std::string_view message,
                            std::initializer_list<LogField> fields);

}  // namespace base
