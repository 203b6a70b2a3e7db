"""Takes one operator through all steps of the benchmark and collects its figures."""
import json
import multiprocessing
import pathlib
import signal
import subprocess
import threading
import time

import process
from plane import (DEPLOYMENTS, NAMESPACE, REGISTRIES, SERVICES, WRITES, Connection, Plane, Watch,
                   a_registry, cluster, counted)

CREATORS = 8
STEADY_SECONDS = 3    # without a write, after which the operator is idle
BURST_SECONDS = 600
HEAL_SECONDS = 300
PROBE_SECONDS = 120   # long, since a watch may have backed off
BUSY = 0.12           # of a core; an operator that uses less has finished its start


def percentiles(seconds):
    """Returns percentiles in milliseconds."""
    ordered = sorted(seconds)
    return {f"p{share}_ms": round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)] * 1e3,
                                  2) for share in (50, 99)}


def by_creators(credentials, items, work):
    """Calls work(connection, item) for each item, on CREATORS threads at the same time."""
    left = list(reversed(items))

    def run():
        connection = Connection(credentials)
        while True:
            try:
                item = left.pop()
            except IndexError:
                return
            work(connection, item)
    threads = [threading.Thread(target=run, daemon=True) for _ in range(CREATORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def create_many(credentials, names, answers):
    """Creates LocalRegistries in a separate process and reports when each was answered."""
    answered, begin = {}, time.monotonic()

    def create(connection, name):
        connection.ask("POST", REGISTRIES, a_registry(name))
        answered[name] = time.monotonic()
    by_creators(credentials, names, create)
    answers.put((begin, answered))


class Course:
    """Course is one operator on one control plane, from its start to its end; figures has the
    results."""

    def __init__(self, plane, command, options):
        self.plane, self.command, self.options = plane, command, options
        self.api = plane.connect()
        self.ports, self.first_seen = {}, {}
        self.figures = {}
        self.program = None

    def run(self):
        self.api.ask("POST", REGISTRIES, a_registry("first"))
        version = self.api.ask("GET", f"{REGISTRIES}?limit=1")["metadata"]["resourceVersion"]
        watch = Watch(self.plane.credentials, REGISTRIES, version, self.seen)
        time.sleep(1)
        try:
            for step in (self.start, self.idle, self.paced, self.burst, self.quiet, self.heal,
                         self.restart, self.relist, self.end):
                step()
        except Exception as error:
            error.figures = self.figures
            raise
        finally:
            if self.program:
                self.program.stop()
            watch.stop()
        return self.figures

    def seen(self, _, registry, when):
        port = registry.get("status", {}).get("nodePort")
        if port:
            name = registry["metadata"]["name"]
            self.ports[name] = port
            self.first_seen.setdefault(name, when)

    def launch(self):
        log = pathlib.Path(self.plane.folder.name) / f"operator-{time.monotonic_ns()}.log"
        self.program = process.Program(self.command, self.plane.kubeconfig, log)

    def until_steady(self, since):
        def last_write():
            return max((event[0] for event in self.plane.requests(since, time.time())
                        if event[1] in WRITES and not event[2].startswith("leases")), default=0)
        self.program.wait("the writes end", lambda: time.time() - last_write() > STEADY_SECONDS,
                          BURST_SECONDS)

    # Measures the time from exec to the port of a resource that existed before.
    def start(self):
        self.launch()
        self.program.wait("the first resource has a port", lambda: "first" in self.first_seen, 60)
        self.figures["start_ms"] = round((self.first_seen["first"] - self.program.begun) * 1e3, 1)

    def idle(self):
        time.sleep(self.options.idle)
        self.program.check()
        begin, cpu = time.monotonic(), process.cpu_nanoseconds(self.program.pid)
        time.sleep(self.options.idle)
        used = (process.cpu_nanoseconds(self.program.pid) - cpu) / 1e6
        self.figures["idle"] = {**process.memory(self.program.pid), "cpu_ms_per_s":
                                round(used / (time.monotonic() - begin), 3)}

    # Creates one resource after the other and measures the time from sending it to seeing its port.
    def paced(self):
        took = []
        for number in range(self.options.paced):
            name, begin = f"paced-{number:05d}", time.monotonic()
            self.api.ask("POST", REGISTRIES, a_registry(name))
            while name not in self.first_seen:
                if time.monotonic() - begin > 30:
                    self.program.check()
                    raise RuntimeError(f"{name} has no port after 30 s")
                time.sleep(0.0005)
            took.append(self.first_seen[name] - begin)
        if took:
            self.figures["paced"] = percentiles(took)

    def burst(self):
        names = [f"burst-{number:05d}" for number in range(self.options.count)]
        pids = {name: self.plane.pid(name) for name in ("kube-apiserver", "etcd")}
        before = {name: process.cpu_seconds(pid) for name, pid in pids.items()}
        since, cpu = time.time(), process.cpu_seconds(self.program.pid)
        process.reset_peak(self.program.pid)
        spawned = multiprocessing.get_context("spawn")
        answers = spawned.Queue()
        creator = spawned.Process(target=create_many, args=(self.plane.credentials, names, answers))
        creator.start()
        begin, answered = answers.get(timeout=BURST_SECONDS)
        creator.join()
        self.program.wait("every resource has a port",
                          lambda: all(name in self.first_seen for name in names), BURST_SECONDS)
        self.until_steady(since)
        used = process.cpu_seconds(self.program.pid) - cpu
        requests = counted(self.plane.requests(since, time.time()))
        count = len(names)
        self.figures["burst"] = {
            "seconds": round(max(self.first_seen[name] for name in names) - begin, 3),
            "create_seconds": round(max(answered.values()) - begin, 3),
            **percentiles([self.first_seen[name] - answered[name] for name in names]),
            "cpu_ms_per_resource": round(used * 1e3 / count, 3),
            **{f"{name}_cpu_s": round(process.cpu_seconds(pid) - before[name], 2)
               for name, pid in pids.items()},
            "requests": requests,
            **{f"{kind}_per_resource": round(requests[kind] / count, 3)
               for kind in ("writes", "events", "reads")}}

    def quiet(self):
        since, cpu = time.time(), process.cpu_nanoseconds(self.program.pid)
        time.sleep(self.options.quiet)
        requests = counted(self.plane.requests(since, time.time()))
        used = (process.cpu_nanoseconds(self.program.pid) - cpu) / 1e6
        self.figures["quiet"] = {"writes": requests["writes"] + requests["events"],
                                 "reads": requests["reads"],
                                 "cpu_ms_per_s": round(used / self.options.quiet, 3)}
        self.figures["burst"].update(process.memory(self.program.pid))

    # Deletes Services and Deployments of different resources.
    def heal(self):
        half = min(self.options.victims, self.options.count) // 2
        if not half:
            return
        paths = {"Service": SERVICES, "Deployment": DEPLOYMENTS}
        lists = {kind: self.api.ask("GET", path) for kind, path in paths.items()}
        uids = {(kind, item["metadata"]["name"]): item["metadata"]["uid"]
                for kind, found in lists.items() for item in found["items"]}
        ports = dict(self.ports)
        back, new_ports, deleted = {}, {}, {}

        def told(kind):
            def seen(event, item, when):
                key = kind, item["metadata"]["name"]
                if event == "ADDED" and item["metadata"]["uid"] != uids.get(key):
                    back.setdefault(key, when)
                    if kind == "Service":
                        new_ports[key[1]] = item["spec"]["ports"][0]["nodePort"]
            return seen
        watches = [Watch(self.plane.credentials, path, lists[kind]["metadata"]["resourceVersion"],
                         told(kind)) for kind, path in paths.items()]
        victims = [key for number in range(half)
                   for key in (("Service", f"burst-{number:05d}"),
                               ("Deployment", f"burst-{half + number:05d}"))]

        def delete(connection, victim):
            kind, name = victim
            connection.ask("DELETE", f"{paths[kind]}/{name}")
            deleted[victim] = time.monotonic()
        since = time.time()
        by_creators(self.plane.credentials, victims, delete)
        self.program.wait("everything is back", lambda: all(key in back for key in victims),
                          HEAL_SECONDS)
        self.program.wait("the status tells the ports", lambda: all(
            self.ports.get(name) == port for name, port in new_ports.items()), HEAL_SECONDS)
        self.until_steady(since)
        requests = counted(self.plane.requests(since, time.time()))
        self.figures["heal"] = {
            **percentiles([max(0.0, back[key] - deleted[key]) for key in victims]),
            "writes_per_victim": round(requests["writes"] / len(victims), 3),
            "reads_per_victim": round(requests["reads"] / len(victims), 3),
            "ports_kept": sum(ports[name] == port for name, port in new_ports.items()),
            "ports": len(new_ports)}
        for watch in watches:
            watch.stop()

    def restart(self):
        stopped = self.program.stop()
        time.sleep(2)
        self.launch()
        program = self.program
        samples, active = [(program.begun, 0.0)], program.begun
        deadline = program.begun + 180
        while time.monotonic() < deadline:
            time.sleep(0.05)
            program.check()
            now, cpu = time.monotonic(), process.cpu_seconds(program.pid)
            samples.append((now, cpu))
            earlier = next((sample for sample in reversed(samples) if now - sample[0] >= 0.2),
                           samples[0])
            if cpu - earlier[1] > BUSY * (now - earlier[0]):
                active = now
            if now - active > STEADY_SECONDS and now - program.begun > STEADY_SECONDS + 2:
                break
        requests = counted(self.plane.requests(program.begun_wall, time.time()))
        cpu = next(cpu for when, cpu in samples if when >= active)
        self.figures["restart"] = {
            "stop_seconds": round(stopped, 3), "seconds": round(active - program.begun, 2),
            "cpu_s": round(cpu, 3), **process.memory(program.pid),
            **{kind: requests[kind] for kind in ("writes", "events", "reads")}}
        self.probe()

    # Checks that the operator still works: it heals one more Service.
    def probe(self):
        before = self.api.ask("GET", f"{SERVICES}/first")["metadata"]["uid"]
        self.api.ask("DELETE", f"{SERVICES}/first")

        def healed():
            status, text = self.api.request("GET", f"{SERVICES}/first")
            return status == 200 and json.loads(text)["metadata"]["uid"] != before
        self.program.wait("a Service that was deleted is back", healed, PROBE_SECONDS)

    # Makes the API server forget the revisions of the watches, so that the operator lists
    # everything again.
    def relist(self):
        steady = process.memory(self.program.pid)
        process.reset_peak(self.program.pid)
        self.program.process.send_signal(signal.SIGSTOP)
        for number in range(20):
            self.api.ask("PATCH", f"{REGISTRIES}/first",
                         {"metadata": {"annotations": {"bench": str(number)}}},
                         "application/merge-patch+json")
        cluster("restart", "kube-apiserver")
        self.api = self.connect_again()
        self.program.process.send_signal(signal.SIGCONT)
        time.sleep(self.options.relist)
        self.probe()
        after = process.memory(self.program.pid)
        self.figures["relist"] = {"before": steady["rss"], "peak": after["peak"],
                                  "after": after["rss"]}

    def connect_again(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                connection = self.plane.connect()
                if connection.request("GET", "/readyz")[0] == 200:
                    return connection
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise RuntimeError("the API server does not come back")
            time.sleep(0.2)

    # Checks the objects in the cluster, whatever the operator reports about them.
    def end(self):
        # While the restarted API server fills its watch cache, it answers 429.
        self.program.wait("the resources can be listed",
                          lambda: self.api.request("GET", REGISTRIES)[0] == 200, 60)
        registries = self.api.ask("GET", REGISTRIES)["items"]
        ports = {item["metadata"]["name"]: item["spec"]["ports"][0]["nodePort"]
                 for item in self.api.ask("GET", SERVICES)["items"]}
        deployments = {item["metadata"]["name"]
                       for item in self.api.ask("GET", DEPLOYMENTS)["items"]}
        wrong = [item["metadata"]["name"] for item in registries
                 if item["metadata"]["name"] not in deployments
                 or ports.get(item["metadata"]["name"]) != item["status"]["nodePort"]]
        if wrong:
            raise RuntimeError(f"not as declared in the end: {wrong[:5]}")


def operator(command, options):
    with Plane() as plane:
        return Course(plane, command, options).run()


def floor(command, options):
    """Measures the same writes by a client that does nothing else: one at a time, then in
    parallel."""
    figures = {}
    with Plane() as plane:
        for name, count, workers in (("paced", options.paced, 1),
                                     ("burst", options.count, CREATORS)):
            words = [*command, "--kubeconfig", plane.kubeconfig, "--namespace", NAMESPACE,
                     "--prefix", name, "--count", str(count), "--workers", str(workers)]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            figures[name] = json.loads(done.stdout)
    return figures
