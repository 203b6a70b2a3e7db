#include "registry/probe/probe_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "crypto/digest.h"
#include "registry/probe/program.h"
#include "support/temporary_folder.h"

namespace registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kRoundName = "7f3a9c0b1d2e4f60";

class ProbeFiles : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& bytes) {
    const std::string path = folder_.write(name, bytes);
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    return path;
  }

  support::TemporaryFolder folder_;
};

// Returns what a command prints to standard output.
std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  for (int character; (character = std::fgetc(pipe)) != EOF;) output += char(character);
  ::pclose(pipe);
  return output;
}

int exit_code_of(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Returns the program that runs executables of this machine; empty: itself; nullopt: there is none.
std::optional<std::string> runner_for(std::string_view machine) {
  if (output_of("uname -m") == std::string(machine) + "\n") return "";
  const std::string name(machine == "armv7l" ? "arm" : machine);
  for (const std::string& program : {"qemu-" + name, "qemu-" + name + "-static"}) {
    if (exit_code_of("command -v " + program + " >/dev/null") == 0) return program + " ";
  }
  return std::nullopt;
}

class ProbeProgram : public ProbeFiles, public testing::WithParamInterface<std::size_t> {};

TEST_P(ProbeProgram, EndsWithCodeZeroOnItsPlatform) {
  const ProbePlatform& platform = probe_platforms()[GetParam()];
  const auto runner = runner_for(platform.machine);
  if (!runner) GTEST_SKIP() << "nothing here runs programs for " << platform.machine;
  const std::string path = write("pulled", probe_program(platform));
  EXPECT_EQ(exit_code_of(*runner + path), 0);
}

TEST_P(ProbeProgram, IsAnExecutableThatElfToolsRead) {
  const ProbePlatform& platform = probe_platforms()[GetParam()];
  const std::string path = write("pulled", probe_program(platform));
  const std::string header =
      output_of("readelf --file-header --program-headers --wide " + path + " 2>&1");
  EXPECT_THAT(header, HasSubstr("EXEC (Executable file)"));
  EXPECT_THAT(header, HasSubstr("LOAD           0x000000 0x"));
  EXPECT_THAT(header, HasSubstr("R E 0x10000"));
}

INSTANTIATE_TEST_SUITE_P(All, ProbeProgram, testing::Range(std::size_t(0), std::size_t(6)),
                         [](const auto& one) {
                           return std::string(probe_platforms()[one.param].machine);
                         });

TEST(ProbePrograms, AreAFewBytes) {
  std::vector<std::size_t> sizes;
  for (const ProbePlatform& platform : probe_platforms())
    sizes.push_back(probe_program(platform).size());
  EXPECT_THAT(sizes, ElementsAre(129, 132, 96, 132, 126, 132));
}

TEST_F(ProbeFiles, ALayerHoldsTheProgramAndTheRound) {
  const ProbeImage image = make_probe_image(kRoundName);
  const std::string path = write("layer.tar.gz", image.blobs[0].bytes);
  EXPECT_EQ(exit_code_of("gzip --test " + path), 0);
  EXPECT_EQ(output_of("tar --list --verbose --numeric-owner --utc --gzip --file " + path),
            "-rwxr-xr-x 0/0             129 1970-01-01 00:00 pulled\n"
            "-rw-r--r-- 0/0              16 1970-01-01 00:00 round\n");
  EXPECT_EQ(output_of("tar --extract --to-stdout --gzip --file " + path + " round"), kRoundName);
  EXPECT_EQ(output_of("tar --extract --to-stdout --gzip --file " + path + " pulled"),
            probe_program(probe_platforms()[0]));
}

TEST(ProbeImage, EachPartIsNamedByItsDigestAndSize) {
  const ProbeImage image = make_probe_image(kRoundName);
  ASSERT_EQ(image.blobs.size(), 12U);
  ASSERT_EQ(image.manifests.size(), 7U);
  for (const auto* parts : {&image.blobs, &image.manifests}) {
    for (const ProbeImage::Part& part : *parts) {
      EXPECT_EQ(part.descriptor.digest, crypto::sha256(part.bytes));
      EXPECT_EQ(part.descriptor.size, std::int64_t(part.bytes.size()));
    }
  }
}

TEST(ProbeImage, TheIndexNamesAManifestForEachPlatform) {
  const ProbeImage image = make_probe_image(kRoundName);
  const auto index = parse_manifest(image.manifests.back().bytes);
  ASSERT_TRUE(index.has_value());
  ASSERT_EQ(index->manifests.size(), 6U);
  for (std::size_t i = 0; i < index->manifests.size(); ++i)
    EXPECT_EQ(index->manifests[i].digest, image.manifests[i].descriptor.digest);
  EXPECT_THAT(image.manifests.back().bytes,
              HasSubstr(R"("platform":{"architecture":"arm","os":"linux","variant":"v7"})"));
}

TEST(ProbeImage, EachManifestNamesItsConfigAndItsLayer) {
  const ProbeImage image = make_probe_image(kRoundName);
  for (std::size_t i = 0; i + 1 < image.manifests.size(); ++i) {
    const auto manifest = parse_manifest(image.manifests[i].bytes);
    ASSERT_TRUE(manifest.has_value());
    ASSERT_EQ(manifest->layers.size(), 1U);
    EXPECT_EQ(manifest->layers[0], image.blobs[2 * i].descriptor);
    EXPECT_EQ(*manifest->config, image.blobs[2 * i + 1].descriptor);
  }
}

TEST(ProbeImage, AConfigRunsTheProgramAsAUserWithoutRights) {
  const ProbeImage image = make_probe_image(kRoundName);
  EXPECT_THAT(image.blobs[1].bytes,
              HasSubstr(R"("config":{"User":"65532","Entrypoint":["/pulled"]})"));
}

TEST(ProbeImage, AnotherRoundHasOtherBlobs) {
  std::set<std::string> digests;
  for (const std::string_view round : {kRoundName, std::string_view("0123456789abcdef")}) {
    for (const ProbeImage::Part& part : make_probe_image(round).blobs)
      digests.insert(part.descriptor.digest);
  }
  EXPECT_EQ(digests.size(), 24U);
}

TEST(ProbeImage, OneRoundAlwaysHasTheSameBytes) {
  EXPECT_EQ(make_probe_image(kRoundName).manifests.back().bytes,
            make_probe_image(kRoundName).manifests.back().bytes);
}

TEST(ProbeImage, IsSmall) {
  std::size_t bytes = 0;
  const ProbeImage image = make_probe_image(kRoundName);
  for (const auto* parts : {&image.blobs, &image.manifests})
    for (const ProbeImage::Part& part : *parts) bytes += part.bytes.size();
  EXPECT_LT(bytes, 8U * 1024);
}

}  // namespace
}  // namespace registry
