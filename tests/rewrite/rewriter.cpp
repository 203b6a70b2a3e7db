// `kubectl localregistry rewrite` without a cluster: the images are given on the command line.
//   rewriter FILE|- REGISTRY IMAGE...
// Prints the text to standard output. Prints the warnings to standard error, and after them the
// number of changed values.
#include <iostream>
#include <vector>

#include "api/images/image_rewriter.h"
#include "cli/rewriting/rewrite.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 3) {
    std::cerr << "usage: rewriter FILE|- REGISTRY IMAGE...\n";
    return 2;
  }
  std::vector<api::RewriteTarget> targets;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto image = api::parse_image_reference(words[i]);
    if (!image) {
      std::cerr << words[i] << ": " << image.error().message << '\n';
      return 2;
    }
    targets.push_back({*image, words[1]});
  }
  const auto report = cli::rewrite_file(words[0], api::ImageRewriter(targets), std::cout);
  if (!report) {
    std::cerr << report.error().message << '\n';
    return 1;
  }
  for (const cli::RewriteWarning& warning : report->warnings) {
    std::cerr << warning.line << ": " << warning.message << '\n';
  }
  std::cerr << report->edits << '\n';
  return 0;
}
