"""The sources keep to the layers, and the check fails for each kind of violation."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import layers  # noqa: E402

PROJECT = pathlib.Path(__file__).parents[2]
GOOD = {
    "controller/base/clock.h": "#include <boost/asio/steady_timer.hpp>\n",
    "controller/base/error.h": "#include <string>\n",
    "controller/json/decode.cpp": '#include <rapidjson/reader.h>\n#include "base/error.h"\n',
    "controller/api/types.h": '#include "base/error.h"\n',
    "controller/api/part/field.h": '#include "api/types.h"\n',
    "controller/reconcile/plan.h": '#include "api/types.h"\n',
    "controller/net/connection.h": "#include <string>\n",
    "controller/net/http/http.cpp": '#include <boost/beast/http.hpp>\n'
                                    '#include "net/connection.h"\n',
    "controller/kube/client.h": '#include "api/types.h"\n',
    "controller/main.cpp": '#include <CLI/CLI.hpp>\n#include "kube/client.h"\n',
    "CMakeLists.txt": "layer(base)\nlayer(json USES base LIBRARIES yaml-cpp)\n"
                      "set(PLAIN_LAYERS reconcile admission)\nset(PLAIN_HEADERS <string>)\n"
                      "set(IO_HEADERS ${PLAIN_HEADERS} <boost/asio/io_context.hpp>)\n",
}


def violations(tmp_path, **changed):
    """Returns the violations in a small tree with these changed files."""
    for name, text in {**GOOD, **changed}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(layers.Tree(tmp_path).violations())


def test_the_project_keeps_to_the_table():
    found = list(layers.Tree(PROJECT).violations())
    assert not found, "\n".join(found)


def test_a_tree_that_keeps_to_the_table_passes(tmp_path):
    assert violations(tmp_path) == []


@pytest.mark.parametrize("path, text, expected", [
    ("controller/base/error.h", '#include "kube/client.h"\n', "base/ may not include kube/"),
    ("controller/api/types.h", '#include "kube/client.h"\n', "api/ may not include kube/"),
    ("controller/api/part/types.h", '#include "kube/client.h"\n', "api/ may not include kube/"),
    ("controller/api/part/types.h", '#include "part/x.h"\n', "not a file below controller/"),
    ("controller/reconcile/plan.h", '#include "json/x.h"\n', "not a file below controller/"),
    ("controller/json/decode.cpp", '#include "types.h"\n', "not a file below controller/"),
    ("controller/api/types.h", "#include <rapidjson/reader.h>\n", "belongs to json"),
    ("controller/api/types.h", "  #  include <yaml-cpp/yaml.h>\n", "belongs to json"),
    ("controller/base/error.h", "#include <openssl/ssl.h>\n", "belongs to crypto, net, serve"),
    ("controller/base/error.h", "#include <boost/beast/core.hpp>\n", "belongs to net"),
    ("controller/kube/client.h", "#include <spdlog/spdlog.h>\n", "belongs to base"),
    ("controller/kube/client.h", "#include <prometheus/counter.h>\n", "belongs to app,"),
    ("controller/kube/client.h", "#include <sys/wait.h>\n", "belongs to async, cli"),
    ("controller/kube/client.h", "#include <CLI/CLI.hpp>\n", "belongs to app, cli, "),
    ("controller/reconcile/plan.h", "#include <boost/asio/io_context.hpp>\n", "pure, yet"),
    ("controller/reconcile/plan.h", "#include <fstream>\n", "pure, yet"),
    ("controller/reconcile/plan.h", '#include "base/clock.h"\n', "through base/clock.h"),
    ("controller/kube/client.h", '#include "net/connection.h"\n', "include net/http/http_client.h"),
    ("controller/other/thing.h", "#include <string>\n", "not in the table"),
    ("CMakeLists.txt", "layer(json USES base api)\n", "CMakeLists.txt:1: layer json uses"),
    ("CMakeLists.txt", "set(PLAIN_HEADERS <map>\n  <fstream>)\n", "<fstream> in PLAIN_HEADERS"),
    ("CMakeLists.txt", "set(PLAIN_HEADERS <boost/asio/error.hpp>)\n", "> in PLAIN_HEADERS"),
    ("CMakeLists.txt", "set(IO_HEADERS <boost/beast/http.hpp>)\n", "http.hpp> in IO_HEADERS"),
    ("CMakeLists.txt", "set(PLAIN_LAYERS base admission)\n", "reconcile is not in PLAIN_LAYERS"),
])
def test_a_violation_is_found(tmp_path, path, text, expected):
    found = violations(tmp_path, **{path: text})
    assert any(expected in line for line in found), found
