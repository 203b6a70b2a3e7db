#include "registry/upload/upload.h"

#include <gmock/gmock.h>

#include "support/coroutine_test.h"
#include "unit/registry/test_image.h"
#include "unit/registry/upload_registry.h"

namespace {

using namespace std::chrono_literals;
using base::ErrorCode;
using crypto::sha256;
using registry::BlobProgress;
using registry::Pushed;
using support::Started;
using test_image::bytes;
using test_image::descriptor;
using test_image::kIndex;
using test_image::kManifest;
using test_image::Layout;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using upload_registry::Behaviour;
using upload_registry::UploadRegistry;

constexpr std::size_t kLarge = 3 << 20;  // larger than the body of one request

// HastyClock shows the time of the machine, but every sleep ends at once.
class HastyClock final : public base::Clock {
 public:
  Instant now() const override { return std::chrono::steady_clock::now(); }
  base::Time wall() const override { return {}; }
  boost::asio::awaitable<bool> try_sleep_for(Duration duration) override {
    slept_.push_back(duration);
    co_return true;
  }
  std::size_t pauses() const { return slept_.size(); }

 private:
  std::vector<Duration> slept_;
};

class UploadTest : public support::CoroutineTest {
 protected:
  using Result = base::Result<Pushed>;

  // Returns the coroutine that pushes the first image of the layout.
  boost::asio::awaitable<Result> work(const UploadRegistry& registry, const Layout& layout,
                                      std::vector<std::string> tags = {"1"}) {
    const std::string path = folder_.write("image.tar", test_image::tar(layout.files()));
    auto source = registry::ImageSource::open(path);
    if (!source) throw std::runtime_error(base::to_string(source.error()));
    source_ = std::move(*source);
    registry::UploadOptions options;
    options.insecure_registries = {registry.authority()};
    uploader_.emplace(io_.get_executor(), clock_, random_, options);
    registry::PushRequest request{{registry.authority(), "org/app", "", ""}, std::move(tags)};
    request.report = [this](const BlobProgress& progress) { reports_.push_back(progress); };
    return uploader_->push(*source_, source_->images().at(0), std::move(request));
  }

  Result push(const UploadRegistry& registry, const Layout& layout,
              std::vector<std::string> tags = {"1"}) {
    return run(work(registry, layout, std::move(tags)));
  }

  static Layout with_layers(const std::vector<std::string>& layers) {
    Layout layout;
    layout.name(layout.add_image(layers), kManifest, "app");
    return layout;
  }

  HastyClock clock_;
  base::Random random_{1};
  support::TemporaryFolder folder_;
  std::unique_ptr<registry::ImageSource> source_;
  std::optional<registry::Uploader> uploader_;
  std::vector<BlobProgress> reports_;
};

TEST_F(UploadTest, AnImageArrivesWithItsTags) {
  const std::string large = bytes(kLarge);
  Layout layout;
  const std::string manifest = layout.add_image({"small", large}, R"({"os":"linux"})");
  layout.name(manifest, kManifest, "app");
  UploadRegistry registry;
  const auto pushed = push(registry, layout, {"1", "latest"});
  ASSERT_TRUE(pushed) << base::to_string(pushed.error());
  EXPECT_EQ(pushed->digest, sha256(manifest));
  EXPECT_EQ(pushed->blobs, 3);
  EXPECT_EQ(pushed->present, 0);
  EXPECT_EQ(pushed->sent, large.size() + 5 + 14);
  EXPECT_EQ(registry.blob(sha256(large)), large);
  EXPECT_EQ(registry.blob(sha256("small")), "small");
  EXPECT_EQ(registry.blob(sha256(R"({"os":"linux"})")), R"({"os":"linux"})");
  EXPECT_EQ(registry.manifest("1"), std::string(kManifest) + " " + manifest);
  EXPECT_EQ(registry.manifest("latest"), registry.manifest("1"));
  EXPECT_EQ(registry.uploads(), 0U);
  EXPECT_EQ(registry.count("PATCH"), 1) << "small blobs go with the request that ends their upload";
}

TEST_F(UploadTest, WithoutATagAnImageIsThereByItsDigest) {
  Layout layout;
  const std::string manifest = layout.add_image({"layer"});
  layout.name(manifest, kManifest, "app");
  UploadRegistry registry;
  ASSERT_TRUE(push(registry, layout, {}));
  EXPECT_THAT(registry.manifest_order(), ElementsAre(sha256(manifest)));
}

TEST_F(UploadTest, WhatIsThereIsNotSentAgain) {
  const std::string large = bytes(kLarge);
  UploadRegistry registry;
  registry.put(large);
  const auto first = push(registry, with_layers({large, "small"}));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->present, 1);
  EXPECT_EQ(first->sent, 7U);
  const auto second = push(registry, with_layers({large, "small"}));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->present, 3);
  EXPECT_EQ(second->sent, 0U);
  EXPECT_EQ(registry.count("PATCH"), 0);
}

TEST_F(UploadTest, APushThatIsEndedGoesOnWithTheNextBlob) {
  const std::string one = bytes(kLarge, 1);
  const std::string two = bytes(kLarge, 2);
  Behaviour behaviour;
  behaviour.mute = [count = 0](const std::string& method) mutable {
    return method == "PATCH" && ++count == 2;
  };
  UploadRegistry registry(behaviour);
  Started<Result> started;
  start(work(registry, with_layers({one, two})), started);
  while (registry.blobs() < 2 || registry.count("PATCH") < 2) run_for(5ms);
  started.cancel.emit(support::asio::cancellation_type::terminal);
  finish(started);
  EXPECT_EQ(failure_of(started.failure), "cancelled");
  EXPECT_EQ(registry.manifest("1"), "nothing");
  const auto pushed = push(registry, with_layers({one, two}));
  ASSERT_TRUE(pushed) << base::to_string(pushed.error());
  EXPECT_EQ(pushed->present, 2);
  EXPECT_EQ(pushed->sent, kLarge);
}

TEST_F(UploadTest, ACutConnectionGoesOnWhereTheRegistrySays) {
  const std::string large = bytes(kLarge);
  Behaviour behaviour;
  behaviour.cuts = {1000000, 500000, 1};
  UploadRegistry registry(behaviour);
  const auto pushed = push(registry, with_layers({large}));
  ASSERT_TRUE(pushed) << base::to_string(pushed.error());
  EXPECT_EQ(registry.blob(sha256(large)), large);
  EXPECT_THAT(registry.log(), Contains("PATCH 1000000-3145727"));
  EXPECT_THAT(registry.log(), Contains("PATCH 1500000-3145727"));
  EXPECT_THAT(registry.log(), Contains("PATCH 1500001-3145727"));
  EXPECT_EQ(registry.taken(), kLarge) << "no byte is taken twice";
  EXPECT_EQ(clock_.pauses(), 3U);
}

TEST_F(UploadTest, ARegistryThatForgetsGetsTheBlobAgain) {
  const std::string large = bytes(kLarge);
  Behaviour behaviour;
  behaviour.resumes = false;
  behaviour.cuts = {1000000, 2000000};
  UploadRegistry registry(behaviour);
  const auto pushed = push(registry, with_layers({large}));
  ASSERT_TRUE(pushed) << base::to_string(pushed.error());
  EXPECT_EQ(registry.blob(sha256(large)), large);
  EXPECT_EQ(registry.taken(), kLarge + 3000000);
  EXPECT_EQ(registry.count("POST"), 4) << "the config has one too";
}

TEST_F(UploadTest, ManyCutsDoNotEndAPushThatGetsOn) {
  const std::string large = bytes(kLarge);
  Behaviour behaviour;
  behaviour.cuts = std::vector<std::size_t>(30, 90000);
  UploadRegistry registry(behaviour);
  ASSERT_TRUE(push(registry, with_layers({large})));
  EXPECT_EQ(registry.blob(sha256(large)), large);
}

TEST_F(UploadTest, CutsWithoutAnyProgressEndThePush) {
  Behaviour behaviour;
  behaviour.resumes = false;
  behaviour.cuts = std::vector<std::size_t>(100, 1000);
  UploadRegistry registry(behaviour);
  const auto pushed = push(registry, with_layers({bytes(kLarge)}));
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, ErrorCode::kNetwork);
  EXPECT_EQ(registry.count("PATCH"), limits::kUploadTries);
  EXPECT_EQ(registry.manifest("1"), "nothing");
}

TEST_F(UploadTest, ARegistryThatIsAwayForAMomentIsAskedAgain) {
  Behaviour behaviour;
  behaviour.unavailable = 3;
  UploadRegistry registry(behaviour);
  EXPECT_TRUE(push(registry, with_layers({bytes(kLarge)})));
  behaviour.unavailable = 1000;
  UploadRegistry away(behaviour);
  const auto pushed = push(away, with_layers({"layer"}));
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(pushed.error().message, HasSubstr("answers HTTP status 503"));
}

TEST_F(UploadTest, AChunkThatIsTooLargeIsCutSmaller) {
  const std::string large = bytes(12 << 20);
  Behaviour behaviour;
  behaviour.largest = 6 << 20;
  UploadRegistry registry(behaviour);
  const auto pushed = push(registry, with_layers({large}));
  ASSERT_TRUE(pushed) << base::to_string(pushed.error());
  EXPECT_EQ(registry.blob(sha256(large)), large);
  EXPECT_THAT(registry.log(), Contains("PATCH 0-6291455"));
  EXPECT_THAT(registry.log(), Contains("PATCH 6291456-12582911"));
}

TEST_F(UploadTest, AChunkThatIsTooLargeAsSmallAsItGetsEndsThePush) {
  Behaviour behaviour;
  behaviour.largest = 2 << 20;
  UploadRegistry registry(behaviour);
  const auto pushed = push(registry, with_layers({bytes(12 << 20)}));
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message, HasSubstr("HTTP status 413"));
}

TEST_F(UploadTest, ATokenThatExpiresIsRenewed) {
  Behaviour behaviour;
  behaviour.tokens = {"one", "two", "three"};
  UploadRegistry registry(behaviour);
  const auto pushed = push(registry, with_layers({bytes(kLarge, 1), bytes(kLarge, 2)}));
  ASSERT_TRUE(pushed) << base::to_string(pushed.error());
  EXPECT_EQ(registry.blobs(), 3U);
}

TEST_F(UploadTest, ARefusalEndsThePushAtOnce) {
  for (const auto& [status, code] :
       {std::pair(401, ErrorCode::kUnauthorized), std::pair(403, ErrorCode::kForbidden),
        std::pair(404, ErrorCode::kMalformed)}) {
    Behaviour behaviour;
    behaviour.refused = status;
    UploadRegistry registry(behaviour);
    const auto pushed = push(registry, with_layers({bytes(kLarge), "a", "b", "c", "d", "e"}));
    ASSERT_FALSE(pushed);
    EXPECT_EQ(pushed.error().code, code);
    EXPECT_THAT(pushed.error().message, HasSubstr("HTTP status " + std::to_string(status)));
    EXPECT_LE(registry.count("POST"), 4);
    EXPECT_THAT(pushed.error().message, testing::Not(HasSubstr("for of")));
  }
  EXPECT_EQ(clock_.pauses(), 0U);
}

TEST_F(UploadTest, AtMostFourBlobsAreSentAtOnce) {
  std::vector<std::string> layers;
  for (std::uint32_t i = 0; i < 12; ++i) layers.push_back(bytes((1 << 20) + 1, i));
  Behaviour behaviour;
  behaviour.meeting = 4;
  UploadRegistry registry(behaviour);
  const auto pushed = push(registry, with_layers(layers));
  ASSERT_TRUE(pushed) << base::to_string(pushed.error());
  EXPECT_EQ(registry.max_at_once(), 4);
  EXPECT_EQ(registry.blobs(), 13U);
}

TEST_F(UploadTest, WhatIsNotWhatItsDigestSaysIsNotPut) {
  for (const std::size_t size : {kLarge, std::size_t{100}}) {
    const std::string content = bytes(size);
    std::string damaged = content;
    damaged[size / 2] ^= 1;
    Layout layout = with_layers({content});
    layout.replace(content, damaged);
    UploadRegistry registry;
    const auto pushed = push(registry, layout);
    ASSERT_FALSE(pushed);
    EXPECT_EQ(pushed.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(pushed.error().message, HasSubstr(sha256(content) + " has another digest"));
    EXPECT_EQ(registry.blob(sha256(content)), "nothing");
    EXPECT_EQ(registry.manifest("1"), "nothing");
  }
}

TEST_F(UploadTest, ADamagedBlobIsFoundAfterACutToo) {
  const std::string content = bytes(kLarge);
  std::string damaged = content;
  damaged[100] ^= 1;
  Layout layout = with_layers({content});
  layout.replace(content, damaged);
  Behaviour behaviour;
  behaviour.cuts = {1000000};
  UploadRegistry registry(behaviour);
  const auto pushed = push(registry, layout);
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message, HasSubstr("digest mismatch"));
  EXPECT_EQ(registry.count("DELETE"), 1);
}

TEST_F(UploadTest, AnIndexComesLastAndCarriesTheTag) {
  Layout layout;
  const std::string one = layout.add_image({"shared", "one"}, R"({"a":1})");
  const std::string two = layout.add_image({"shared", "two"}, R"({"a":2})");
  const std::string index =
      layout.add_index({descriptor(one, kManifest), descriptor(two, kManifest)});
  layout.name(index, kIndex, "all");
  UploadRegistry registry;
  const auto pushed = push(registry, layout);
  ASSERT_TRUE(pushed) << base::to_string(pushed.error());
  EXPECT_EQ(pushed->digest, sha256(index));
  EXPECT_THAT(registry.manifest_order(), ElementsAre(sha256(one), sha256(two), "1"));
  EXPECT_EQ(registry.manifest("1"), std::string(kIndex) + " " + index);
  EXPECT_EQ(registry.blobs(), 5U);
}

TEST_F(UploadTest, ALayerThatOnlyTheRegistryHasIsEnough) {
  Layout layout = with_layers({"base", "own"});
  layout.remove("base");
  UploadRegistry registry;
  const auto missing = push(registry, layout);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message,
              HasSubstr(sha256("base") + " is missing in the image source"));
  registry.put("base");
  EXPECT_TRUE(push(registry, layout));
}

TEST_F(UploadTest, ProgressIsReportedForEachBlob) {
  const std::string large = bytes(kLarge);
  UploadRegistry registry;
  registry.put("present");
  ASSERT_TRUE(push(registry, with_layers({large, "present"})));
  std::uint64_t done = 0;
  int last = 0;
  for (const BlobProgress& report : reports_) {
    if (report.digest != sha256(large)) continue;
    EXPECT_GE(report.done, done);
    EXPECT_EQ(report.total, kLarge);
    done = report.done;
    last += report.state == BlobProgress::State::kSent ? 1 : 0;
  }
  EXPECT_EQ(done, kLarge);
  EXPECT_EQ(last, 1);
  EXPECT_TRUE(std::any_of(reports_.begin(), reports_.end(), [](const auto& report) {
    return report.digest == sha256("present") && report.state == BlobProgress::State::kPresent;
  }));
}

TEST_F(UploadTest, TheSizeOfAChunkIsAtLeastWhatTheRegistryWants) {
  Behaviour behaviour;
  behaviour.min_chunk = "999999999999999999999";
  UploadRegistry nonsense(behaviour);
  EXPECT_TRUE(push(nonsense, with_layers({bytes(kLarge)})));
  behaviour.min_chunk = "1000";
  UploadRegistry registry(behaviour);
  EXPECT_TRUE(push(registry, with_layers({bytes(kLarge)})));
}

TEST_F(UploadTest, AChunkNeverReachesBeyondTheBlob) {
  const std::string large = bytes(kLarge);
  Behaviour behaviour;
  behaviour.min_chunk = "18446744073709551615";
  behaviour.cuts = {100'000};
  UploadRegistry registry(behaviour);
  EXPECT_TRUE(push(registry, with_layers({large})));
  EXPECT_EQ(registry.blob(sha256(large)), large);
}

TEST_F(UploadTest, ARegistryThatClaimsToHaveWhatWasNotReadYetEndsThePush) {
  const std::string large = bytes(24 << 20);
  Behaviour behaviour;
  behaviour.early_range = "0-" + std::to_string(large.size() - 2);
  UploadRegistry registry(behaviour);
  const auto pushed = push(registry, with_layers({large}));
  ASSERT_FALSE(pushed);
  EXPECT_THAT(pushed.error().message, HasSubstr("that were sent"));
}

TEST_F(UploadTest, ARegistryThatIsAwayIsReportedAsSuch) {
  std::string authority;
  {
    UploadRegistry gone;
    authority = gone.authority();
  }
  UploadRegistry other;
  const std::string path =
      folder_.write("image.tar", test_image::tar(with_layers({"layer"}).files()));
  const auto source = registry::ImageSource::open(path);
  registry::Uploader uploader(io_.get_executor(), clock_, random_, {});
  const auto pushed =
      run(uploader.push(**source, (*source)->images()[0], {{authority, "org/app", "", ""}, {"1"}}));
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(pushed.error().message, HasSubstr("Connection refused"));
}

}  // namespace
