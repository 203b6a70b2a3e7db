// Fuzz target for image references. The first line of the input is a reference; the other lines are
// the images of a local registry. The canonical form is read as the same reference, and a rewritten
// reference is not rewritten again.
#include "api/images/image_reference.h"
#include "api/images/image_rewriter.h"
#include "fuzz/property.h"

namespace {

constexpr std::string_view kRegistry = "localhost:31234";

void check_reference(std::string_view text) {
  const auto reference = api::parse_image_reference(text);
  if (!reference) {
    fuzz::require(reference.error().code == base::ErrorCode::kInvalid, "it is refused as invalid");
    fuzz::require_short_line(reference.error().message);
    return;
  }
  const std::string whole = api::to_string(*reference);
  const auto again = api::parse_image_reference(whole);
  fuzz::require(again.has_value(), "the canonical form is a reference");
  fuzz::require(*again == *reference, "the canonical form is read as the same reference");
  fuzz::require_same(api::to_string(*again), whole, "the canonical form stays");
  const auto bare = api::parse_image_reference(api::repository(*reference));
  if (!bare) return;  // "name@sha256" is no reference without the rest of its digest
  fuzz::require(bare->path == reference->path && bare->domain == reference->domain,
                "the repository of a reference is its own");
}

void check_rewriter(std::string_view text, const api::ImageRewriter& rewriter) {
  const auto rewritten = rewriter.rewrite(text);
  if (!rewritten) return;
  const auto before = api::parse_image_reference(text);
  const auto after = api::parse_image_reference(*rewritten);
  fuzz::require(before.has_value() && after.has_value(), "what is rewritten is a reference");
  fuzz::require_same(after->path, before->path, "the path stays");
  fuzz::require_same(after->tag, before->tag, "the tag stays");
  fuzz::require_same(after->digest, before->digest, "the digest stays");
  fuzz::require(!rewriter.rewrite(*rewritten), "nothing is rewritten twice");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::string_view first = text.substr(0, text.find('\n'));
  std::vector<api::DeclaredImage> images;
  std::vector<api::RewriteTarget> targets;
  std::string registry(kRegistry);
  for (std::size_t at = first.size(); at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at + 1), text.size());
    const std::string line(text.substr(at + 1, end - at - 1));
    at = end;
    images.push_back({"name", line});
    // A line without a slash may be the host of the local registry.
    if (line.find('/') == std::string::npos) registry = line;
    if (auto image = api::parse_image_reference(line)) targets.push_back({*image, registry});
  }
  const auto refusals = api::refusals(images);
  fuzz::require(refusals.size() == images.size(), "each image gets a verdict");
  for (const auto& refusal : refusals) {
    if (refusal) fuzz::require_short_line(*refusal);
  }
  check_reference(first);
  if (const auto self = api::parse_image_reference(first)) targets.push_back({*self, registry});
  check_rewriter(first, api::ImageRewriter(targets));
  return 0;
}
