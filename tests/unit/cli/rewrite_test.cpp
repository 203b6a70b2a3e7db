#include "cli/rewrite.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/limits.h"
#include "cli/rewrite_source.h"

namespace {

using api::ImageRewriter;
using testing::HasSubstr;
using testing::StartsWith;

ImageRewriter rewriter() {
  std::vector<api::RewriteTarget> targets;
  for (const char* image : {"ghcr.io/org/project/image", "backend", "org/frontend"}) {
    targets.push_back({api::parse_image_reference(image).value(), "localhost:31234"});
  }
  return ImageRewriter(targets);
}

// The text after, or the error; nothing may be written before an error.
std::string rewritten(const std::string& text) {
  json::TextSource source(text);
  std::ostringstream output;
  const auto result = cli::rewrite_text(source, rewriter(), output);
  if (result) return output.str();
  EXPECT_EQ(output.str(), "");
  return to_string(result.error());
}

TEST(Rewrite, AManifestKeepsAllButItsReferences) {
  EXPECT_EQ(rewritten("# ghcr.io/org/project/image\n"
                      "apiVersion: apps/v1\r\n"
                      "kind:   Deployment # ghcr.io/org/project/image\n"
                      "metadata: {name: backend, labels: {app: 'backend'}}\n"
                      "spec:\n"
                      "  containers:\n"
                      "  - image: \"ghcr.io/org/project/image:v1\" # pinned\n"
                      "    name: backend\n"
                      "    args: [--image, ghcr.io/org/project/image:v1, --image=org/frontend]\n"
                      "  -   image:    backend\n"
                      "---\n"
                      "x: docker.io/org/frontend:dev"),
            "# ghcr.io/org/project/image\n"
            "apiVersion: apps/v1\r\n"
            "kind:   Deployment # ghcr.io/org/project/image\n"
            "metadata: {name: backend, labels: {app: 'backend'}}\n"
            "spec:\n"
            "  containers:\n"
            "  - image: \"localhost:31234/org/project/image:v1\" # pinned\n"
            "    name: backend\n"
            "    args: [--image, localhost:31234/org/project/image:v1, --image=org/frontend]\n"
            "  -   image:    localhost:31234/library/backend\n"
            "---\n"
            "x: localhost:31234/org/frontend:dev");
}

TEST(Rewrite, AWordAloneIsAnImageOnlyWhereTheKeySaysSo) {
  for (const char* key : {"image", "Image", "initImage", "devImage", "images", "imageName",
                          "repository", "imageSelector"}) {
    EXPECT_TRUE(cli::names_image(key)) << key;
  }
  for (const char* key : {"name", "app", "", "imag", "i-m-a-g-e", "repo", "service"}) {
    EXPECT_FALSE(cli::names_image(key)) << key;
  }
  EXPECT_EQ(rewritten("images: [backend]\nname: [backend]\n"),
            "images: [localhost:31234/library/backend]\nname: [backend]\n");
  EXPECT_EQ(rewritten("name: backend:1\n"), "name: localhost:31234/library/backend:1\n");
  EXPECT_EQ(rewritten("backend"), "backend");
}

TEST(Rewrite, JsonIsRewrittenToo) {
  EXPECT_EQ(rewritten("{\"image\":\"backend\",\"a\":[\"org\\/frontend:1\",\"backend\"]}"),
            "{\"image\":\"localhost:31234/library/backend\",\"a\":"
            "[\"localhost:31234/org/frontend:1\",\"backend\"]}");
  EXPECT_EQ(
      rewritten("{\"whale\":\"\\ud83d\\udc33\",\"image\":\"backend\"}\n{\"image\":\"backend\"}"),
      "{\"whale\":\"\\ud83d\\udc33\",\"image\":\"localhost:31234/library/backend\"}\n"
      "{\"image\":\"localhost:31234/library/backend\"}");
}

TEST(Rewrite, YamlThatBeginsAsJsonDoesIsYaml) {
  EXPECT_EQ(rewritten("{image: backend}\n---\n{\"image\": 'backend'}\n"),
            "{image: localhost:31234/library/backend}\n---\n"
            "{\"image\": 'localhost:31234/library/backend'}\n");
  EXPECT_EQ(rewritten("[org/frontend, # comment\n org/frontend]"),
            "[localhost:31234/org/frontend, # comment\n localhost:31234/org/frontend]");
}

TEST(Rewrite, ABrokenDocumentLeavesNothingWritten) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "image: backend\n---\n";
  EXPECT_THAT(rewritten(text + "image: [backend"), StartsWith("Malformed: YAML at line 20001, "));
  EXPECT_THAT(rewritten(text + "image: 'a\xff'\n"),
              StartsWith("Malformed: YAML at line 20001, column 10: not UTF-8"));
  EXPECT_THAT(rewritten("{\"image\":\"backend\""),
              StartsWith("Malformed: YAML at line 1, column "));
}

TEST(Rewrite, RewritingTwiceChangesNothing) {
  const std::string text = "image: backend\nimages: ['org/frontend:1', {image: backend}]\n";
  const std::string once = rewritten(text);
  EXPECT_NE(once, text);
  EXPECT_EQ(rewritten(once), once);
}

TEST(Rewrite, ATextWithoutReferencesComesOutAsItIs) {
  for (const char* text : {"", "\n", "# only a comment", "a: 1\r\n\r\n", "---\n...\n---\n", "{}"}) {
    EXPECT_EQ(rewritten(text), text);
  }
}

TEST(Rewrite, SaysHowManyReferencesItRewrote) {
  json::TextSource source("image: backend\nother: [org/frontend, x]\n");
  std::ostringstream output;
  const auto count = cli::rewrite_text(source, rewriter(), output);
  ASSERT_TRUE(count);
  EXPECT_EQ(count->references, 2U);
}

TEST(Rewrite, AnOutputThatTakesNothingIsAnError) {
  json::TextSource source("image: backend\n");
  std::ostringstream output;
  output.setstate(std::ios::badbit);
  const auto count = cli::rewrite_text(source, rewriter(), output);
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().message, "the output cannot be written");
}

// A text that another one takes the place of as soon as something of it has been written.
class Changing final : public json::ByteSource, public std::stringbuf {
 public:
  explicit Changing(std::string after) : after_(std::move(after)) {}

  static std::string before() {
    return "image: backend\n#" + std::string(100'000, ' ') + "\nimage: 'backend'\n";
  }

  base::Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) override {
    const std::string text = str().empty() ? before() : after_;
    return json::TextSource(text).read(offset, buffer, size);
  }

 private:
  std::string after_;
};

TEST(Rewrite, ATextThatChangesBetweenTheReadingsIsAnError) {
  const std::string text = Changing::before();
  std::string moved = text;
  moved.insert(text.size() - 10, " ");
  for (const std::string& after :
       {moved, text.substr(0, 90'000), text.substr(0, text.size() - 4)}) {
    Changing changing(after);
    std::ostream output(&changing);
    const auto result = cli::rewrite_text(changing, rewriter(), output);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "the text changed while it was rewritten");
  }
  Changing same(text);
  std::ostream output(&same);
  EXPECT_TRUE(cli::rewrite_text(same, rewriter(), output));
}

TEST(Rewrite, MoreReferencesThanAreKeptAreFoundASecondTime) {
  constexpr std::size_t kReferences = limits::kRewriteMemoryBytes / 32;
  std::string text;
  std::string expected;
  for (std::size_t i = 0; i < kReferences; ++i) {
    text += "- org/frontend\n";
    expected += "- localhost:31234/org/frontend\n";
  }
  EXPECT_TRUE(rewritten(text) == expected);
}

class RewriteFile : public testing::Test {
 protected:
  RewriteFile() { std::filesystem::create_directories(folder_); }
  ~RewriteFile() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

  static std::string rewrite(const std::string& file) {
    std::ostringstream output;
    const auto result = cli::rewrite_file(file, rewriter(), output);
    return result ? output.str() : result.error().message;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("rewrite-test-" + std::to_string(::getpid()));
};

TEST_F(RewriteFile, TheFileItselfStays) {
  const std::string file = write("a.yaml", "image: backend\n");
  EXPECT_EQ(rewrite(file), "image: localhost:31234/library/backend\n");
  std::ifstream input(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(input), {}), "image: backend\n");
}

TEST_F(RewriteFile, MessagesNameTheFile) {
  const std::string file = write("broken.yaml", "image: [\n");
  EXPECT_THAT(rewrite(file), StartsWith(file + ": YAML at line 2, column 1: "));
  EXPECT_EQ(rewrite(path("missing")),
            "cannot read " + path("missing") + ": No such file or directory");
  EXPECT_EQ(rewrite(folder_), "cannot read " + folder_.string() + ": Is a directory");
}

TEST_F(RewriteFile, APipeIsReadToItsEndFirst) {
  for (const std::size_t lines : {std::size_t{1}, limits::kRewriteMemoryBytes / 10}) {
    const std::string fifo = path("fifo");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    std::thread writer([&] {
      std::ofstream output(fifo);
      for (std::size_t i = 0; i < lines; ++i) output << "- org/frontend\n";
    });
    const std::string text = rewrite(fifo);
    writer.join();
    const std::string line = "- localhost:31234/org/frontend\n";
    EXPECT_EQ(text.size(), lines * line.size());
    EXPECT_THAT(text.substr(0, 100), StartsWith(line));
    EXPECT_EQ(text.substr(text.size() - line.size()), line);
    std::filesystem::remove(fifo);
  }
}

TEST_F(RewriteFile, APipeForWhichThereIsNoPlaceIsAnError) {
  ::setenv("TMPDIR", path("nowhere").c_str(), 1);
  const std::string fifo = path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream output(fifo);
    output << std::string(2 * limits::kRewriteMemoryBytes, '#');
  });
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(rewrite(fifo), "found no place for a copy of " + fifo + ": No such file or directory");
  writer.join();
  std::signal(SIGPIPE, handler);
  ::unsetenv("TMPDIR");
}

TEST_F(RewriteFile, StandardInputIsReadFromWhereItIs) {
  const std::string file = write("part.yaml", "skipped\nimage: backend\n");
  const int descriptor = ::open(file.c_str(), O_RDONLY);
  ASSERT_EQ(::lseek(descriptor, 8, SEEK_SET), 8);
  const auto source = cli::RewriteSource::from(descriptor, "standard input");
  ASSERT_TRUE(source);
  std::ostringstream output;
  ASSERT_TRUE(cli::rewrite_text(**source, rewriter(), output));
  EXPECT_EQ(output.str(), "image: localhost:31234/library/backend\n");
  ::close(descriptor);
}

TEST_F(RewriteFile, WhatIsAppendedMeanwhileIsNotRead) {
  const std::string file = write("growing.yaml", "image: backend\n");
  std::ofstream output(file, std::ios::app);
  const auto count = cli::rewrite_file(file, rewriter(), output);
  ASSERT_TRUE(count);
  output.close();
  std::ifstream input(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(input), {}),
            "image: backend\nimage: localhost:31234/library/backend\n");
}

}  // namespace
