// The registry layer as a program, for the tests in this folder. It prints its result as JSON.
//   probe check IMAGE [--config FILE] [--ca FILE] [--insecure HOST]... [--guard]
//   probe push SOURCE IMAGE [--index N] [--progress] [--config FILE] [--ca FILE] [--insecure
//   HOST]...
//     SOURCE: an OCI layout, an OCI archive, or an archive of docker save; IMAGE has the tag
#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iostream>

#include "base/clock.h"
#include "json/writer.h"
#include "registry/docker_config.h"
#include "registry/push_checker.h"
#include "registry/upload/upload.h"

namespace {

namespace asio = boost::asio;

struct Options {
  std::string image;
  std::string source;
  std::size_t index = 0;  // number of the image in the source
  bool progress = false;
  std::string config;
  registry::CheckOptions check;
};

void print(const std::string& answer, const std::string& message) {
  json::Writer writer;
  writer.begin_object();
  writer.key("answer");
  writer.string(answer);
  writer.key("message");
  writer.string(message);
  writer.end_object();
  std::cout << writer.take() << std::endl;
}

// Returns the value of a result. Throws its error, which is about the arguments.
template <class T>
T valid(base::Result<T> result) {
  if (!result) throw std::runtime_error(base::to_string(result.error()));
  return std::move(*result);
}

std::optional<registry::Credentials> credentials(const Options& options,
                                                 const api::ImageReference& image) {
  if (options.config.empty()) return std::nullopt;
  std::ifstream file(options.config);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return valid(registry::DockerConfig::parse(text)).credentials(image.domain, image.path);
}

template <class T>
T run(asio::io_context& io, asio::awaitable<T> work) {
  std::optional<T> result;
  asio::co_spawn(io, std::move(work), [&result](std::exception_ptr failure, T value) {
    if (failure) std::rethrow_exception(failure);
    result = std::move(value);
  });
  io.run();
  return std::move(*result);
}

int check(const Options& options) {
  asio::io_context io{1};
  base::SystemClock clock;
  const api::ImageReference image = valid(api::parse_image_reference(options.image));
  registry::PushChecker checker(io.get_executor(), clock, options.check);
  const auto answer = run(io, checker.check(image, credentials(options, image)));
  print(std::string(api::name(registry::permission_of(answer.answer))), answer.message);
  return 0;
}

int fail(const base::Error& error) {
  print(std::string(base::name(error.code)), error.message);
  return 1;
}

void show(const registry::BlobProgress& progress) {
  using State = registry::BlobProgress::State;
  const char* state = progress.state == State::kPresent   ? "present"
                      : progress.state == State::kSending ? "sending"
                                                          : "sent";
  std::cerr << progress.digest << ' ' << state << ' ' << progress.done << ' ' << progress.total
            << std::endl;
}

int push(const Options& options) {
  asio::io_context io{1};
  base::SystemClock clock;
  base::Random random = base::Random::from_device();
  const api::ImageReference image = valid(api::parse_image_reference(options.image));
  const auto source = registry::ImageSource::open(options.source);
  if (!source) return fail(source.error());
  registry::UploadOptions upload;
  upload.insecure_registries = options.check.insecure_registries;
  upload.ca_file = options.check.ca_file;
  registry::Uploader uploader(io.get_executor(), clock, random, std::move(upload));
  registry::PushRequest request{image, {}, credentials(options, image), {}};
  if (!image.tag.empty()) request.tags = {image.tag};
  if (options.progress) request.report = show;
  const auto pushed =
      run(io, uploader.push(**source, (*source)->images().at(options.index), std::move(request)));
  if (!pushed) return fail(pushed.error());
  json::Writer writer;
  writer.begin_object();
  writer.key("digest");
  writer.string(pushed->digest);
  writer.key("sent");
  writer.integer(static_cast<std::int64_t>(pushed->sent));
  writer.key("present");
  writer.integer(pushed->present);
  writer.key("blobs");
  writer.integer(pushed->blobs);
  writer.end_object();
  std::cout << writer.take() << std::endl;
  return 0;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  options.check.guard_addresses = false;
  CLI::App app("the registry layer as a program");
  app.require_subcommand(1);
  CLI::App* checking = app.add_subcommand("check", "may the image be pushed?");
  CLI::App* pushing = app.add_subcommand("push", "push it");
  pushing->add_option("source", options.source)->required();
  pushing->add_option("--index", options.index, "which image of the source");
  pushing->add_flag("--progress", options.progress, "each report on standard error");
  for (CLI::App* command : {checking, pushing}) {
    command->add_option("image", options.image)->required();
    command->add_option("--config", options.config, "credentials as Docker keeps them");
    command->add_option("--ca", options.check.ca_file, "more CAs to trust");
    command->add_option("--insecure", options.check.insecure_registries, "need no HTTPS");
  }
  checking->add_flag("--guard", options.check.guard_addresses, "as the operator: no loopback");
  CLI11_PARSE(app, count, words);
  try {
    return pushing->parsed() ? push(options) : check(options);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
