# shellcheck shell=bash
# Runs the cluster's components as plain processes. Below $RUN each has a command (commands/NAME), a
# log (log/NAME.log) and, while it runs, an identity (pid/NAME: process id and start time).

# define COMPONENT CMD...: stores the command that starts the component.
define() {
  local component=$1
  shift
  printf 'exec %s\n' "$(printf '%q ' "$@")" >"$RUN/commands/$component"
}

is_component() { [[ -f $RUN/commands/$1 ]] || die "no component '$1' here: $(components)"; }

components() { (cd "$RUN/commands" && echo *); }

# start_time PID: prints the start time; nothing for a zombie. A zombie whose other threads still
# run counts as running, since it keeps its ports. (No component's name has a space, which would
# shift the columns.)
start_time() { awk '$3 != "Z" || $20 > 1 {print $22}' "/proc/$1/stat" 2>/dev/null; }

# running COMPONENT: succeeds if the started process still runs. A later process with the same id
# does not count.
running() {
  local pid started
  [[ -f $RUN/pid/$1 ]] || return 1
  read -r pid started <"$RUN/pid/$1" || return 1
  [[ -n $started && "$(start_time "$pid")" == "$started" ]]
}

pid_of() { cut -d ' ' -f 1 "$RUN/pid/$1"; }

# detached FILE: runs FILE in its own session without inherited locks and pipes. It outlives this
# script and keeps no file of this script's caller open.
detached() {
  # shellcheck disable=SC2016
  exec setsid bash -c 'for fd in /proc/$$/fd/*; do
    fd=${fd##*/}
    ((fd < 3)) || eval "exec $fd>&-"
  done
  source "$1"' bash "$1"
}

start() {
  local component=$1 pid
  running "$component" && return
  detached "$RUN/commands/$component" </dev/null >>"$RUN/log/$component.log" 2>&1 &
  pid=$!
  disown "$pid"
  echo "$pid $(start_time "$pid")" >"$RUN/pid/$component"
}

# signal COMPONENT SIGNAL SECONDS: succeeds once the process has ended.
signal() {
  local component=$1 deadline=$((SECONDS + $3))
  running "$component" || return 0
  kill -s "$2" "$(pid_of "$component")" 2>/dev/null || true
  while running "$component"; do
    ((SECONDS <= deadline)) || return 1
    sleep 0.05
  done
}

stop() {
  signal "$1" TERM "${2:-10}" || signal "$1" KILL 5 || say "$1 does not die"
  rm -f "$RUN/pid/$1"
}

destroy() { signal "$1" KILL 5 && rm -f "$RUN/pid/$1"; }

# await LABEL SECONDS COMPONENT CMD...: waits until CMD succeeds. Fails at once if the component
# ends.
await() {
  local label=$1 deadline=$((SECONDS + $2)) component=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    if ! running "$component" || ((SECONDS > deadline)); then
      tail -n 30 "$RUN/log/$component.log" >&2
      running "$component" || die "$label: $component has stopped; its log ends as above"
      die "$label: not in time; the log of $component ends as above"
    fi
    sleep 0.1
  done
  say "$label"
}
