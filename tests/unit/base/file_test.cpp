#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "support/temporary_folder.h"

namespace base {
namespace {

using support::TemporaryFolder;

bool is_open(int number) { return ::fcntl(number, F_GETFD) != -1; }

Descriptor opened(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

TEST(Descriptor, IsClosedByItsOnlyOwner) {
  int first = -1;
  int second = -1;
  {
    Descriptor one = opened("/dev/null");
    Descriptor two = opened("/dev/null");
    first = one.number();
    second = two.number();
    const Descriptor moved = std::move(one);
    EXPECT_FALSE(one.is_open());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(moved.number(), first);
    one = std::move(two);
    EXPECT_EQ(one.number(), second);
    EXPECT_TRUE(is_open(first) && is_open(second));
  }
  EXPECT_FALSE(is_open(first) || is_open(second));
  EXPECT_FALSE(Descriptor().is_open());
  EXPECT_FALSE(opened("/none").is_open());
}

TEST(TemporaryFile, HasNoNameAndHoldsWhatIsWritten) {
  const TemporaryFolder folder;
  const Descriptor file = temporary_file(folder.path(""));
  ASSERT_TRUE(file.is_open());
  EXPECT_EQ(write_all(file.number(), "abc"), 0);
  std::array<char, 3> buffer{};
  std::size_t bytes = 0;
  EXPECT_EQ(read_at(file.number(), 0, buffer, bytes), 0);
  EXPECT_EQ(std::string_view(buffer.data(), bytes), "abc");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path("")));
}

TEST(TemporaryFile, IsNotOpenAndLeavesTheReasonWithoutAFolder) {
  EXPECT_FALSE(temporary_file("/none").is_open());
  EXPECT_EQ(errno, ENOENT);
}

TEST(ReadAt, FillsTheBufferAndStopsAtTheEndOfTheFile) {
  const TemporaryFolder folder;
  const Descriptor file = opened(folder.write("file", "0123456789"));
  std::array<char, 4> buffer{};
  std::size_t bytes = 0;
  EXPECT_EQ(read_at(file.number(), 2, buffer, bytes), 0);
  EXPECT_EQ(std::string_view(buffer.data(), bytes), "2345");
  EXPECT_EQ(read_at(file.number(), 8, buffer, bytes), 0);
  EXPECT_EQ(std::string_view(buffer.data(), bytes), "89");
  EXPECT_EQ(read_at(file.number(), 11, buffer, bytes), 0);
  EXPECT_EQ(bytes, 0U);
  EXPECT_EQ(read_at(-1, 0, buffer, bytes), EBADF);
}

TEST(ReadAll, ReadsToTheEndOrBeyondTheMaximum) {
  const TemporaryFolder folder;
  const std::string content(200'000, 'x');
  const std::string path = folder.write("file", content);
  std::string text;
  EXPECT_EQ(read_all(opened(path).number(), content.size(), text), 0);
  EXPECT_EQ(text, content);
  text.clear();
  EXPECT_EQ(read_all(opened(path).number(), content.size() - 1, text), 0);
  EXPECT_GT(text.size(), content.size() - 1);
  text.clear();
  EXPECT_EQ(read_all(opened("/").number(), 10, text), EISDIR);
  EXPECT_EQ(text, "");
}

TEST(WriteAll, ReturnsTheReasonOfAFailure) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write_all(full.number(), "x"), ENOSPC);
  EXPECT_EQ(write_all(full.number(), ""), 0);
}

TEST(Exists, IsTrueOfFilesAndFolders) {
  const TemporaryFolder folder;
  EXPECT_TRUE(exists(folder.write("file", "")));
  EXPECT_TRUE(exists(folder.path("")));
  EXPECT_FALSE(exists(folder.path("none")));
  EXPECT_FALSE(exists(""));
}

}  // namespace
}  // namespace base
