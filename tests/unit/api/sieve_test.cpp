#include "json/sieve/sieve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/apps.h"
#include "api/local_registry.h"
#include "base/limits.h"
#include "kube/decode.h"

namespace {

using json::Completeness;
using json::Sieve;
using testing::ElementsAre;

template <class T>
std::string kept(const std::string& text, std::size_t bytes = limits::kObjectBytes) {
  return json::sift(text, json::shape_of<T>(), bytes);
}

template <class T>
T decoded(const std::string& text, std::size_t bytes = limits::kObjectBytes) {
  const auto document = json::Document::parse(kept<T>(text, bytes));
  EXPECT_TRUE(document) << kept<T>(text, bytes);
  auto object = kube::decode_object<T>(document->root());
  EXPECT_TRUE(object) << base::to_string(object.error());
  return *std::move(object);
}

// Returns the lines that the sieve makes of `bytes`, fed in pieces of `piece` bytes.
std::string lines_of(Sieve::Input input, const std::string& bytes, std::size_t piece,
                     std::size_t* max = nullptr, std::size_t object_bytes = limits::kObjectBytes) {
  Sieve sieve(json::shape_of<api::Service>(), object_bytes, input);
  std::string lines;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    sieve.feed(std::string_view(bytes).substr(at, piece), lines);
    if (max != nullptr) *max = std::max(*max, sieve.unfinished());
  }
  return lines;
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Sieve, KeepsWhatTheTypeReads) {
  EXPECT_EQ(
      kept<api::Service>(
          R"({"apiVersion":"v1","kind":"Service","metadata":{"managedFields":[{"a":{"b":1}}],
                    "name":"a","resourceVersion":"7","labels":{"app":"x","team":"y"},
                    "annotations":{"big":"\"}","localregistry.dev/owner":"a/b"}},
                    "spec":{"ports":[{"port":5000,"appProtocol":"x"}],"other":[1,"]",{}]},
                    "status":{"loadBalancer":{}}})"),
      R"({"metadata":{"name":"a","resourceVersion":"7","labels":{"app":"x"},)"
      R"("annotations":{"localregistry.dev/owner":"a/b"}},"spec":{"ports":[{"port":5000}]}})");
}

TEST(Sieve, DecodingWhatIsKeptGivesTheSame) {
  api::LocalRegistry registry;
  registry.metadata.name = "dev";
  registry.metadata.resource_version = "1";
  registry.metadata.finalizers = {"a/b", "localregistry.dev/cleanup"};
  registry.metadata.owner_references = {{"v1", "ConfigMap", "x", "uid", true, std::nullopt}};
  registry.spec.images = {{"a", "ghcr.io/a", {"1", "2"}}, {"b", "ghcr.io/\"b\\", {}}};
  registry.spec.node_selector = {{"kubernetes.io/os", "linux"}, {"", ""}};
  registry.spec.affinity.text = R"({"nodeAffinity":{"x":[1,2.5,null,true,"}"]}})";
  registry.spec.enabled = false;
  registry.spec.resources.limits = {{"cpu", {"1"}}};
  registry.status.conditions = {{"Ready", "True", "Ready", "m", 3, base::Time()}};
  const std::string text = api::encode_object(registry);
  EXPECT_EQ(decoded<api::LocalRegistry>(text), *json::parse<api::LocalRegistry>(text));
}

TEST(Sieve, WhatIsNoObjectIsKeptForTheReaderToRefuse) {
  EXPECT_EQ(kept<api::Service>(R"({"metadata":7,"spec":{"ports":"x","selector":[]}})"),
            R"({"metadata":7,"spec":{"ports":"x","selector":[]}})");
  EXPECT_EQ(kept<api::Service>(R"({"metadata":null})"), R"({"metadata":null})");
}

TEST(Sieve, WhatIsNoJsonIsNoneAfterwards) {
  for (const char* text :
       {"{\"a\" 1}", "{,}", "[1,]", "{\"metadata\":}", "x", "{} x", "{\"a\":1]", "<html>"}) {
    EXPECT_FALSE(json::Document::parse(kept<api::Service>(text))) << text;
  }
  for (const char* text : {"", "{", "{\"metadata\":{\"name\":\"a"}) {
    EXPECT_EQ(kept<api::Service>(text), "") << text;
  }
}

TEST(Sieve, WhatFollowsATextMakesItNoneHoweverTheBytesAreCut) {
  const std::string text = "{\"metadata\":{}}\n{\"a\":1}";
  const std::string whole = kept<api::Service>(text);
  EXPECT_FALSE(json::Document::parse(whole));
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    EXPECT_EQ(lines_of(Sieve::Input::kOne, text, piece), whole) << piece;
  }
}

// The number exceeds the bound of an object, and what follows it looks like the start of a string.
TEST(Sieve, ANumberWithOtherCharactersIsNoJsonHoweverTheBytesAreCut) {
  const std::string number(200, '2');
  const std::vector<std::string> texts = {"{\"spec\":{\"ports\":" + number + "x\"a\"\"}}",
                                          "{\"spec\":" + number + "\"a}", "{\"x\":1{\"a\":2}}"};
  for (const std::size_t bound : {std::size_t{64}, limits::kObjectBytes}) {
    for (const std::string& text : texts) {
      const auto kept_in_pieces = [&text, bound](std::size_t piece) {
        return lines_of(Sieve::Input::kOne, text, piece, nullptr, bound);
      };
      const std::string whole = kept_in_pieces(text.size());
      for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        EXPECT_EQ(kept_in_pieces(piece), whole) << text << " with a bound of " << bound;
      }
      EXPECT_FALSE(json::Document::parse(whole)) << whole;
    }
  }
}

const std::string kEvents =
    "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\\\"\"},\"x\":"
    "1}}\n"
    "\n{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n"
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":\n"
    "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"uid\":\"u\"}}}\n{\"type\"";

TEST(Sieve, CutsAWatchIntoLinesHoweverTheBytesAreCut) {
  for (std::size_t piece = 1; piece <= kEvents.size(); ++piece) {
    EXPECT_EQ(lines_of(Sieve::Input::kLines, kEvents, piece),
              "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\\\"\"}}}\n"
              "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n"
              "?\n"
              "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"uid\":\"u\"}}}\n")
        << piece;
  }
}

TEST(Sieve, MakesEventsOfAPageHoweverTheBytesAreCut) {
  const std::string meta = R"("metadata":{"resourceVersion":"7","continue":"c"})";
  const std::string items = R"("items":[{"metadata":{"name":"a"},"x":2},{"spec":{}}])";
  const std::string out_meta =
      R"({"type":"PAGE","object":{"metadata":{"resourceVersion":"7","continue":"c"}}})"
      "\n";
  const std::string out_items = R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})"
                                "\n"
                                R"({"type":"ADDED","object":{"spec":{}}})"
                                "\n";
  for (std::size_t piece = 1; piece < 150; ++piece) {
    EXPECT_EQ(lines_of(Sieve::Input::kPage, "{\"kind\":\"L\"," + meta + "," + items + "}\n", piece),
              out_items + out_meta);
    EXPECT_EQ(lines_of(Sieve::Input::kPage, "{" + items + "," + meta + "}", piece),
              out_items + out_meta);
    EXPECT_EQ(lines_of(Sieve::Input::kPage, "{\"items\":null," + meta + "}", piece), out_meta);
    EXPECT_EQ(lines_of(Sieve::Input::kPage, "{" + meta + "}", piece), "?\n");
    EXPECT_EQ(lines_of(Sieve::Input::kPage, "{\"items\":[]}", piece), "?\n");
  }
}

TEST(Sieve, WhatIsLeftOutTakesNoMemoryHoweverLarge) {
  std::size_t max = 0;
  const std::string event =
      "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"annotations\":{" +
      repeated("\"x\":\"" + std::string(10000, '<') + "\",", 2000) +
      "\"y\":\"\"}},\"spec\":{\"status\":[" + repeated("[[],{}],", 100000) + "0]}}}\n";
  EXPECT_EQ(lines_of(Sieve::Input::kLines, event, 4096, &max),
            "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"annotations\":{}},"
            "\"spec\":{}}}\n");
  EXPECT_LT(max, 1000U);
}

TEST(Sieve, OfAnObjectOverItsBoundTheMetadataAreKept) {
  const std::string metadata =
      R"("metadata":{"name":"a","uid":"u","resourceVersion":"7","finalizers":["x/y"]})";
  const std::vector<std::string> specs = {
      R"({"selector":{"a":")" + std::string(70000, 'x') + R"("}})",
      R"({"ports":[)" + repeated("{},", 3000) + "{}]}",
      R"({"selector":{)" + repeated("\"a\":\"\",", 3000) + R"("b":""}})",
      R"({"selector":{")" + std::string(600, 'x') + R"(":""}})"};
  for (const std::string& spec : specs) {
    for (const std::string& text :
         {"{" + metadata + ",\"spec\":" + spec + "}", "{\"spec\":" + spec + "," + metadata + "}"}) {
      const auto service = decoded<api::Service>(text);
      EXPECT_EQ(service.metadata.completeness, Completeness::kPartial);
      EXPECT_EQ(service.metadata.name, "a");
      EXPECT_THAT(service.metadata.finalizers, ElementsAre("x/y"));
      EXPECT_EQ(service.spec, api::ServiceSpec());
    }
  }
}

TEST(Sieve, WhatFitsBesideAMemberThatDoesNotIsKept) {
  const auto registry =
      decoded<api::LocalRegistry>(R"({"spec":{"affinity":{"x":")" + std::string(2000, 'x') +
                                      R"("}},"metadata":{"name":"a"},"status":{"nodePort":31234}})",
                                  1000);
  EXPECT_EQ(registry.metadata.completeness, Completeness::kPartial);
  EXPECT_EQ(registry.status.node_port, 31234);
}

TEST(Sieve, OfMetadataOverTheirBoundTheIdentityIsKept) {
  for (const std::string& hostile :
       {"\"finalizers\":[" + repeated("\"a/b\",", 200000) + "\"a/b\"]",
        "\"ownerReferences\":[" + repeated("{},", 200000) + "{}]",
        "\"annotations\":{" + repeated("\"localregistry.dev/x\":\"\",", 20000) + "\"a\":\"\"}",
        "\"annotations\":{\"localregistry.dev/owner\":\"" + std::string(1000, 'x') + "\"}",
        "\"labels\":{\"app\":\"" + std::string(1000, 'x') + "\"}"}) {
    const auto service = decoded<api::Service>("{\"metadata\":{" + hostile +
                                               R"(,"name":"a","uid":"u","resourceVersion":"7"},)"
                                               R"("spec":{"type":"NodePort"}})");
    EXPECT_EQ(service.metadata.completeness, Completeness::kPartialMetadata)
        << hostile.substr(0, 30);
    EXPECT_EQ(service.metadata.uid, "u");
    EXPECT_EQ(service.metadata.resource_version, "7");
    EXPECT_EQ(service.spec.type, "NodePort");
    EXPECT_TRUE(service.metadata.finalizers.empty());
  }
}

TEST(Sieve, NobodyElseSaysThatAPartIsMissing) {
  const auto service = decoded<api::Service>(R"({"~kept":2,"metadata":{"name":"a"},"~kept":1})");
  EXPECT_EQ(service.metadata.completeness, Completeness::kComplete);
}

TEST(Sieve, ElementsCountWithTheMemoryThatTheyTakeDecoded) {
  const auto deployment = decoded<api::Deployment>(
      R"({"metadata":{"name":"a"},"spec":{"template":{"spec":{"containers":[)" +
      repeated("{},", 10000) + "{}]}}}}");
  EXPECT_EQ(deployment.metadata.completeness, Completeness::kPartial);
  EXPECT_TRUE(deployment.spec.pod_template.spec.containers.empty());
}

}  // namespace
