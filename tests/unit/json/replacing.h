// Replacing is a visitor for tests that replaces whole values, one by one. One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "json/text.h"
#include "json/text/scalars.h"

namespace testing_json {

using Scan = base::Result<void> (*)(json::ByteSource&, json::ScalarVisitor&);
using Replace = std::function<std::optional<std::string>(const json::Scalar&)>;
using Emit = std::function<base::Result<void>(json::Edit)>;

// Calls `replace` for every value that is a word, and `emit` with an edit for each value that it
// replaces.
class Replacing final : public json::ScalarVisitor {
 public:
  Replacing(Replace replace, Emit emit) : replace_(std::move(replace)), emit_(std::move(emit)) {}

  std::size_t value(const json::Scalar& scalar) override {
    word_ = json::is_word(scalar.value) ? replace_(scalar) : std::nullopt;
    return word_ ? scalar.value.size() : 0;
  }
  base::Result<void> located(json::ScalarLocation location) override {
    return emit_(json::edit_at(location, *word_).value());
  }
  void alias(const json::Scalar&) override {}
  base::Result<void> end_of_map(std::uint64_t) override { return {}; }

 private:
  Replace replace_;
  Emit emit_;
  std::optional<std::string> word_;
};

inline base::Result<void> replace_words(Scan scan, json::ByteSource& source, Replace replace,
                                        Emit emit) {
  Replacing visitor(std::move(replace), std::move(emit));
  return scan(source, visitor);
}

}  // namespace testing_json
