"""The token server of tests/registry, at an address of the node.

    token_server.py FOLDER ADDRESS PORT     writes its CA to FOLDER/ca.crt

Reads passwords and rights as JSON, prints the configuration for docker-registry, and serves until
it is terminated.
"""
import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "registry"))
import servers  # pylint: disable=wrong-import-position


def main():
    folder, address, port = sys.argv[1:]
    asked = json.load(sys.stdin)
    rights = {user: {repository: set(actions) for repository, actions in granted.items()}
              for user, granted in asked["rights"].items()}
    with servers.TokenServer(folder, servers.Authority(folder), asked["passwords"], rights,
                             (address, int(port))) as server:
        print(json.dumps(server.auth()), flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
