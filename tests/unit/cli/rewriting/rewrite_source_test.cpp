#include "cli/rewriting/rewrite_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "base/limits.h"
#include "cli/rewriting/rewrite.h"
#include "unit/cli/rewriting/rewritten.h"

namespace cli {
namespace {

using testing::StartsWith;

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
    const auto result = rewrite_file(file, rewriter(), output);
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
      for (std::size_t i = 0; i < lines; ++i) output << "- org/frontend:1\n";
    });
    const std::string text = rewrite(fifo);
    writer.join();
    const std::string line = "- localhost:31234/org/frontend:1\n";
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
  EXPECT_EQ(rewrite(fifo),
            "cannot write a temporary copy of " + fifo + ": No such file or directory");
  writer.join();
  std::signal(SIGPIPE, handler);
  ::unsetenv("TMPDIR");
}

TEST_F(RewriteFile, StandardInputIsReadFromWhereItIs) {
  const std::string file = write("part.yaml", "skipped\nimage: backend\n");
  const int descriptor = ::open(file.c_str(), O_RDONLY);
  ASSERT_EQ(::lseek(descriptor, 8, SEEK_SET), 8);
  const auto source = RewriteSource::from(descriptor, "standard input");
  ASSERT_TRUE(source);
  std::ostringstream output;
  ASSERT_TRUE(rewrite_text(**source, rewriter(), output));
  EXPECT_EQ(output.str(), "image: localhost:31234/library/backend\n");
  ::close(descriptor);
}

TEST_F(RewriteFile, WhatIsAppendedMeanwhileIsNotRead) {
  const std::string file = write("growing.yaml", "image: backend\n");
  std::ofstream output(file, std::ios::app);
  const auto count = rewrite_file(file, rewriter(), output);
  ASSERT_TRUE(count);
  output.close();
  std::ifstream input(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(input), {}),
            "image: backend\nimage: localhost:31234/library/backend\n");
}

}  // namespace
}  // namespace cli
