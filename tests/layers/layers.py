#!/usr/bin/env python3
"""Checks every #include below controller/ against the table of layers, and CMakeLists.txt, too.

    layers.py [ROOT]      prints each violation as FILE:LINE: why; exit code 1 if there is one
"""
import pathlib
import re
import sys

# The layers that each layer may include, apart from itself. A layer is a folder of controller/ with
# its sub-folders.
TABLE = {
    "base": {},
    "async": {"base"},
    "crypto": {"base"},
    "json": {"base"},
    "api": {"base", "json"},
    "reconcile": {"base", "api"},
    "admission": {"base", "json", "api"},
    "net": {"base", "async", "crypto"},
    "kube": {"base", "async", "json", "api", "net"},
    "registry": {"base", "async", "crypto", "json", "api", "net"},
    "runtime": {"base", "async"},
    "serve": {"base", "async", "crypto", "json", "api", "admission", "net", "runtime"},
    "operator": {"base", "async", "crypto", "json", "api", "reconcile", "net", "kube", "registry",
                 "runtime"},
    "app": {"base", "async", "crypto", "json", "api", "reconcile", "net", "kube", "registry",
            "runtime", "admission", "serve", "operator"},
    "cli": {"base", "async", "crypto", "json", "api", "net", "kube", "registry"},
}
MAINS = {"main.cpp", "kubectl_localregistry.cpp"}  # these may include every layer

# The headers of libraries, and the only layers that may include them. The longest match counts.
OWNERS = {
    "boost/beast": {"net", "serve"},
    "boost/beast/zlib": {"registry"},
    "openssl/": {"crypto", "net", "serve"},
    "boost/asio/ssl": {"net", "serve"},
    "boost/asio/experimental/": {"async"},
    "sys/wait.h": {"async", "cli"},
    "rapidjson/": {"json"},
    "yaml-cpp/": {"json"},
    "yaml.h": {"json"},
    "spdlog/": {"base"},
    "prometheus/": {"app"},
    "CLI/": {"app", "cli"} | MAINS,
    "CLI11": {"app", "cli"} | MAINS,
}

# Headers that only their own layer may include, and the header that the others include instead.
INNER = {
    "net/connection.h": "net/http/http_client.h",
    "net/http/connection_pool.h": "net/http/http_client.h",
}

# Pure layers must not include IO headers, not even through a header of the project.
PURE = {"reconcile", "admission"}
IO_HEADERS = re.compile(
    r"boost/(asio|beast|process)|openssl/|spdlog/|prometheus/|sys/|netinet/|arpa/|netdb\.h|poll\.h"
    r"|(unistd|fcntl|signal|dirent)\.h|c?stdio(\.h)?$|csignal$"
    r"|(fstream|iostream|filesystem|thread|(shared_)?mutex|future|condition_variable|coroutine)$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CMAKE_LAYER = re.compile(r"^layer\((\w+)([^)]*)\)", re.MULTILINE)
CMAKE_SET = re.compile(r"^set\((PLAIN_HEADERS|PLAIN_LAYERS|IO_HEADERS)\b([^)]*)\)", re.MULTILINE)


class Tree:
    """Tree has the sources below ROOT/controller and the includes of each."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.controller = self.root / "controller"
        self.includes = {path: list(self._read(path)) for path in sorted(
            path for kind in ("*.h", "*.cpp") for path in self.controller.rglob(kind))}

    @staticmethod
    def _read(path):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := INCLUDE.match(line):
                yield number, match[1] == '"', match[2]

    def layer(self, path):
        return path.relative_to(self.controller).parts[0]

    def at(self, path, number):
        return f"{path.relative_to(self.root)}:{number}"

    def violations(self):
        for path, includes in self.includes.items():
            layer = self.layer(path)
            if layer not in MAINS and layer not in TABLE:
                yield f"{self.at(path, 1)}: controller/{layer} is not in the table of layers"
                continue
            for number, own, name in includes:
                why = self._own(layer, name) if own else self._foreign(layer, name)
                if why:
                    yield f"{self.at(path, number)}: {why}"
            if layer in PURE:
                yield from self._impure(path)
        yield from self._cmake()

    def _own(self, layer, name):
        if not (self.controller / name).is_file():
            return f'"{name}" is not a file below controller/'
        used = name.split("/")[0]
        if name in INNER and layer != used:
            return f"{name} is for {used}/ alone: include {INNER[name]}"
        if layer == used or layer in MAINS or used in TABLE[layer]:
            return None
        return f"{layer}/ may not include {used}/ ({name})"

    @staticmethod
    def _foreign(layer, name):
        prefix = max((one for one in OWNERS if name.startswith(one)), key=len, default=None)
        if prefix is None or layer in OWNERS[prefix]:
            return None
        return f"<{name}> belongs to {', '.join(sorted(OWNERS[prefix]))}, not to {layer}"

    def _impure(self, path):
        """Yields the IO headers that path includes, directly or through other headers."""
        seen, waiting = {path}, [(path, [])]
        while waiting:
            current, way = waiting.pop()
            for number, own, name in self.includes.get(current, []):
                header = self.controller / name
                if own and header not in seen:
                    seen.add(header)
                    waiting.append((header, way + [name]))
                elif not own and IO_HEADERS.match(name):
                    through = " through " + " → ".join(way) if way else ""
                    yield f"{self.at(path, number if not way else 1)}: pure, yet <{name}>{through}"

    def _cmake(self):
        """Checks that the layers in CMakeLists.txt match the table."""
        text = (self.root / "CMakeLists.txt").read_text()
        for match in CMAKE_LAYER.finditer(text):
            name, words = match[1], match[2].split("LIBRARIES")[0].split()
            uses = set(words) - {"USES"}
            if name not in TABLE or uses != set(TABLE[name]):
                line = text.count("\n", 0, match.start()) + 1
                yield f"CMakeLists.txt:{line}: layer {name} uses {sorted(uses)}, not as the table"
        yield from self._precompiled(text)

    @staticmethod
    def _precompiled(text):
        """Checks that no layer gets a header that it may not include from the precompiled ones."""
        sets = {match[1]: match[2].split() for match in CMAKE_SET.finditer(text)}
        for name in ("PLAIN_HEADERS", "IO_HEADERS"):
            for header in (word.strip("<>") for word in sets.get(name, []) if word[0] == "<"):
                if name == "PLAIN_HEADERS" and IO_HEADERS.match(header):
                    yield f"CMakeLists.txt: <{header}> in {name}, which pure layers get"
                if any(header.startswith(prefix) for prefix in OWNERS):
                    yield f"CMakeLists.txt: <{header}> in {name}, which not all may include"
        for layer in PURE - set(sets.get("PLAIN_LAYERS", PURE)):
            yield f"CMakeLists.txt: {layer} is not in PLAIN_LAYERS, yet pure"


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    tree = Tree(root)
    violations = list(tree.violations())
    print(*violations, f"{len(tree.includes)} files, {len(violations)} violations", sep="\n")
    return 1 if violations or not tree.includes else 0


if __name__ == "__main__":
    sys.exit(main())
