#include "registry/upload/image_source.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "unit/registry/test_image.h"

namespace {

using crypto::sha256;
using registry::BlobFile;
using registry::ImageSource;
using registry::Tar;
using test_image::descriptor;
using test_image::kIndex;
using test_image::kManifest;
using test_image::Layout;
using test_image::tar_entry;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kEnd(1024, '\0');

class Archives : public testing::Test {
 protected:
  base::Result<Tar> read_tar(const std::string& text) {
    return Tar::read(*BlobFile::open(folder_.write("a.tar", text)));
  }

  // Returns the content of the file `name` in the tar, "nothing" without such a file, or the error.
  std::string content(const std::string& text, const std::string& name) {
    const auto tar = read_tar(text);
    if (!tar) return tar.error().message;
    const auto range = tar->find(name);
    return range ? *registry::read_whole(*range, 1 << 20) : "nothing";
  }

  base::Result<std::unique_ptr<ImageSource>> open(const std::string& text) {
    return ImageSource::open(folder_.write("image.tar", text));
  }

  support::TemporaryFolder folder_;
};

using TarTest = Archives;

TEST_F(TarTest, FilesAreFoundByTheirNames) {
  const std::string text = tar_entry("a", "first") + tar_entry("./b/c", std::string(600, 'x')) +
                           tar_entry("b/", "", '5') + tar_entry("d", "") + kEnd;
  EXPECT_EQ(content(text, "a"), "first");
  EXPECT_EQ(content(text, "b/c"), std::string(600, 'x'));
  EXPECT_EQ(content(text, "./b//c"), std::string(600, 'x'));
  EXPECT_EQ(content(text, "d"), "");
  EXPECT_EQ(content(text, "b"), "nothing");
  EXPECT_EQ(content(text, "e"), "nothing");
}

TEST_F(TarTest, TheLastFileOfANameCounts) {
  EXPECT_EQ(content(tar_entry("a", "old") + tar_entry("a", "new") + kEnd, "a"), "new");
}

TEST_F(TarTest, LinksLeadToFiles) {
  const std::string text =
      tar_entry("layers/one.tar", "content") +
      tar_entry("id/layer.tar", "", '2', "../layers/one.tar") +
      tar_entry("hard", "", '1', "layers/one.tar") + tar_entry("twice", "", '2', "id/layer.tar") +
      tar_entry("absolute", "", '2', "/layers/one.tar") + tar_entry("lost", "", '2', "nowhere") +
      tar_entry("ring", "", '2', "ring") + kEnd;
  for (const std::string name : {"id/layer.tar", "hard", "twice", "absolute"}) {
    EXPECT_EQ(content(text, name), "content") << name;
  }
  EXPECT_EQ(content(text, "lost"), "nothing");
  EXPECT_EQ(content(text, "ring"), "nothing");
}

TEST_F(TarTest, LongNamesAreReadAsGnuAndPosixWriteThem) {
  const std::string name = std::string(150, 'd') + "/" + std::string(150, 'f');
  const std::string line = " path=" + name + "\n";
  const std::string pax = std::to_string(line.size() + 3) + line;
  EXPECT_EQ(content(tar_entry("././@LongLink", name + '\0', 'L') + tar_entry("short", "gnu") + kEnd,
                    name),
            "gnu");
  EXPECT_EQ(
      content(tar_entry("x", pax, 'x') + tar_entry("short", "pax") + tar_entry("y", "z") + kEnd,
              name),
      "pax");
  EXPECT_EQ(content(tar_entry("g", "nonsense", 'g') + tar_entry("a", "b") + kEnd, "a"), "b");
}

TEST_F(TarTest, AnArchiveThatBreaksOffIsRefused) {
  const std::string whole = tar_entry("a", std::string(2000, 'x')) + kEnd;
  for (const std::size_t size : {1U, 511U, 513U, 1500U, 2300U}) {
    EXPECT_THAT(content(whole.substr(0, size), "a"), HasSubstr("the archive is truncated")) << size;
  }
}

TEST_F(TarTest, WhatIsNoTarIsRefused) {
  EXPECT_THAT(content(std::string(4096, 'x'), "a"), HasSubstr("not a tar"));
  EXPECT_THAT(content(tar_entry("a", "") + std::string(512, 'x'), "a"), HasSubstr("damaged"));
  std::string damaged = tar_entry("a", "x") + kEnd;
  damaged[0] = 'b';
  EXPECT_THAT(content(damaged, "a"), HasSubstr("not a tar"));
  EXPECT_THAT(content(tar_entry("x", "99 path=a\n", 'x') + kEnd, "a"), HasSubstr("damaged"));
  EXPECT_THAT(content(tar_entry("a", "x", 'S') + kEnd, "a"), HasSubstr("sparse"));
}

TEST_F(TarTest, SizesThatCannotBeAreRefused) {
  std::string text = tar_entry("a", "x");
  std::fill(text.begin() + 124, text.begin() + 136, '\xff');
  unsigned sum = 0;
  std::fill(text.begin() + 148, text.begin() + 156, ' ');
  for (int i = 0; i < 512; ++i) sum += static_cast<unsigned char>(text[static_cast<size_t>(i)]);
  std::array<char, 8> digits{};
  std::snprintf(digits.data(), digits.size(), "%06o", sum);
  text.replace(148, 7, digits.data(), 7);
  EXPECT_THAT(content(text + kEnd, "a"), HasSubstr("is truncated"));
}

TEST_F(TarTest, ASizeInAnExtendedHeaderIsANumberThatFits) {
  const auto content_of = [&](const std::string& line) {
    return content(tar_entry("x", line, 'x') + tar_entry("a", "content") + kEnd, "a");
  };
  EXPECT_EQ(content_of("10 size=7\n"), "content");
  EXPECT_EQ(content_of("10 size=4\n"), "cont");
  for (const std::string line : {"8 size=\n", "10 size=x\n", "11 size=7x\n", "11 size=-1\n",
                                 "29 size=18446744073709551616\n"}) {
    EXPECT_THAT(content_of(line), HasSubstr("damaged")) << line;
  }
}

using Sources = Archives;

TEST_F(Sources, AnOciLayoutIsReadFromAFolderAndFromATar) {
  Layout layout;
  const std::string manifest = layout.add_image({"layer one", "layer two"}, R"({"a":1})");
  layout.name(manifest, kManifest, "example.com/app:1");
  layout.name(manifest, kManifest, "latest");
  for (const std::string& path :
       {layout.write(folder_, "layout"), folder_.write("x.tar", test_image::tar(layout.files()))}) {
    const auto source = ImageSource::open(path);
    ASSERT_TRUE(source) << base::to_string(source.error());
    ASSERT_EQ((*source)->images().size(), 1U);
    const auto& image = (*source)->images()[0];
    EXPECT_THAT(image.names, ElementsAre("example.com/app:1", "latest"));
    EXPECT_EQ(image.root.digest, sha256(manifest));
    const auto parts = (*source)->parts(image);
    ASSERT_TRUE(parts) << base::to_string(parts.error());
    ASSERT_EQ(parts->manifests.size(), 1U);
    EXPECT_EQ(parts->manifests[0].text, manifest);
    EXPECT_EQ(parts->manifests[0].descriptor.media_type, kManifest);
    ASSERT_EQ(parts->blobs.size(), 3U);
    EXPECT_EQ(*registry::read_whole(*parts->blobs[1].range, 100), "layer one");
    EXPECT_EQ(parts->blobs[2].descriptor.digest, sha256("layer two"));
  }
}

TEST_F(Sources, AnIndexComesAfterItsManifestsAndEachBlobOnce) {
  Layout layout;
  const std::string one = layout.add_image({"shared", "one"}, R"({"a":1})");
  const std::string two = layout.add_image({"shared", "two"}, R"({"a":2})");
  const std::string index =
      layout.add_index({descriptor(one, kManifest), descriptor(two, kManifest)});
  layout.name(index, kIndex, "all");
  const auto source = open(test_image::tar(layout.files()));
  ASSERT_TRUE(source);
  const auto parts = (*source)->parts((*source)->images()[0]);
  ASSERT_TRUE(parts) << base::to_string(parts.error());
  ASSERT_EQ(parts->manifests.size(), 3U);
  EXPECT_EQ(parts->manifests[0].text, one);
  EXPECT_EQ(parts->manifests[2].text, index);
  EXPECT_EQ(parts->blobs.size(), 5U);
}

TEST_F(Sources, OfAnIncompleteIndexTheOnlyPlatformIsTaken) {
  Layout layout;
  const std::string one = layout.add_image({"one"}, R"({"a":1})");
  const std::string two = layout.add_image({"two"}, R"({"a":2})");
  const std::string proof = layout.add_image({"proof"}, R"({"a":3})");
  const std::string index = layout.add_index(
      {descriptor(one, kManifest), descriptor(two, kManifest),
       descriptor(proof, kManifest,
                  R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest"})")});
  layout.name(index, kIndex, "all");
  layout.remove(two);
  const auto source = open(test_image::tar(layout.files()));
  ASSERT_TRUE(source);
  const auto parts = (*source)->parts((*source)->images()[0]);
  ASSERT_TRUE(parts) << base::to_string(parts.error());
  ASSERT_EQ(parts->manifests.size(), 1U);
  EXPECT_EQ(parts->manifests[0].text, one);
}

TEST_F(Sources, WhatIsMissingOrDamagedIsReportedByItsDigest) {
  const auto failure = [&](const Layout& layout) {
    const auto source = open(test_image::tar(layout.files()));
    if (!source) return source.error().message;
    const auto parts = (*source)->parts((*source)->images()[0]);
    return parts ? std::string("fine") : parts.error().message;
  };
  Layout layout;
  const std::string manifest = layout.add_image({"layer"});
  layout.name(manifest, kManifest, "x");
  EXPECT_EQ(failure(layout), "fine");
  Layout missing = layout;
  missing.remove(manifest);
  EXPECT_THAT(failure(missing), HasSubstr(sha256(manifest) + " is missing"));
  Layout changed = layout;
  changed.replace(manifest, manifest + " ");
  EXPECT_THAT(failure(changed), HasSubstr("digest mismatch"));
  Layout shorter = layout;
  shorter.replace("layer", "laye");
  EXPECT_THAT(failure(shorter), HasSubstr("has 4 bytes, but must have 5"));
  for (const std::string& wrong :
       {std::string("{}"), std::string("[]"), std::string("hello"),
        std::string(R"({"config":{"digest":"sha256:x","size":1}})"),
        R"({"config":{"digest":")" + sha256("") + R"(","size":-1}})",
        std::string(R"({"manifests":[{"digest":"sha256:../../etc/passwd","size":1}]})")}) {
    Layout nonsense;
    nonsense.name(nonsense.add(wrong), kManifest, "x");
    EXPECT_THAT(failure(nonsense), HasSubstr("manifest ")) << wrong;
  }
}

TEST_F(Sources, AManifestThatHasNotTheSizeThatNamesItIsRefused) {
  const auto failure = [&](const Layout& layout) {
    const auto source = open(test_image::tar(layout.files()));
    const auto parts = (*source)->parts((*source)->images()[0]);
    return parts ? std::string("fine") : parts.error().message;
  };
  Layout root;
  const std::string manifest = root.add_image({"layer"});
  const std::string size = std::to_string(manifest.size());
  root.name_sized(manifest, kManifest, manifest.size() + 1);
  EXPECT_THAT(failure(root),
              HasSubstr(sha256(manifest) + " has " + size + " bytes, but must have " +
                        std::to_string(manifest.size() + 1)));
  Layout part;
  part.add_image({"layer"});
  part.name(part.add_index({test_image::sized(manifest, kManifest, 7)}), kIndex, "x");
  EXPECT_THAT(failure(part),
              HasSubstr(sha256(manifest) + " has " + size + " bytes, but must have 7"));
}

TEST_F(Sources, ALayerThatIsNotAtHandIsLeftToTheRegistry) {
  Layout layout;
  const std::string manifest = layout.add_image({"layer"});
  layout.name(manifest, kManifest, "x");
  layout.remove("layer");
  const auto source = open(test_image::tar(layout.files()));
  const auto parts = (*source)->parts((*source)->images()[0]);
  ASSERT_TRUE(parts);
  EXPECT_FALSE(parts->blobs.back().range);
}

TEST_F(Sources, IndexesWithoutEndAreRefused) {
  Layout layout;
  std::string inner = layout.add_image({"layer"});
  std::string_view type = kManifest;
  for (int i = 0; i < limits::kIndexDepth + 1; ++i) {
    inner = layout.add_index({descriptor(inner, type)});
    type = kIndex;
  }
  layout.name(inner, kIndex, "x");
  const auto source = open(test_image::tar(layout.files()));
  const auto parts = (*source)->parts((*source)->images()[0]);
  ASSERT_FALSE(parts);
  EXPECT_THAT(parts.error().message, HasSubstr("nested too deeply"));
}

TEST_F(Sources, WhatDockerSavesGetsAManifest) {
  const std::string one = "an uncompressed layer";
  const std::string two = "\x1f\x8b and a compressed one";
  const std::string config = R"({"os":"linux","rootfs":{"diff_ids":[")" + sha256(one) + R"(",")" +
                             sha256("what two is uncompressed") + R"("]}})";
  const std::string text =
      tar_entry("abc/layer.tar", one) + tar_entry("def/layer.tar", "", '2', "../two.tar") +
      tar_entry("two.tar", two) + tar_entry("config.json", config) +
      tar_entry("manifest.json", R"([{"Config":"config.json","RepoTags":["app:1","app:2"],)"
                                 R"("Layers":["abc/layer.tar","def/layer.tar"]}])") +
      tar_entry("repositories", "{}") + kEnd;
  const auto source = open(text);
  ASSERT_TRUE(source) << base::to_string(source.error());
  EXPECT_THAT((*source)->images()[0].names, ElementsAre("app:1", "app:2"));
  const auto parts = (*source)->parts((*source)->images()[0]);
  ASSERT_TRUE(parts) << base::to_string(parts.error());
  ASSERT_EQ(parts->manifests.size(), 1U);
  const std::string layer = "application/vnd.oci.image.layer.v1.tar";
  EXPECT_EQ(parts->manifests[0].text,
            R"({"schemaVersion":2,"mediaType":")" + std::string(kManifest) + R"(","config":)" +
                descriptor(config, "application/vnd.oci.image.config.v1+json") + R"(,"layers":[)" +
                descriptor(one, layer) + "," + descriptor(two, layer + "+gzip") + "]}");
  EXPECT_EQ(parts->manifests[0].descriptor.digest, sha256(parts->manifests[0].text));
  ASSERT_EQ(parts->blobs.size(), 3U);
  EXPECT_EQ(*registry::read_whole(*parts->blobs[2].range, 100), two);
}

TEST_F(Sources, WhatIsWrongInWhatDockerSavesIsReported) {
  const auto failure = [&](const std::string& manifest, const std::string& config) {
    const auto source = open(tar_entry("l", "layer") + tar_entry("c", config) +
                             tar_entry("manifest.json", manifest) + kEnd);
    return source ? std::string("fine") : source.error().message;
  };
  const std::string good = R"({"rootfs":{"diff_ids":[")" + sha256("layer") + R"("]}})";
  EXPECT_EQ(failure(R"([{"Config":"c","Layers":["l"]}])", good), "fine");
  EXPECT_THAT(failure(R"([{"Config":"c","Layers":["l","l"]}])", good),
              HasSubstr("lists 2 layers for the config 'c', but this config has 1"));
  EXPECT_THAT(failure(R"([{"Config":"c","Layers":["m"]}])", good),
              HasSubstr("the layer 'm' that manifest.json names is missing"));
  EXPECT_THAT(failure(R"([{"Config":"d","Layers":["l"]}])", good),
              HasSubstr("the config 'd' that manifest.json names is missing"));
  EXPECT_THAT(failure(R"([{"Config":"c","Layers":["l"]}])", "{"), HasSubstr("config of the image"));
  EXPECT_THAT(failure(R"([{"Config":"c","Layers":["l"]}])", R"({"rootfs":{"diff_ids":["x"]}})"),
              HasSubstr("not a digest"));
  EXPECT_THAT(failure("{}", good), HasSubstr("manifest.json"));
  EXPECT_THAT(failure("[]", good), HasSubstr("it contains no image"));
}

TEST_F(Sources, WhatIsNoImageIsRefusedByItsName) {
  const auto failure = [](const std::string& path) {
    const auto source = ImageSource::open(path);
    return source ? std::string("fine") : source.error().message;
  };
  EXPECT_THAT(failure(folder_.path("missing")), HasSubstr("No such file"));
  EXPECT_THAT(failure("/dev/null"), HasSubstr("is not a regular file"));
  EXPECT_THAT(failure(folder_.write("text", "hello")), HasSubstr("is truncated"));
  EXPECT_THAT(failure(folder_.write("other.tar", tar_entry("a", "b") + kEnd)),
              HasSubstr("neither index.json nor manifest.json"));
  EXPECT_THAT(failure(folder_.write("gzip", "\x1f\x8b and more")), HasSubstr("gunzip it first"));
  EXPECT_THAT(failure(folder_.write("zstd", "\x28\xb5\x2f\xfd")), HasSubstr("unzstd it first"));
  folder_.write("folder/x", "");
  EXPECT_THAT(failure(folder_.path("folder")), HasSubstr("not an OCI layout"));
  EXPECT_THAT(failure(folder_.write("empty.tar", kEnd)), HasSubstr("not an image archive"));
}

}  // namespace
