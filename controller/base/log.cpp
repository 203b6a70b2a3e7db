#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/text/utf8.h"

namespace base {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Returns true for the control characters that terminals obey: C0, DEL and C1.
bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

// Appends the value as valid UTF-8 without line breaks and control characters, because it may come
// from untrusted input. A backslash is put before each character of `special`.
void append_escaped(std::string& line, std::string_view value, std::string_view special) {
  while (!value.empty()) {
    const Character next = first_character(value);
    const std::string_view sequence = value.substr(0, next.size);
    value.remove_prefix(next.size);
    if (next.code == kNotUtf8) {
      line += kReplacement;
    } else if (next.code == '\n') {
      line += "\\n";
    } else if (is_control(next.code)) {
      line += fmt::format("\\u{:04x}", static_cast<unsigned>(next.code));
    } else {
      if (special.find(sequence) != std::string_view::npos) line += '\\';
      line += sequence;
    }
  }
}

void append_quoted(std::string& line, std::string_view value) {
  line += '"';
  append_escaped(line, value, "\"\\");
  line += '"';
}

bool needs_quotes(std::string_view value) {
  if (value.empty()) return true;
  for (const char character : value) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte <= 0x20 || byte == 0x7f || character == '"' || character == '=') return true;
  }
  return false;
}

}  // namespace

class Logger::Sink {
 public:
  explicit Sink(LogLevel level, LogFormat format)
      : logger_("", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(to_spdlog(level));
    logger_.flush_on(spdlog::level::debug);
    logger_.set_pattern(format == LogFormat::kJson
                            ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                            : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v",
                        spdlog::pattern_time_type::utc);
  }

  spdlog::logger& logger() { return logger_; }

 private:
  spdlog::logger logger_;
};

std::optional<LogLevel> parse_log_level(std::string_view text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warn") return LogLevel::kWarning;
  if (text == "error") return LogLevel::kError;
  return std::nullopt;
}

std::optional<LogFormat> parse_log_format(std::string_view text) {
  if (text == "text") return LogFormat::kText;
  if (text == "json") return LogFormat::kJson;
  return std::nullopt;
}

Logger::Logger(LogLevel level, LogFormat format)
    : format_(format), sink_(std::make_unique<Sink>(level, format)) {}

Logger::Logger(Silent) {}

Logger::~Logger() = default;

void Logger::debug(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::kDebug, message, fields);
}

void Logger::info(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::kInfo, message, fields);
}

void Logger::warning(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::kWarning, message, fields);
}

void Logger::error(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::kError, message, fields);
}

void Logger::write(LogLevel level, std::string_view message,
                   std::initializer_list<LogField> fields) {
  if (!sink_ || !sink_->logger().should_log(to_spdlog(level))) return;
  sink_->logger().log(to_spdlog(level), "{}", format_log_line(format_, message, fields));
}

std::string format_log_line(LogFormat format, std::string_view message,
                            std::initializer_list<LogField> fields) {
  std::string line;
  if (format == LogFormat::kJson) {
    line += "\"msg\":";
    append_quoted(line, message);
    for (const LogField& field : fields) {
      line += ',';
      append_quoted(line, field.key);
      line += ':';
      append_quoted(line, field.value);
    }
    return line;
  }
  append_escaped(line, message, "");
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (needs_quotes(field.value)) {
      append_quoted(line, field.value);
    } else {
      append_escaped(line, field.value, "");
    }
  }
  return line;
}

}  // namespace base
