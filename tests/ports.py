"""Ports for the tests' servers: of this worker's own range, so that no other takes one before it is used"""

import os
import random
import socket
import time
from collections.abc import Callable, Iterator

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")) % 10
RANGE = range(10_000 + 2_000 * WORKER, 12_000 + 2_000 * WORKER)  # below those that systems give to clients


def turns() -> Iterator[int]:
    """The range from anywhere on, again and again."""
    start = random.randrange(len(RANGE))
    while True:
        yield from RANGE[start:]
        start = 0


TURNS = turns()


def free_port() -> int:
    """Return a port that nothing listens on and that was not given for long."""
    while taken(port := next(TURNS)):
        pass
    return port


def taken(port: int) -> bool:
    """Say whether somebody listens there."""
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def free_ports(count: int) -> list[int]:
    """Return so many of them."""
    return [free_port() for _ in range(count)]


def listens(port: int) -> bool:
    """Say whether a server answers there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(check: Callable[[], bool], seconds: float = 20) -> None:
    """Return when `check` says yes; fail where it does not in time."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)
