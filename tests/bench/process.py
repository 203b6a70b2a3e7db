"""Runs a program and reads what the kernel knows about a process."""
import os
import pathlib
import shlex
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")  # in a second
STOP_SECONDS = 20


def cpu_seconds(pid):
    """Returns user and system time in seconds, at the resolution of ticks."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_nanoseconds(pid):
    """Returns CPU time at a finer resolution, without threads that have ended."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except OSError:
            pass
    return total


def memory(pid):
    """Returns the resident memory, its peak, its anonymous part and the proportional share, in
    KiB."""
    wanted = {"VmRSS": "rss", "VmHWM": "peak", "RssAnon": "anonymous", "Pss": "pss"}
    found = {}
    for name in ("status", "smaps_rollup"):
        for line in pathlib.Path(f"/proc/{pid}/{name}").read_text().splitlines():
            key = line.split(":")[0]
            if key in wanted:
                found[wanted[key]] = int(line.split()[1])
    return found


def reset_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


class Program:
    """Program is a running operator, without a shell around it."""

    def __init__(self, command, kubeconfig, log):
        words = [word.replace("{kubeconfig}", kubeconfig) for word in shlex.split(command)]
        self.log = log
        with open(log, "wb") as output:
            self.begun, self.begun_wall = time.monotonic(), time.time()
            self.process = subprocess.Popen(words, stdout=output, stderr=output,
                                            env={**os.environ, "KUBECONFIG": kubeconfig},
                                            start_new_session=True)
        self.pid = self.process.pid

    def check(self):
        if self.process.poll() is not None:
            text = pathlib.Path(self.log).read_text(errors="replace")
            raise RuntimeError(f"the operator ended with {self.process.returncode}: {text[-800:]}")

    def wait(self, what, holds, seconds):
        deadline = time.monotonic() + seconds
        while not holds():
            self.check()
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {seconds} s: {what}")
            time.sleep(0.02)

    def stop(self, how=signal.SIGTERM):
        """Stops the operator and returns the seconds that this took."""
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return time.monotonic() - begin
