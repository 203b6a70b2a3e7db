"""Compares the figures of a run with their targets: in tables and a plot."""
import dataclasses
import statistics
import typing

WATCHED_PER_RESOURCE = 3  # the resource, its Deployment and its Service
OURS = "operator"
NOISE_KIB = 256  # by which the resident memory of a process varies from run to run


class Figures:
    """Figures returns medians over the rounds; None if a figure was not measured."""

    def __init__(self, runs):
        self.runs = runs

    def counts(self):
        return sorted({run["count"] for run in self.runs})

    def get(self, contender, count, path):
        found = []
        for run in self.runs:
            if run["contender"] != contender or run["count"] != count:
                continue
            value = run["figures"]
            for key in path.split("."):
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                found.append(value)
        return statistics.median(found) if found else None

    def has(self, contender):
        return any(run["contender"] == contender for run in self.runs)


@dataclasses.dataclass
class Row:
    title: str
    value: typing.Callable | str   # of a contender, or the key of its figure
    bound: typing.Callable | None  # value function -> our limit; None: no target
    target: str
    form: str = "{:.2f}"
    at_least: bool = False         # the bound is a minimum; otherwise a maximum


def least(*values):
    known = [value for value in values if value is not None]
    return min(known) if known else None


def times(factor, value):
    return None if None in (factor, value) else factor * value


def mebibytes(value):
    return None if value is None else value / 1024


def share(part, whole):
    return None if part is None or not whole else part / whole


def rows(figures, count):
    def at(path, scale=lambda value: value):
        return lambda who: scale(figures.get(who, count, path))

    def peers(go, rust):
        return lambda of: least(times(go, of("go")), times(rust, of("rust")))

    def floors(factor, *others):
        def bound(of):
            return least(times(factor, of("floor-apply")),
                         *(times(other, of(peer)) for other in others for peer in ("go", "rust")))
        return bound

    def fixed(value):
        return lambda _: value

    def per_object(who):
        full, idle = (figures.get(who, count, path) for path in ("burst.rss", "idle.rss"))
        return None if full is None else (full - idle) * 1024 / (WATCHED_PER_RESOURCE * count)

    def ports_lost(who):
        kept, all_of_them = (figures.get(who, count, f"heal.{key}") for key in ("ports_kept",
                                                                               "ports"))
        return None if kept is None else all_of_them - kept

    def relist_peak(who):
        return share(figures.get(who, count, "relist.peak"),
                     figures.get(who, count, "relist.before"))

    return [
        Row("idle, one resource: RSS, MiB", at("idle.rss", mebibytes), peers(0.2, 0.65),
            "0.2 × Go, 0.65 × Rust"),
        Row("idle: CPU, ms a second", at("idle.cpu_ms_per_s"), peers(1, None), "Go"),
        Row("RSS, MiB", at("burst.rss", mebibytes), peers(1 / 6, 1 / 3), "1/6 Go, 1/3 Rust"),
        Row("  for each watched object, bytes", per_object, fixed(1024), "1 KiB", "{:.0f}"),
        Row("  peak in a burst to it", lambda who: share(figures.get(who, count, "burst.peak"),
                                                         figures.get(who, count, "burst.rss")),
            fixed(1.2), "1.2"),
        Row("  peak when all is listed again to it", relist_peak, fixed(1.2), "1.2"),
        Row("writes for a resource", at("burst.writes_per_resource"), fixed(3), "3"),
        Row("  and events", at("burst.events_per_resource"), None, ""),
        Row("reads for a resource", at("burst.reads_per_resource"), fixed(0), "0"),
        Row("writes and events when quiet", at("quiet.writes"), fixed(0), "0"),
        Row("CPU for a resource in a burst, ms", at("burst.cpu_ms_per_resource"), fixed(0.5),
            "0.5"),
        Row("burst, s to all ports", at("burst.seconds"), floors(1.05), "1.05 × floor"),
        Row("one at a time, p50, ms", at("paced.p50_ms"), floors(1.0, 0.7),
            "floor, 0.7 × peers"),
        Row("  p99, ms", at("paced.p99_ms"), floors(1.2, 0.7), "1.2 × floor, 0.7 × peers"),
        Row("heal, p50, ms", at("heal.p50_ms"), fixed(15), "15"),
        Row("  p99, ms", at("heal.p99_ms"), peers(1, 1), "both peers"),
        Row("  node ports lost", ports_lost, fixed(0), "0", "{:.0f}"),
        Row("exec → first resource done, ms", at("start_ms"), peers(None, 0.5), "0.5 × Rust"),
        Row("restart: CPU, s", at("restart.cpu_s"), fixed(0.05 * count / 1000), "0.05 for 1,000"),
        Row("  writes", at("restart.writes"), fixed(0), "0"),
        Row("stopping, s", at("restart.stop_seconds"), None, ""),
    ]


def written(head, lines, contenders):
    """Returns a Markdown table of rows (row, value of a contender), and the number of missed
    targets."""
    text = [f"| {head} | " + " | ".join(contenders) + " | target | |",
            "|---|" + "---:|" * len(contenders) + "---|---|"]
    short = 0
    for row, value in lines:
        ours, bound = value(OURS), row.bound(value) if row.bound else None
        if ours is None:
            continue
        verdict = ""
        if bound is not None:  # the rounded values are compared
            shown, limit = float(row.form.format(ours)), float(row.form.format(bound))
            passed = shown >= limit if row.at_least else shown <= limit
            verdict = "pass" if passed else "short"
            short += not passed
        cells = [row.form.format(found) if (found := value(name)) is not None else ""
                 for name in contenders]
        wanted = row.target if bound is None or row.target == row.form.format(bound) else \
            f"{row.form.format(bound)} ({row.target})"
        sign = "" if bound is None else "≥ " if row.at_least else "≤ "
        text.append(f"| {row.title} | " + " | ".join(cells) + f" | {sign}{wanted} | {verdict} |")
    return "\n".join(text), short


def contenders_of(figures):
    return [name for name in ("go", "rust", "floor-create", "floor-apply", "before", OURS)
            if figures.has(name)]


def table(figures, count):
    return written(f"{count} resources", [(row, row.value) for row in rows(figures, count)],
                   contenders_of(figures))


def slopes_table(figures):
    """Returns the table of the growth of memory and time between the smallest and the largest
    burst."""
    counts = figures.counts()
    if len(counts) < 2:
        return "", 0
    fewest, most = counts[0], counts[-1]

    def growth(path, scale, of_each=False):
        def value(who):
            small, large = (figures.get(who, count, path) for count in (fewest, most))
            if None in (small, large):
                return None
            if of_each:
                small, large = small * fewest, large * most
            return scale * (large - small) / (most - fewest)
        return value
    lines = [
        Row("memory for each watched object, bytes",
            growth("burst.rss", 1024 / WATCHED_PER_RESOURCE), lambda _: 1024, "1 KiB", "{:.0f}"),
        Row("burst, ms to all ports", growth("burst.seconds", 1000),
            lambda of: times(1.05, of("floor-apply")), "1.05 × floor"),
        Row("CPU in a burst, ms", growth("burst.cpu_ms_per_resource", 1, True), lambda _: 0.5,
            "0.5"),
        Row("CPU of a restart, ms", growth("restart.cpu_s", 1000), lambda _: 0.05, "0.05")]
    return written(f"for each resource more, from {fewest} to {most}",
                   [(row, row.value) for row in lines], contenders_of(figures))


def measures_table(found):
    """Returns the table of the other measurements; empty if nothing was measured."""
    figures = {one["measure"]: one["figures"] for one in found if one["figures"]}
    rows_of = {
        "webhook": [
            Row("webhook: p99 at 5,000 a second, ms", "p99_ms", lambda _: 1, "1"),
            Row("  reviews for a second of CPU", "per_cpu_second", lambda of: times(5, of("go")),
                "5 × Go", "{:.0f}", True)],
        "rewrite": [Row("rewrite: MB for a second of CPU", "megabytes_per_cpu_second",
                        lambda _: 100, "100", "{:.0f}", True)],
        "leader": [
            Row("leader: planned hand-over, median, ms", "planned_ms", lambda _: 250, "250",
                "{:.0f}"),
            Row("  the longest, ms", "planned_most_ms", None, "", "{:.0f}"),
            Row("  after a crash, the longest, s", "crash_most_s", lambda _: figures["leader"][
                OURS]["lease_s"] + 0.5, "lease + 0.5", "{:.1f}")],
        "foreign": [
            Row("foreign objects of 100 KB", "objects", None, "", "{:.0f}"),
            Row("  memory for them, KiB", "growth_kib", lambda _: NOISE_KIB, "none, but for noise",
                "{:.0f}")],
        "image": [
            Row("image, unpacked, MB", "unpacked_mb", lambda _: 15, "15"),
            Row("  compressed, MB", "compressed_mb", None, "")]}
    lines = [(row, lambda who, name=name, row=row: figures[name].get(who, {}).get(row.value))
             for name, listed in rows_of.items() if name in figures for row in listed]
    contenders = [name for name in ("go", OURS) if any(name in one for one in figures.values())]
    return written("apart from the burst", lines, contenders) if lines else ("", 0)


# A small plot with lines in one colour for each contender.

COLOURS = {"go": "#00a0c0", "rust": "#c06030", OURS: "#206020", "floor-apply": "#909090"}
WIDTH, HEIGHT, MARGIN = 300, 240, 48


def panel(title, unit, series, left):
    """Returns one diagram. series: name -> [(count, value)]."""
    points = [point for line in series.values() for point in line]
    most_x = max(x for x, _ in points)
    most_y = max(y for _, y in points) * 1.05 or 1

    def place(x, y):
        return (left + MARGIN + x / most_x * (WIDTH - 1.5 * MARGIN),
                HEIGHT - MARGIN - y / most_y * (HEIGHT - 2 * MARGIN))
    parts = [f'<text x="{left + WIDTH / 2}" y="22" class="title">{title}</text>']
    for part in range(5):
        y = most_y * part / 4
        x0, height = place(0, y)
        parts.append(f'<line x1="{x0:.1f}" x2="{place(most_x, y)[0]:.1f}" y1="{height:.1f}" '
                     f'y2="{height:.1f}" class="grid"/>'
                     f'<text x="{x0 - 4:.1f}" y="{height + 4:.1f}" class="left">{y:.3g}</text>')
    for x in sorted({x for x, _ in points}):
        at = place(x, 0)
        parts.append(f'<text x="{at[0]:.1f}" y="{at[1] + 16:.1f}" class="below">{x}</text>')
    parts.append(f'<text x="{left + WIDTH / 2}" y="{HEIGHT - 10}" class="below">resources; '
                 f'{unit}</text>')
    for name, line in series.items():
        colour = COLOURS[name]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                     'stroke-width="2"/>')
        end = place(*line[-1])
        parts.append(f'<text x="{end[0] - 4:.1f}" y="{end[1] - 6:.1f}" fill="{colour}" '
                     f'class="right">{name}</text>')
    return "".join(parts)


def plot(figures):
    """Returns an SVG: memory and the time of a burst against the number of resources."""
    def series(path, scale, with_idle):
        found = {}
        for name in COLOURS:
            line = [(count, scale(value)) for count in figures.counts()
                    if (value := figures.get(name, count, path)) is not None]
            idle = figures.get(name, figures.counts()[0], "idle.rss")
            if with_idle and idle is not None:
                line.insert(0, (1, scale(idle)))
            if line:
                found[name] = line
        return found

    def from_zero(path, total):
        return {name: [(0, 0.0)] + [(count, total(count, value)) for count in figures.counts()
                                    if (value := figures.get(name, count, path))]
                for name in COLOURS if figures.has(name)}
    burst_time = from_zero("burst.seconds", lambda _, seconds: seconds)
    burst_cpu = from_zero("burst.cpu_ms_per_resource", lambda count, each: count * each / 1000)
    style = ("text{font:11px sans-serif}.title{font-weight:bold;text-anchor:middle}"
             ".left,.right{text-anchor:end}.below{text-anchor:middle}.grid{stroke:#ddd}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{3 * WIDTH}" height="{HEIGHT}">'
            f'<style>{style}</style><rect width="100%" height="100%" fill="#fff"/>'
            + panel("resident memory", "MiB", series("burst.rss", lambda v: v / 1024, True), 0)
            + panel("a burst, until all have a port", "s", burst_time, WIDTH)
            + panel("processor time of a burst", "s", burst_cpu, 2 * WIDTH) + "</svg>\n")
