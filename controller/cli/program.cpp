#include "cli/program.h"

#include <cstring>
#include <exception>
#include <ostream>
#include <type_traits>

#include "base/quote.h"
#include "cli/cluster/cluster.h"
#include "cli/grammar/cluster_names.h"
#include "cli/grammar/command_line.h"

namespace cli {
namespace {

struct ProgramContext {
  const std::string& version;
  const base::EnvironmentVariables& environment;
  Console& console;
};

Outcome<std::unique_ptr<Cluster>> connect(const ProgramContext& program,
                                          const Connection& connection) {
  return Cluster::make(connection, program.version, program.environment, program.console);
}

Outcome<int> run(const ProgramContext& program, const Connection&, ImportCommand command) {
  command.options.environment = program.environment;
  return run(program.console, command);
}

Outcome<int> run(const ProgramContext& program, const Connection&,
                 const CompletionCommand& command) {
  program.console.out << completion_script(command.shell);
  return 0;
}

Outcome<int> run(const ProgramContext& program, const Connection&, const CompleteCommand& command) {
  ClusterNames names(program.environment);
  program.console.out << print(complete(command.words, names));
  return 0;
}

Outcome<int> run(const ProgramContext& program, const Connection& connection,
                 const ExecCommand& command) {
  HookRuns runs;
  {
    const auto cluster = connect(program, connection);
    if (!cluster) return cluster.error();
    Outcome<HookRuns> prepared = (*cluster)->run(prepare((*cluster)->session(), command));
    if (!prepared) return prepared.error();
    runs = *std::move(prepared);
  }
  return run_hooks(program.console, runs);
}

Outcome<int> run(const ProgramContext& program, const Connection& connection,
                 const RewriteCommand& command) {
  if (is_offline(command)) {
    const auto targets = rewrite_targets(command);
    if (!targets) return targets.error();
    return run(program.console, command, *targets);
  }
  const auto cluster = connect(program, connection);
  if (!cluster) return cluster.error();
  const auto targets = (*cluster)->run(ask_targets((*cluster)->session(), command.registry));
  if (!targets) return targets.error();
  return run(program.console, command, *targets);
}

Outcome<int> run(const ProgramContext& program, const Connection& connection,
                 CheckCommand command) {
  if (command.images.empty()) {
    const auto cluster = connect(program, connection);
    if (!cluster) return cluster.error();
    auto images = (*cluster)->run(declared_images((*cluster)->session(), command.registry));
    if (!images) return images.error();
    command.images = *std::move(images);
  }
  Loop loop;
  base::SystemClock clock;
  return loop.run(run(loop.executor(), clock, program.environment, program.console, command));
}

Outcome<int> run(const ProgramContext& program, const Connection& connection,
                 const PushCommand& command) {
  std::vector<PushedImage> images;
  std::string context;
  {
    const auto cluster = connect(program, connection);
    if (!cluster) return cluster.error();
    const ClusterSession& session = (*cluster)->session();
    auto pushed = (*cluster)->run(push(session, connection, command));
    if (!pushed) return pushed.error();
    images = *std::move(pushed);
    context = session.context;
  }
  if (const Outcome<> loaded = load_into_kind(context, command, images); !loaded) {
    return loaded.error();
  }
  program.console.out << print(images, command.output);
  return 0;
}

Outcome<int> run(const ProgramContext& program, const Connection& connection,
                 const BuildCommand& command) {
  BuildRun build;
  {
    const auto cluster = connect(program, connection);
    if (!cluster) return cluster.error();
    auto prepared = (*cluster)->run(prepare((*cluster)->session(), connection, command));
    if (!prepared) return prepared.error();
    build = *std::move(prepared);
  }
  return run_build(program.console, build);
}

// The other commands need only a ClusterSession.
template <class Command>
Outcome<int> run(const ProgramContext& program, const Connection& connection,
                 const Command& command) {
  const auto cluster = connect(program, connection);
  if (!cluster) return cluster.error();
  return (*cluster)->run(run((*cluster)->session(), command));
}

Outcome<int> run(const ProgramContext& program, const std::vector<std::string>& words) {
  const Outcome<CommandLine> line = parse_command_line(words, program.version);
  if (!line) return line.error();
  if (!line->print.empty()) {
    program.console.out << line->print;
    return 0;
  }
  return std::visit([&](const auto& command) { return run(program, line->connection, command); },
                    line->command);
}

int interrupted(Console& console, int number) {
  // The terminal has printed ^C at the cursor.
  if (console.err_is_terminal) console.err << "\n";
  console.err << "error: stopped by SIG" << ::sigabbrev_np(number) << std::endl;
  return kExitBySignal + number;
}

}  // namespace

int run_program(std::vector<std::string> arguments, const std::string& version,
                const base::EnvironmentVariables& environment, Console& console) {
  const std::string& program = arguments.empty() ? version : arguments.front();
  const bool completes = program.substr(program.rfind('/') + 1) == kCompleteProgram;
  if (!arguments.empty()) arguments.erase(arguments.begin());
  if (completes) arguments.insert(arguments.begin(), std::string(kCompleteWord));
  Outcome<int> code = 0;
  try {
    code = run({version, environment, console}, arguments);
  } catch (const Interrupted& signal) {
    console.out.flush();
    return interrupted(console, signal.number());
  } catch (const std::exception& exception) {
    code = Failure{ExitCode::kFailure, std::string("unexpected failure: ") + exception.what()};
  }
  console.out.flush();
  if (code && !console.out) {
    code = Failure{ExitCode::kFailure, "standard output cannot be written"};
  }
  if (code) return *code;
  console.err << "error: " << base::reported(code.error().message) << "\n";
  return static_cast<int>(code.error().code);
}

}  // namespace cli
