#include "cli/rewriting/reference_editor.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "base/text/quote.h"
#include "unit/cli/rewriting/rewritten.h"

namespace cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(References, AManifestKeepsAllButItsReferences) {
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

constexpr const char* kBare =
    "a value without registry, tag and digest is rewritten only under a key such as image or "
    "repository\n";

TEST(References, AWordAloneIsAnImageOnlyUnderAKeyThatNamesOne) {
  EXPECT_EQ(rewritten("images: [backend]\nname: [backend]\n"),
            "images: [localhost:31234/library/backend]\nname: [backend]\n");
  EXPECT_EQ(rewritten("name: backend:1\n"), "name: localhost:31234/library/backend:1\n");
  EXPECT_EQ(rewritten("backend"), "backend");
  EXPECT_EQ(warnings("name: backend\napp: [backend]\n"), "");
}

TEST(References, APathAloneIsAnImageOnlyUnderAKeyThatNamesOne) {
  const std::string text =
      "args: [--prefix, org/frontend]\nsubPath: org/frontend\nGITHUB_REPOSITORY: org/frontend\n"
      "repo: org/frontend\nspec: {prefix: org/frontend}\n";
  EXPECT_EQ(rewritten(text), text);
  EXPECT_EQ(warnings(text), std::string("1: args: org/frontend is unchanged: ") + kBare +
                                "2: subPath: org/frontend is unchanged: " + kBare +
                                "3: GITHUB_REPOSITORY: org/frontend is unchanged: " + kBare +
                                "4: repo: org/frontend is unchanged: " + kBare +
                                "5: prefix: org/frontend is unchanged: " + kBare);
  EXPECT_EQ(rewritten("RELATED_IMAGE_X: org/frontend\nrepository: org/frontend\n"
                      "volume: {image: {reference: org/frontend}}\nreference: org/frontend\n"),
            "RELATED_IMAGE_X: localhost:31234/org/frontend\n"
            "repository: localhost:31234/org/frontend\n"
            "volume: {image: {reference: localhost:31234/org/frontend}}\n"
            "reference: org/frontend\n");
}

TEST(References, AHostATagOrADigestIsEnoughAnywhere) {
  const std::string digest = "@sha256:" + std::string(64, 'a');
  EXPECT_EQ(rewritten("a: docker.io/org/frontend\nb: [org/frontend:1]\nc: backend" + digest + "\n"),
            "a: localhost:31234/org/frontend\nb: [localhost:31234/org/frontend:1]\n"
            "c: localhost:31234/library/backend" +
                digest + "\n");
  EXPECT_EQ(warnings("upstream: backend:8080\nimage: backend:8080\n"),
            "1: upstream: backend:8080 is rewritten, because it looks like an image with a tag; if "
            "it is a host with a port, undo this change\n");
}

TEST(References, NamesOfPullSecretsStay) {
  const std::string text =
      "imagePullSecrets: [backend, org/frontend:1]\nglobal:\n  imagePullSecrets:\n"
      "  - name: ghcr.io/org/project/image\n  pullSecret: backend:1\nimageTag: backend\n";
  EXPECT_EQ(rewritten(text), text);
  EXPECT_EQ(warnings(text),
            "1: imagePullSecrets: org/frontend:1 is unchanged: this key holds names of Secrets\n4: "
            "name: ghcr.io/org/project/image is unchanged: this key holds names of Secrets\n5: "
            "pullSecret: backend:1 is unchanged: this key holds names of Secrets\n");
}

TEST(References, RegistryAndRepositoryOfOneMappingAreOneReference) {
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"image:\n  registry: docker.io # x\n  repository: org/frontend\n",
            "image:\n  registry: localhost:31234 # x\n  repository: org/frontend\n"},
           {"image:\n  repository: org/project/image\n  tag: v1\n  registry: 'ghcr.io'\n",
            "image:\n  repository: org/project/image\n  tag: v1\n  registry: 'localhost:31234'\n"},
           {"{registry: ghcr.io/org/, repository: 'project/image:v1'}",
            "{registry: localhost:31234/org/, repository: 'project/image:v1'}"},
           {"{registry: docker.io, repository: backend}",
            "{registry: \"localhost:31234\", repository: library/backend}"},
           {"{registry: docker.io/library, repository: backend}",
            "{registry: localhost:31234/library, repository: backend}"},
           {"{registry: org, repository: frontend}",
            "{registry: \"localhost:31234\", repository: org/frontend}"},
           {"{imageRegistry: ghcr.io, initImage: backend, imageRepository: org/project/image}",
            "{imageRegistry: \"localhost:31234\", initImage: localhost:31234/library/backend, "
            "imageRepository: org/project/image}"},
           {"image: {registry: docker.io, name: org/frontend}",
            "image: {registry: \"localhost:31234\", name: org/frontend}"},
           {"{registry: ghcr.io, image: org/project/image}",
            "{registry: \"localhost:31234\", image: org/project/image}"},
           {"{registry: ghcr.io, repository: 'org/project/image:{{ .tag }}'}",
            "{registry: \"localhost:31234\", repository: 'org/project/image:{{ .tag }}'}"},
           {R"({"repository":"org\/frontend","a":{"registry":"x"},"registry":"docker.io"})",
            R"({"repository":"org\/frontend","a":{"registry":"x"},"registry":"localhost:31234"})"},
           {"registry: ''\nrepository: org/frontend\n",
            "registry: ''\nrepository: localhost:31234/org/frontend\n"},
           {"registry: ~\nrepository: org/frontend\n",
            "registry: ~\nrepository: localhost:31234/org/frontend\n"},
           {"registry: {host: ghcr.io}\nrepository: org/frontend\n",
            "registry: {host: ghcr.io}\nrepository: localhost:31234/org/frontend\n"}}) {
    EXPECT_EQ(rewritten(before), after);
    EXPECT_EQ(rewritten(after), after);
    EXPECT_EQ(warnings(before), "");
  }
}

TEST(References, AnotherImageOfTheSamePathStays) {
  const std::string text = "registry: quay.io\nrepository: org/frontend\n";
  EXPECT_EQ(rewritten(text), text);
  EXPECT_EQ(warnings(text), "");
}

TEST(References, APairThatCannotBeDecidedStaysWithAWarning) {
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"registry: ${R}\nrepository: org/frontend\n",
            "2: repository: org/frontend is unchanged: the key beside it that names the registry "
            "has no literal value\n"},
           {"x: &r quay.io\ny: {registry: *r, repository: org/frontend}\n",
            "2: repository: org/frontend is unchanged: the key beside it that names the registry "
            "has no literal value\n"},
           {"x: &r {registry: quay.io}\ny: {<<: *r, repository: org/frontend}\n",
            "2: repository: org/frontend is unchanged: the key beside it that names the registry "
            "has no literal value\n"},
           {"registry: docker.io\nrepository: ghcr.io/org/project/image\n",
            "2: repository: ghcr.io/org/project/image is unchanged: it contains a registry, and "
            "the key registry beside it names one as well\n"},
           {"registry: docker.io\nimage: other\nrepository: org/frontend\n",
            "3: repository: org/frontend is unchanged: the key registry applies to another image "
            "of this mapping as well\n"},
           {"global: {imageRegistry: mirror.example}\n",
            "1: imageRegistry: mirror.example is unchanged: there is no key repository beside it, "
            "and a chart may use it both for declared images and for others\n"},
           {"registry: ghcr.io\n",
            "1: registry: ghcr.io is unchanged: there is no key repository beside it, and a chart "
            "may use it both for declared images and for others\n"}}) {
    EXPECT_EQ(rewritten(text), text);
    EXPECT_EQ(warnings(text), why);
  }
  EXPECT_EQ(warnings("registry: quay.io\nglobal: {imageRegistry: 'localhost:31234'}\n"), "");
}

TEST(References, ARegistryThatAnAliasMayRepeatStaysWithAWarning) {
  const std::string why =
      "2: repository: org/frontend is unchanged: the key registry or the mapping that contains it "
      "has an anchor, so an alias may apply it to another image\n";
  for (const std::string text :
       {"image: {registry: &r docker.io,\n  repository: org/frontend}\n"
        "metrics: {image: {registry: *r, repository: other/exporter}}\n",
        "image: &image {registry: docker.io,\n  repository: org/frontend}\n"
        "metrics: {image: {<<: *image, repository: other/exporter}}\n",
        "image: &image\n  repository: org/frontend\n  registry: docker.io\n"}) {
    EXPECT_EQ(rewritten(text), text);
    EXPECT_EQ(warnings(text), why);
  }
  const std::string other = "image: {registry: &r docker.io, repository: other/exporter}\n";
  EXPECT_EQ(warnings(other), "");
  EXPECT_EQ(rewritten("a: &a {image: {registry: docker.io, repository: &r org/frontend}}\n"),
            "a: &a {image: {registry: \"localhost:31234\", repository: &r org/frontend}}\n");
}

TEST(References, ARegistryStandsBeforeAllRepositoriesOfItsMapping) {
  for (const std::string other :
       {"initRepository: busybox", "initImageRepository: busybox:1", "initRepository: '${INIT}'",
        "a: {b: &b x}\ninitRepository: *b", "initRepository: backend"}) {
    const std::string text = "repository: org/frontend\nregistry: docker.io\n" + other + "\n";
    EXPECT_EQ(rewritten(text), text);
    EXPECT_EQ(
        warnings(text),
        "1: repository: org/frontend is unchanged: the key registry applies to another image of "
        "this mapping as well\n");
  }
  for (const std::string other :
       {"initRepository: quay.io/busybox", "initRegistry: quay.io\ninitRepository: busybox",
        "initRepository: ''", "gitRepository: https://git.example/org", "GIT_REPOSITORY: org/a"}) {
    const std::string rest = "\nrepository: org/frontend\n" + other + "\n";
    EXPECT_EQ(rewritten("registry: docker.io" + rest), "registry: localhost:31234" + rest);
  }
  EXPECT_EQ(rewritten("registry: docker.io\nrepository: org/frontend\n"
                      "initImageRepository: backend\n"),
            "registry: localhost:31234\nrepository: org/frontend\n"
            "initImageRepository: library/backend\n");
}

TEST(References, APairThatIsTooFarApartIsDecidedWithoutTheOther) {
  std::string between;
  for (std::size_t i = 0; i <= limits::kRewriteSiblingValues; ++i) between += "- x\n";
  const std::string text = "registry: docker.io\nlist:\n" + between + "repository: org/frontend\n";
  EXPECT_EQ(rewritten(text), text);
  EXPECT_THAT(warnings(text),
              HasSubstr("repository: org/frontend is unchanged: the key beside it"));
  const std::string image = "image: org/frontend\nlist:\n" + between;
  EXPECT_EQ(rewritten(image), "image: localhost:31234/org/frontend\nlist:\n" + between);
}

TEST(References, ALiteralRepositoryIsRewrittenBeforeVariables) {
  for (const char* tail : {":${TAG:-dev}", ":$TAG", "@${DIGEST}", ":v1-$(git describe)",
                           ":{{ .Values.tag }}", ":{{ .tag | default 'x' }}", ":$!{TAG}-###"}) {
    const std::string value = std::string("org/frontend") + tail;
    EXPECT_EQ(rewritten("a: " + value + "\n"), "a: localhost:31234/" + value + "\n");
    EXPECT_EQ(rewritten("a: \"" + value + "\"\n"), "a: \"localhost:31234/" + value + "\"\n");
    EXPECT_EQ(rewritten("{\"a\": \"" + value + "\"}"),
              "{\"a\": \"localhost:31234/" + value + "\"}");
  }
  EXPECT_EQ(rewritten(R"({"a": "org\/frontend:{{ .tag | default \"x\" }}"})"),
            R"({"a": "localhost:31234/org/frontend:{{ .tag | default \"x\" }}"})");
}

TEST(References, ARepositoryWithAVariableStaysWithAWarning) {
  const std::string why =
      " is unchanged: its repository contains a variable; write the repository without variables, "
      "or replace the variable first\n";
  for (const char* value :
       {"${REGISTRY}/frontend:dev", "${IMAGE}", "$IMAGE:v1", "{{ .Values.image }}:{{ .tag }}",
        "org/${NAME}:1", "${REGISTRY:-docker.io}/org/frontend:${TAG:-dev}"}) {
    const std::string text = "a: 1\nimage: '" + std::string(value) + "'\n";
    EXPECT_EQ(rewritten(text), text);
    EXPECT_EQ(warnings(text), "2: image: " + base::shown(value) + why);
  }
  EXPECT_EQ(warnings("args: ['${REGISTRY}/org/frontend:1', '${HOME}', '$X/y', 'echo ${A}/b']\n"),
            "1: args: ${REGISTRY}/org/frontend:1" + why);
  EXPECT_EQ(warnings("image: quay.io/${NAME}:1\nother_image: nginx:${TAG}\n"), "");
}

TEST(References, ATextWithAReferenceInItStaysWithAWarning) {
  const std::string text =
      "args: [--image=ghcr.io/org/project/image:v1]\n"
      "data:\n  script: |\n    docker pull ghcr.io/org/project/image\n    true\n"
      "  url: docker://ghcr.io/org/project/image:v1\n"
      "  other: see ghcr.io/org/project/image2 and mirror/ghcr.io/org/project/image\n"
      "  kubectl.kubernetes.io/last-applied-configuration: '[\"ghcr.io/org/project/image\"]'\n";
  EXPECT_EQ(rewritten(text), text);
  const std::string why =
      ": ghcr.io/org/project/image inside a longer text is unchanged: a value is rewritten only if "
      "all of it is an image reference\n";
  EXPECT_EQ(warnings(text), "1: args" + why + "3: script" + why + "6: url" + why);
}

TEST(References, ATextWithAnImageOfDockerHubInItStaysWithAWarningIfItHasATag) {
  const std::string text =
      "args: [--image=org/frontend:3, --slug=org/frontend, --to=x/org/frontend:3]\n"
      "env:\n- value: IMG=org/frontend@sha256:0\n- value: http://x/backend:8080\n";
  EXPECT_EQ(rewritten(text), text);
  const std::string why =
      ": org/frontend inside a longer text is unchanged: a value is rewritten only if all of it is "
      "an image reference\n";
  EXPECT_EQ(warnings(text), "1: args" + why + "3: value" + why);
}

TEST(References, KustomizeLooksForTheNameAndWritesTheNewName) {
  EXPECT_EQ(rewritten("images:\n- name: org/frontend\n  newName: org/frontend\n  newTag: v1\n"
                      "- newName: ghcr.io/org/project/image\n  name: ghcr.io/org/project/image\n"
                      "- name: ghcr.io/org/project/image\n  newTag: v1\n"),
            "images:\n- name: org/frontend\n  newName: localhost:31234/org/frontend\n  newTag: v1\n"
            "- newName: localhost:31234/org/project/image\n  name: ghcr.io/org/project/image\n"
            "- name: ghcr.io/org/project/image\n  newTag: v1\n");
}

TEST(References, ANameBesideATagOfKustomizeStaysWithAWarning) {
  const std::string text =
      "images:\n- name: ghcr.io/org/project/image\n  newTag: v1\n"
      "- {digest: 'sha256:0', name: org/frontend}\n- {newTag: &t v2, name: backend}\n"
      "- {name: ghcr.io/org/project/image, newTag: *t}\n- {name: other, newTag: v1}\n";
  EXPECT_EQ(rewritten(text), text);
  const std::string why =
      " is unchanged: Kustomize searches the resources for this name; add newName, which is "
      "rewritten\n";
  EXPECT_EQ(warnings(text), "2: name: ghcr.io/org/project/image" + why + "4: name: org/frontend" +
                                why + "5: name: backend" + why +
                                "6: name: ghcr.io/org/project/image" + why);
}

TEST(References, ADigestOutsideOfKustomizeLeavesTheNameAnImage) {
  EXPECT_EQ(rewritten("image: {name: ghcr.io/org/project/image, digest: 'sha256:0'}\n"
                      "images: {a: {name: ghcr.io/org/project/image, digest: ''}}\n"),
            "image: {name: localhost:31234/org/project/image, digest: 'sha256:0'}\n"
            "images: {a: {name: localhost:31234/org/project/image, digest: ''}}\n");
}

TEST(References, ANameMaySayThatItsValueIsAnImage) {
  EXPECT_EQ(rewritten("env:\n- {name: RELATED_IMAGE_X, value: org/frontend}\n"
                      "- {value: org/frontend, name: web.image}\n"
                      "- {value: org/frontend, name: SLUG}\n- {value: org/frontend}\n"),
            "env:\n- {name: RELATED_IMAGE_X, value: localhost:31234/org/frontend}\n"
            "- {value: localhost:31234/org/frontend, name: web.image}\n"
            "- {value: org/frontend, name: SLUG}\n- {value: org/frontend}\n");
}

TEST(References, AParameterThatIsOnePartOfAnImageStaysWithAWarning) {
  const std::string text =
      "parameters:\n- {name: image.registry, value: docker.io}\n"
      "- {name: image.repository, value: org/frontend}\n"
      "- {value: backend, name: web.initRepository}\n- {name: a.registry, value: org/frontend}\n";
  EXPECT_EQ(rewritten(text), text);
  const std::string why =
      " is unchanged: it is one part of an image reference, and the other part is in another "
      "entry; change both by hand\n";
  EXPECT_EQ(warnings(text), "3: value: org/frontend" + why + "4: value: backend" + why +
                                "5: value: org/frontend" + why);
}

TEST(References, ALocalRegistryGoesOnDeclaringItsImages) {
  const std::string own =
      "apiVersion: localregistry.dev/v1alpha1\nkind: LocalRegistry\n"
      "spec: {images: [{name: a, image: ghcr.io/org/project/image}]}\n";
  EXPECT_EQ(rewritten(own + "---\nimage: org/frontend\n"),
            own + "---\nimage: localhost:31234/org/frontend\n");
  EXPECT_EQ(warnings(own), "");
  EXPECT_EQ(rewritten("items:\n- {apiVersion: localregistry.dev/v1alpha1, image: org/frontend}\n"
                      "- {apiVersion: v1, image: org/frontend}\n"),
            "items:\n- {apiVersion: localregistry.dev/v1alpha1, image: org/frontend}\n"
            "- {apiVersion: v1, image: localhost:31234/org/frontend}\n");
}

TEST(References, ALocalRegistryIsUnchangedInAnyOrderOfItsKeys) {
  const std::string other = "image: org/frontend:1 # another document\n";
  const std::string rewritten_other = "image: localhost:31234/org/frontend:1 # another document\n";
  for (const std::string own :
       {"spec: {images: [{name: a, image: ghcr.io/org/project/image:1}]}\n"
        "kind: LocalRegistry\napiVersion: localregistry.dev/v1alpha1\n",
        "kind: LocalRegistry\nmetadata: {annotations: {a: org/frontend}}\n"
        "apiVersion: localregistry.dev/v1alpha1\nspec: {image: org/frontend:1}\n",
        "- ghcr.io/org/project/image:1\n", "x: [ghcr.io/org/project/image:1]\n",
        "spec: {image: {registry: docker.io, repository: org/frontend}}\n", "image: org/frontend\n",
        "a: \"--image=ghcr.io/org/project/image\"\n"}) {
    const bool is_whole = own.find("apiVersion") != std::string::npos;
    const std::string key = own.starts_with('-') ? "spec:\n" : "";
    const std::string text =
        is_whole ? own : key + own + "\"apiVersion\": 'localregistry.dev/v1alpha1'\n";
    EXPECT_EQ(rewritten(other + "---\n" + text + "---\n" + other),
              rewritten_other + "---\n" + text + "---\n" + rewritten_other);
    EXPECT_EQ(warnings(text), "");
  }
  EXPECT_EQ(rewritten(R"({"items":[{"image":"backend"},{"spec":{"images":["backend:1",)"
                      R"({"image":"org/frontend"}]},"apiVersion":"localregistry.dev/v1"},)"
                      R"({"image":"backend","spec":["backend:2"],"apiVersion":"v1"}]})"),
            R"({"items":[{"image":"localhost:31234/library/backend"},{"spec":{"images":)"
            R"(["backend:1",{"image":"org/frontend"}]},"apiVersion":"localregistry.dev/v1"},)"
            R"({"image":"localhost:31234/library/backend",)"
            R"("spec":["localhost:31234/library/backend:2"],"apiVersion":"v1"}]})");
}

// So many edits are not kept, and the text is parsed again while it is written.
TEST(References, ALocalRegistryIsUnchangedAmongManyEdits) {
  const std::string own =
      "spec: {images: [{image: ghcr.io/org/project/image:1}]}\napiVersion: localregistry.dev/v1\n";
  const std::string line = "- ghcr.io/org/project/image:1\n";
  const std::string rewritten_line = "- localhost:31234/org/project/image:1\n";
  constexpr std::size_t kLines = limits::kRewriteMemoryBytes / 64;
  std::string text = own + "---\n";
  std::string expected = text;
  for (std::size_t i = 0; i < kLines; ++i) {
    text += line;
    expected += rewritten_line;
  }
  EXPECT_TRUE(rewritten(text) == expected);
}

TEST(References, SomeMillionLocalRegistriesThatAreRecognizedLateAreRefused) {
  constexpr std::size_t kMost = limits::kRewriteMemoryBytes / sizeof(std::uint64_t);
  std::string text = "[\n";
  for (std::size_t i = 0; i <= kMost; ++i)
    text += "{\"a\":\"\",\"apiVersion\":\"localregistry.dev/v1\"},\n";
  EXPECT_THAT(rewritten(text + "1]").substr(0, 200),
              StartsWith("TooLarge: more than 1048576 LocalRegistries have other keys before "
                         "apiVersion; write apiVersion first"));
}

// One LocalRegistry holds the other, and a list between them ends the inner one.
TEST(References, ALocalRegistryInAnotherIsUnchangedToo) {
  const std::string text =
      "a:\n- b: {image: backend}\n  apiVersion: localregistry.dev/v1\n- image: backend:2\n"
      "apiVersion: localregistry.dev/v1\nc: backend:3\n";
  EXPECT_EQ(rewritten(text), text);
  EXPECT_EQ(rewritten(text + "---\nimage: backend\n"),
            text + "---\nimage: localhost:31234/library/backend\n");
}

}  // namespace
}  // namespace cli
