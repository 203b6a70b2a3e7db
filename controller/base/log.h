// Structured logging: a message and key-value pairs, as text for people or as JSON lines.
//
// main creates the Logger and passes it by reference. It writes whole lines to standard error.
// Never give it the content of a Secret, a token or a request body. Any thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// Reads "debug", "info", "warn" or "error"; nullopt for any other text.
std::optional<LogLevel> parse_log_level(std::string_view text);

// Reads "text" or "json"; nullopt for any other text.
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

// Returns the log line without time and level: `message key=value` or `"msg":"…","key":"…"`.
// Public for tests.
std::string format_log_line(LogFormat format, std::string_view message,
                            std::initializer_list<LogField> fields);

}  // namespace base
