#include "cli/program.h"

#include <cstring>
#include <exception>
#include <ostream>

#include "base/text/quote.h"
#include "cli/command_table.h"
#include "cli/grammar/cluster_names.h"
#include "cli/grammar/completion.h"
#include "cli/grammar/parser.h"
#include "cli/terminal/interrupts.h"

namespace cli {
namespace {

Outcome<int> run(const std::vector<std::string>& words, const std::string& version,
                 const base::EnvironmentVariables& environment, Console& console) {
  const CommandTable commands = command_table();
  if (!words.empty() && words.front() == kCompleteWord) {
    ClusterNames names(environment);
    console.out << print(complete(commands, {words.begin() + 1, words.end()}, names));
    return 0;
  }
  Outcome<CommandLine> line = Parser(commands, version).parse(words);
  if (!line) return line.error();
  if (!line->print.empty()) {
    console.out << line->print;
    return 0;
  }
  return line->command->run({version, environment, console, line->connection});
}

int interrupted(Console& console, int number) {
  // After Ctrl-C the terminal shows ^C, so the message begins on a new line.
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
    code = run(arguments, version, environment, console);
  } catch (const Interrupted& signal) {
    console.out.flush();
    return interrupted(console, signal.number());
  } catch (const std::exception& exception) {
    code = Failure{ExitCode::kFailure, std::string("unexpected failure: ") + exception.what()};
  }
  console.out.flush();
  if (code && !console.out) {
    code =
        Failure{ExitCode::kFailure,
                "cannot write to standard output, so the output is incomplete: check the disk, or "
                "the program that reads the pipe"};
  }
  if (code) return *code;
  console.err << "error: " << base::reported(code.error().message) << "\n";
  return static_cast<int>(code.error().code);
}

}  // namespace cli
