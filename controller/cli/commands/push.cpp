#include "cli/commands/push.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <ostream>

#include "async/parallel.h"
#include "cli/binary.h"
#include "cli/cluster/registries.h"
#include "cli/docker/daemon.h"
#include "cli/docker/source_image.h"
#include "cli/grammar/in_cluster.h"
#include "cli/terminal/hook_process.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/temporary_file.h"
#include "json/writer.h"
#include "registry/upload/upload.h"

namespace cli {
namespace {

namespace asio = boost::asio;
using Images = std::vector<PushedImage>;

bool goes_to_registry(const PushedImage& image) {
  return image.target.delivery == api::Delivery::kLocalRegistry;
}

std::string encode(const Images& images) {
  json::Writer writer;
  writer.begin_array();
  for (const PushedImage& image : images) {
    writer.begin_object();
    writer.key("image");
    writer.string(image.target.source);
    writer.key("delivery");
    writer.string(api::name(image.target.delivery));
    writer.key("reference");
    writer.string(image.target.resolved);
    if (goes_to_registry(image)) {
      writer.key("digest");
      writer.string(image.digest);
      writer.key("blobs");
      writer.integer(image.blobs);
      writer.key("presentBlobs");
      writer.integer(image.present_blobs);
      writer.key("sentBytes");
      writer.integer(static_cast<std::int64_t>(image.sent_bytes));
    }
    writer.end_object();
  }
  writer.end_array();
  return writer.take();
}

// OpenSource keeps the source of an image open while the image is pushed.
struct OpenSource {
  std::optional<TemporaryFile> spool;  // the archive that a daemon sent
  std::shared_ptr<const registry::ImageSource> source;
};

// BlobProgress adds up the bytes of all blobs of one image; the uploader reports each blob
// separately.
class BlobProgress {
 public:
  explicit BlobProgress(ProgressBar& bar) : bar_(bar) {}

  void expect(std::uint64_t total) { total_ = total; }

  void operator()(const registry::BlobProgress& blob) {
    std::uint64_t& known = done_[blob.digest];
    const std::uint64_t now =
        blob.state == registry::BlobProgress::State::kSending ? blob.done : blob.total;
    sum_ += now - known;
    known = now;
    bar_.update(sum_, std::max(total_, sum_));
  }

 private:
  ProgressBar& bar_;
  std::map<std::string, std::uint64_t> done_;
  std::uint64_t sum_ = 0;
  std::uint64_t total_ = 0;
};

class Pusher {
 public:
  // `given`: the archive or layout that is pushed; null: the daemon has the images. `route` must
  // stay valid until run() has ended.
  Pusher(const ClusterSession& session, std::shared_ptr<const registry::ImageSource> given,
         const RegistryRoute& route)
      : session_(session),
        given_(std::move(given)),
        address_(route.address),
        forward_(route.forward.get()),
        bar_(session.console, session.kube.clock),
        uploader_(session.kube.executor, session.kube.clock, session.kube.random,
                  options(address_)) {}

  asio::awaitable<void> run(Images& images, Outcome<>& outcome) {
    several_ = std::any_of(images.begin(), images.end(), [&](const PushedImage& image) {
      return image.target.path != images.front().target.path;
    });
    // An emptyDir is deleted with its pod, so all images are pushed again after the pod was
    // replaced. Images that are already in the registry cost few requests.
    for (int round = 0; round < limits::kPushRounds; ++round) {
      const int pod = current_pod();
      auto pushing = push_all(images);
      outcome = co_await std::move(pushing);
      if (forward_ != nullptr) co_await forward_->wait_for_confirmation();
      if (pod == current_pod()) co_return;
      session_.console.err << "note: the registry's pod was replaced: pushing again" << std::endl;
    }
    if (!outcome) co_return;
    outcome = Failure{ExitCode::kFailure,
                      "the registry's pod was replaced each time while images were pushed: push "
                      "again once the registry is ready"};
  }

 private:
  static registry::UploadOptions options(const std::string& address) {
    registry::UploadOptions options;
    options.insecure_registries = {address};
    options.user_agent = kBinary;
    return options;
  }

  asio::awaitable<Outcome<OpenSource>> open(const PushTarget& target) {
    OpenSource open;
    open.source = given_;
    if (given_ != nullptr) co_return std::move(open);
    auto spool = TemporaryFile::make(session_.variables);
    if (!spool) co_return spool.error();
    open.spool.emplace(*std::move(spool));
    const auto socket = daemon_socket(session_.variables);
    if (!socket) co_return socket.error();
    bar_.begin("reading " + target.source);
    auto saving = save_image(session_.kube.executor, session_.kube.clock, *socket, target.source,
                             open.spool->descriptor(),
                             [this](std::uint64_t bytes) { bar_.update(bytes, 0); });
    const base::Result<void> saved = co_await std::move(saving);
    if (!saved) co_return failure_of(saved.error());
    auto source = registry::ImageSource::open(open.spool->path());
    if (!source) co_return Failure{ExitCode::kFailure, source.error().message};
    open.source = *std::move(source);
    co_return std::move(open);
  }

  int current_pod() const { return forward_ == nullptr ? 0 : forward_->pods(); }

  asio::awaitable<Outcome<>> push_all(Images& images) {
    for (PushedImage& image : images) {
      if (!goes_to_registry(image)) continue;
      auto pushing = push(image);
      const Outcome<> pushed = co_await std::move(pushing);
      if (!pushed) co_return pushed.error();
    }
    co_return Outcome<>();
  }

  asio::awaitable<Outcome<>> push(PushedImage& image) {
    auto opening = open(image.target);
    const Outcome<OpenSource> open = co_await std::move(opening);
    if (!open) co_return open.error();
    const auto chosen = choose_image(*open->source, image.target.source,
                                     several_ ? Naming::kReferenceOrTag : Naming::kAny);
    if (!chosen) co_return chosen.error();
    const auto parts = open->source->parts(*chosen);
    if (!parts) co_return failure_of(parts.error());
    BlobProgress progress(bar_);
    std::uint64_t total = 0;
    for (const auto& blob : parts->blobs) total += static_cast<std::uint64_t>(blob.descriptor.size);
    progress.expect(total);
    bar_.begin("pushing " + image.target.source);
    registry::PushRequest request;
    request.repository.domain = address_;
    request.repository.path = image.target.path;
    request.tags = {image.target.tag};
    request.report = [&progress](const registry::BlobProgress& blob) { progress(blob); };
    auto pushing = uploader_.push(*open->source, *chosen, std::move(request));
    const base::Result<registry::Pushed> pushed = co_await std::move(pushing);
    bar_.clear();
    if (!pushed) co_return Failure{ExitCode::kFailure, pushed.error().message};
    image.digest = pushed->digest;
    image.sent_bytes = pushed->sent;
    image.blobs = pushed->blobs;
    image.present_blobs = pushed->present;
    session_.console.err << fmt::format("{}: {}, {} of {} blobs sent, {}\n", image.target.resolved,
                                        image.digest, image.blobs - image.present_blobs,
                                        image.blobs, print_bytes(image.sent_bytes));
    co_return Outcome<>();
  }

  const ClusterSession& session_;
  const std::shared_ptr<const registry::ImageSource> given_;
  std::string address_;
  KubectlForward* forward_;  // null: the route is the node port
  ProgressBar bar_;
  registry::Uploader uploader_;
  bool several_ = false;  // the images go to several repositories
};

// Checks that the archive has each image for KinD under its reference, because kind loads all
// images of an archive under the names that they have there.
Outcome<> check_archive(const std::string& archive, const Images& images) {
  if (std::all_of(images.begin(), images.end(), goes_to_registry)) return {};
  const auto source = registry::ImageSource::open(archive);
  if (!source) return Failure{ExitCode::kFailure, source.error().message};
  for (const PushedImage& image : images) {
    if (goes_to_registry(image)) continue;
    const auto chosen = choose_image(**source, image.target.source, Naming::kReference);
    if (chosen) continue;
    const std::string message =
        fmt::format("{}: {}; kind loads images only under the names that they have in the archive",
                    archive, chosen.error().message);
    return Failure{chosen.error().code, message};
  }
  return {};
}

constexpr CommandHelp kPushHelp = {
    .name = "push",
    .summary = "Push images to the local registry, or load them into KinD",
    .usage = "IMAGE... [flags]",
    .description =
        "Pushes images to the local registry. On a KinD cluster it runs kind load. IMAGE\n"
        "is an image reference, or the name of an image in spec.images: then each of its\n"
        "tags is pushed. The images are read from a Docker-compatible daemon\n"
        "($DOCKER_HOST, the Docker context, or the socket of Docker, rootless Docker or\n"
        "podman), or from --archive or --layout. Blobs that the registry already has are\n"
        "not sent again, so an interrupted push can be repeated. Prints the image\n"
        "references to use in Pods, as does -o name.",
    .examples = "push ghcr.io/org/project/image:dev\npush backend --archive image.tar",
};

void declare(Flags& flags, PushCommand& command) {
  flags.add({.names = "IMAGE", .kind = ValueKind::kReference, .is_required = true}, command.images);
  flags.add_registry(command.registry);
  flags.add({.names = "--archive",
             .description = "Read the image from this tar file (`docker save` or OCI archive) "
                            "instead of the daemon",
             .type = "FILE",
             .kind = ValueKind::kFile},
            command.archive);
  flags.add({.names = "--layout",
             .description = "Read the image from this OCI layout folder instead of the daemon",
             .type = "FOLDER",
             .kind = ValueKind::kFolder},
            command.layout);
  flags.add_choice<Via>(
      {.names = "--via",
       .description = "How to reach the registry: node (localhost:<nodePort>), api-server (kubectl "
                      "port-forward) or auto (default auto)",
       .type = "WAY"},
      command.via, {{"auto", Via::kAuto}, {"node", Via::kNode}, {"api-server", Via::kApiServer}});
  flags.add({.names = "--kind-cluster",
             .description = "Name of the KinD cluster (default: NAME if the context is kind-NAME)",
             .type = "NAME"},
            command.kind_cluster);
  flags.add_output(command.output, "references");
}

Outcome<> check(const PushCommand& command) {
  if (command.archive.empty() || command.layout.empty()) return {};
  return usage_failure("--archive and --layout cannot be combined: give one of them");
}

// The connection ends before `kind` starts, because run_hook() needs a process without other
// threads.
Outcome<int> run_push(const Invocation& invocation, const PushCommand& command) {
  std::string context;
  const auto images = ask_cluster(invocation, [&](const ClusterSession& session) {
    context = session.context;
    return push(session, invocation.connection, command);
  });
  if (!images) return images.error();
  if (const Outcome<> loaded = load_into_kind(context, command, *images); !loaded) {
    return loaded.error();
  }
  invocation.console.out << print(*images, command.output);
  return 0;
}

}  // namespace

std::string print(const Images& images, Output output) {
  if (output == Output::kJson || output == Output::kYaml) return print_text(encode(images), output);
  std::string text;
  for (const PushedImage& image : images) text += fmt::format("{}\n", image.target.resolved);
  return text;
}

std::vector<std::string> kind_arguments(const PushCommand& command, const PushTarget& target,
                                        const std::string& cluster) {
  if (!command.archive.empty()) {
    return {"kind", "load", "image-archive", command.archive, "--name", cluster};
  }
  return {"kind", "load", "docker-image", target.source, "--name", cluster};
}

asio::awaitable<Outcome<Images>> push(const ClusterSession& session, Connection connection,
                                      PushCommand command) {
  const std::string& path = command.archive.empty() ? command.layout : command.archive;
  std::shared_ptr<const registry::ImageSource> given;
  if (!path.empty()) {  // a wrong path is reported before any request to the cluster
    auto source = registry::ImageSource::open(path);
    if (!source) {
      co_return Failure{ExitCode::kUsage,
                        fmt::format("--{}: {}", command.archive.empty() ? "layout" : "archive",
                                    source.error().message)};
    }
    given = *std::move(source);  // kept open, because another file may get this path
  }
  auto finding = find_registry(session, command.registry);
  const Outcome<api::LocalRegistry> registry = co_await std::move(finding);
  if (!registry) co_return registry.error();
  Images images;
  for (const std::string& image : command.images) {
    const auto targets = push_targets(*registry, image);
    if (!targets) co_return targets.error();
    for (const PushTarget& target : *targets) images.push_back({.target = target});
  }
  if (std::none_of(images.begin(), images.end(), goes_to_registry)) co_return images;
  auto routing = find_registry_route(session, std::move(connection), *registry, command.via);
  Outcome<RegistryRoute> route = co_await std::move(routing);
  if (!route) co_return route.error();
  Outcome<> outcome;
  Pusher pusher(session, std::move(given), *route);
  std::vector<asio::awaitable<void>> branches;
  branches.push_back(pusher.run(images, outcome));
  if (route->forward) branches.push_back(route->forward->run());
  const std::size_t first = co_await async::run_until_one_ends(std::move(branches));
  const bool lost = first != 0 && route->forward->failure();
  if (lost) co_return *route->forward->failure();
  if (!outcome) co_return outcome.error();
  co_return images;
}

Outcome<> load_into_kind(const std::string& context, const PushCommand& command,
                         const Images& images) {
  if (!command.archive.empty()) {
    if (const auto checked = check_archive(command.archive, images); !checked) {
      return checked.error();
    }
  }
  for (const PushedImage& image : images) {
    if (goes_to_registry(image)) continue;
    if (!command.layout.empty()) {
      return Failure{ExitCode::kUsage,
                     "--layout: kind cannot load an OCI layout folder: use --archive"};
    }
    const Outcome<std::string> cluster =
        command.kind_cluster.empty() ? kind_cluster(context) : command.kind_cluster;
    if (!cluster) return cluster.error();
    const HookResult result = run_hook(kind_arguments(command, image.target, *cluster), {});
    if (!result.problem.empty()) {
      return Failure{
          ExitCode::kFailure,
          fmt::format("{}: kind must be on PATH to load images into the nodes of a KinD cluster",
                      result.problem)};
    }
    if (result.code != 0) {
      return Failure{ExitCode::kFailure, fmt::format("kind load of {} failed with exit code {}",
                                                     image.target.source, result.code)};
    }
    if (!command.archive.empty()) break;  // kind has loaded the whole archive
  }
  return {};
}

CommandEntry push_command() {
  return CommandDefinition<PushCommand>{
      .help = kPushHelp, .declare = declare, .run = run_push, .check = check};
}

}  // namespace cli
