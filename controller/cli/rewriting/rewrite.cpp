#include "cli/rewriting/rewrite.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <vector>

#include "base/limits.h"
#include "cli/rewriting/reference_editor.h"
#include "cli/rewriting/rewrite_source.h"
#include "cli/terminal/input.h"
#include "json/pack.h"

namespace cli {
namespace {

using Format = base::Result<void> (*)(json::ByteSource&, json::ScalarVisitor&);

constexpr std::size_t kCopyBytes = 64 << 10;

// FoundEdits holds the edits that one scan of the text found, or only their number and hash if they
// are too large. It can be compared with a second scan, which must find the same edits.
class FoundEdits {
 public:
  void add(const json::Edit& edit) {
    constexpr std::size_t kPrime = 1099511628211U;
    ++edits_;
    for (const std::size_t part :
         {std::size_t{edit.begin}, std::size_t{edit.end}, std::hash<std::string>()(edit.text)}) {
      hash_ = (hash_ ^ part) * kPrime;
    }
  }

  // Adds the edit, and keeps it for each() unless all edits together exceed the bound of
  // keeps_all().
  void keep(const json::Edit& edit) {
    add(edit);
    constexpr std::size_t kNumbers = 24;  // maximum size of the numbers, bytes
    bytes_ += kNumbers + edit.original.size() + edit.text.size();
    if (!keeps_all()) {
      kept_ = {};
      return;
    }
    kept_.number(edit.begin);
    kept_.text(edit.original);
    kept_.text(edit.text);
  }

  std::uint64_t edits() const { return edits_; }
  // Returns whether each() has all edits. The bound is the one that RewriteSource uses for pipes.
  bool keeps_all() const { return bytes_ <= limits::kRewriteMemoryBytes; }
  bool is_same(const FoundEdits& other) const {
    return edits_ == other.edits_ && hash_ == other.hash_;
  }

  // Emits the kept edits until one fails; may be called once.
  base::Result<void> each(const Emit& emit) {
    const std::string kept = kept_.take();
    json::Unpacker unpacker(kept);
    while (!unpacker.at_end()) {
      json::Edit edit;
      edit.begin = unpacker.number();
      edit.original = unpacker.text();
      edit.text = unpacker.text();
      edit.end = edit.begin + edit.original.size();
      if (auto result = emit(std::move(edit)); !result) return result;
    }
    return {};
  }

 private:
  std::uint64_t edits_ = 0;
  std::size_t hash_ = 0;
  std::size_t bytes_ = 0;  // size of all edits, bytes
  json::Packer kept_;
};

base::Error not_written() {
  return {base::ErrorCode::kInvalid,
          "cannot write the rewritten text, so the output is incomplete: check the disk, or the "
          "program that reads the pipe"};
}
base::Error changed() {
  return {base::ErrorCode::kInvalid,
          "the input changed while it was rewritten: discard the output and run the command again"};
}

// EditedCopy writes the source to the output, with edits that are given in ascending order.
class EditedCopy {
 public:
  EditedCopy(json::ByteSource& source, std::ostream& output)
      : source_(source), output_(output), buffer_(kCopyBytes) {}

  // Copies the source up to the offset `end`, or to its end for nullopt.
  base::Result<void> until(std::optional<std::uint64_t> end) {
    while (!end || done_ < *end) {
      const auto ready = fill();
      if (!ready) return ready.error();
      if (ready->empty()) break;
      const auto size = std::min<std::uint64_t>(ready->size(), end.value_or(UINT64_MAX) - done_);
      if (!output_.write(ready->data(), static_cast<std::streamsize>(size))) return not_written();
      done_ += size;
    }
    return {};
  }

  base::Result<void> edit(const json::Edit& edit) {
    if (auto copied = until(edit.begin); !copied) return copied;
    for (std::string_view original = edit.original; !original.empty();) {
      const auto ready = fill();
      if (!ready) return ready.error();
      const std::string_view same = ready->substr(0, original.size());
      if (same.empty() || !original.starts_with(same)) return changed();
      original.remove_prefix(same.size());
      done_ += same.size();
    }
    if (!(output_ << edit.text)) return not_written();
    return {};
  }

 private:
  // Returns the next bytes of the source, at least one; empty at its end.
  base::Result<std::string_view> fill() {
    if (done_ < begin_ || done_ >= begin_ + size_) {
      const auto size = source_.read(done_, buffer_.data(), buffer_.size());
      if (!size) return size.error();
      begin_ = done_;
      size_ = *size;
    }
    return std::string_view(buffer_.data(), size_).substr(done_ - begin_);
  }

  json::ByteSource& source_;
  std::ostream& output_;
  std::vector<char> buffer_;  // bytes of the source from begin_ on
  std::uint64_t begin_ = 0;
  std::size_t size_ = 0;
  std::uint64_t done_ = 0;
};

struct FirstReading {
  FoundEdits found_edits;
  RewriteReport report;
  std::vector<std::uint64_t> late;  // see ReferenceEditor::late
};

base::Result<FirstReading> scan_once(Format format, json::ByteSource& source,
                                     const api::ImageRewriter& rewriter,
                                     std::vector<std::uint64_t> late) {
  FirstReading reading;
  RewriteReport& report = reading.report;
  ReferenceEditor editor(
      rewriter,
      [&](const json::Edit& edit) {
        reading.found_edits.keep(edit);
        return base::Result<void>();
      },
      [&](std::uint64_t line, std::string message) {
        if (report.warnings.size() == limits::kRewriteWarnings) {
          ++report.more_warnings;
        } else {
          report.warnings.push_back({line, std::move(message)});
        }
      },
      std::move(late));
  if (const auto result = format(source, editor); !result) return result.error();
  report.edits = reading.found_edits.edits();
  std::stable_sort(report.warnings.begin(), report.warnings.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  reading.late = std::move(editor).late();
  return reading;
}

base::Result<FirstReading> find_edits(Format format, json::ByteSource& source,
                                      const api::ImageRewriter& rewriter) {
  auto first = scan_once(format, source, rewriter, {});
  if (!first || first->late.empty()) return first;
  auto second = scan_once(format, source, rewriter, first->late);
  if (second && !second->late.empty()) return changed();
  if (second) second->late = std::move(first->late);
  return second;
}

// Scans the text a second time and applies the edits, because the first scan found too many to
// keep.
base::Result<void> copy_with_second_reading(const FirstReading& found, Format format,
                                            json::ByteSource& source,
                                            const api::ImageRewriter& rewriter, EditedCopy& copy) {
  FoundEdits again;
  ReferenceEditor editor(
      rewriter,
      [&](const json::Edit& edit) {
        again.add(edit);
        return copy.edit(edit);
      },
      [](std::uint64_t, const std::string&) {}, found.late);
  auto result = format(source, editor);
  if (result && !again.is_same(found.found_edits)) return changed();
  return result;
}

}  // namespace

base::Result<RewriteReport> rewrite_text(json::ByteSource& source,
                                         const api::ImageRewriter& rewriter, std::ostream& output) {
  const auto may_be_json = json::begins_as_json(source);
  if (!may_be_json) return may_be_json.error();
  Format format = *may_be_json ? &json::scan_json : &json::scan_yaml;
  auto found = find_edits(format, source, rewriter);
  if (!found && *may_be_json && found.error().code == base::ErrorCode::kMalformed) {
    format = &json::scan_yaml;
    found = find_edits(format, source, rewriter);
  }
  if (!found) return found.error();
  EditedCopy copy(source, output);
  FoundEdits& found_edits = found->found_edits;
  const base::Result<void> made =
      found_edits.keeps_all()
          ? found_edits.each([&](const json::Edit& edit) { return copy.edit(edit); })
          : copy_with_second_reading(*found, format, source, rewriter, copy);
  if (!made) return made.error();
  if (auto copied = copy.until(std::nullopt); !copied) return copied.error();
  if (!output.flush()) return not_written();
  return std::move(found->report);
}

base::Result<RewriteReport> rewrite_file(const std::string& file,
                                         const api::ImageRewriter& rewriter, std::ostream& output) {
  const auto source = RewriteSource::open(file);
  if (!source) return source.error();
  auto report = rewrite_text(**source, rewriter, output);
  if (report) return report;
  base::Error error = report.error();
  const std::string shown = shown_file(file);
  if (!error.message.starts_with(shown + ":")) error.message = shown + ": " + error.message;
  return error;
}

}  // namespace cli
