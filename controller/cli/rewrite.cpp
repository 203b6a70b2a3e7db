#include "cli/rewrite.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <vector>

#include "cli/rewrite_source.h"

namespace cli {
namespace {

using Format = base::Result<void> (*)(json::ByteSource&, const json::Replace&, const json::Emit&);

constexpr std::size_t kCopyBytes = 64 << 10;

std::optional<std::string> replacement(const api::ImageRewriter& rewriter,
                                       const json::Scalar& scalar) {
  const bool bare = scalar.value.find_first_of("/:@") == std::string_view::npos;
  if (bare && !names_image(scalar.key)) return std::nullopt;
  return rewriter.rewrite(scalar.value);
}

// What one reading of the text found: the second has to find the same.
struct Finding {
  std::uint64_t edits = 0;
  std::size_t hash = 0;

  void add(const json::Edit& edit) {
    constexpr std::size_t kPrime = 1099511628211U;
    ++edits;
    for (const std::size_t part :
         {std::size_t{edit.begin}, std::size_t{edit.end}, std::hash<std::string>()(edit.text)}) {
      hash = (hash ^ part) * kPrime;
    }
  }
  bool operator==(const Finding&) const = default;
};

base::Error not_written() { return {base::ErrorCode::kInvalid, "the output cannot be written"}; }

class Copy {
 public:
  Copy(json::ByteSource& source, std::ostream& output)
      : source_(source), output_(output), buffer_(kCopyBytes) {}

  // Everything of the source up to that offset; nothing: up to its end.
  base::Result<void> until(std::optional<std::uint64_t> end) {
    while (!end || done_ < *end) {
      if (done_ < begin_ || done_ >= begin_ + size_) {
        const auto size = source_.read(done_, buffer_.data(), buffer_.size());
        if (!size) return size.error();
        begin_ = done_;
        size_ = *size;
        if (size_ == 0) break;
      }
      const std::uint64_t stop = std::min(end.value_or(begin_ + size_), begin_ + size_);
      if (!output_.write(buffer_.data() + (done_ - begin_),
                         static_cast<std::streamsize>(stop - done_))) {
        return not_written();
      }
      done_ = stop;
    }
    return {};
  }

  base::Result<void> edit(const json::Edit& edit) {
    if (auto copied = until(edit.begin); !copied) return copied;
    if (!(output_ << edit.text)) return not_written();
    done_ = edit.end;
    return {};
  }

 private:
  json::ByteSource& source_;
  std::ostream& output_;
  std::vector<char> buffer_;  // of the source from begin_ on
  std::uint64_t begin_ = 0;
  std::size_t size_ = 0;
  std::uint64_t done_ = 0;
};

base::Result<Finding> look(Format format, json::ByteSource& source, const json::Replace& replace) {
  Finding finding;
  const auto result = format(source, replace, [&](const json::Edit& edit) {
    finding.add(edit);
    return base::Result<void>();
  });
  if (!result) return result.error();
  return finding;
}

}  // namespace

base::Result<RewriteCount> rewrite_text(json::ByteSource& source,
                                        const api::ImageRewriter& rewriter, std::ostream& output) {
  const json::Replace replace = [&](const json::Scalar& scalar) {
    return replacement(rewriter, scalar);
  };
  const auto may_be_json = json::begins_as_json(source);
  if (!may_be_json) return may_be_json.error();
  Format format = *may_be_json ? &json::json_edits : &json::yaml_edits;
  auto found = look(format, source, replace);
  if (!found && *may_be_json && found.error().code == base::ErrorCode::kMalformed) {
    format = &json::yaml_edits;
    found = look(format, source, replace);
  }
  if (!found) return found.error();
  Copy copy(source, output);
  Finding again;
  if (found->edits > 0) {
    const auto result = format(source, replace, [&](const json::Edit& edit) {
      again.add(edit);
      return copy.edit(edit);
    });
    if (!result) return result.error();
  }
  if (auto copied = copy.until(std::nullopt); !copied) return copied.error();
  if (!output.flush()) return not_written();
  if (again != *found) {
    return base::Error{base::ErrorCode::kInvalid, "the text changed while it was rewritten"};
  }
  return RewriteCount{found->edits};
}

base::Result<RewriteCount> rewrite_file(const std::string& file, const api::ImageRewriter& rewriter,
                                        std::ostream& output) {
  const auto source = RewriteSource::open(file);
  if (!source) return source.error();
  auto count = rewrite_text(**source, rewriter, output);
  if (count) return count;
  base::Error error = count.error();
  const std::string shown = file == "-" ? "standard input" : file;
  if (error.message.find(shown) == std::string::npos) error.message = shown + ": " + error.message;
  return error;
}

bool names_image(std::string_view key) {
  constexpr std::string_view kWord = "image";
  const auto lower = [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A'))
                                                : character;
  };
  const auto same = [&](char a, char b) { return lower(a) == b; };
  return std::search(key.begin(), key.end(), kWord.begin(), kWord.end(), same) != key.end() ||
         key == "repository";
}

}  // namespace cli
