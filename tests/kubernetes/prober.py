"""In a pod: HOST:PORT … -> a line of JSON: which of them take a connection. Standard library only."""

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

PATIENCE = 4.0  # seconds: what a policy refuses is dropped without a word


def takes(address: str) -> bool:
    """Say whether a connection comes about."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), PATIENCE):
            return True
    except OSError:
        return False


def main() -> None:
    """Try all at once."""
    with ThreadPoolExecutor(len(sys.argv)) as pool:
        found = dict(zip(sys.argv[1:], pool.map(takes, sys.argv[1:]), strict=True))
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
