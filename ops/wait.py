"""`python -m ops.wait ADDRESS …`: http:// addresses, tcp://host:port -> an exit when each of them has answered

What a program of a cluster needs at its first start may come up after it. Standard library only.
"""

import http.client
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from urllib.parse import urlsplit

from ops.errors import SetupError, run

PATIENCE = 900.0  # seconds
PERIOD = 1.0  # seconds between two tries
TIMEOUT = 5.0  # seconds of one


def main() -> None:
    """Wait for every address of the command line."""
    for address in addresses(sys.argv[1:]):
        wait_for(address)


def addresses(words: Sequence[str]) -> Sequence[str]:
    """Return the addresses; raises SetupError where one has no host, or is of another kind."""
    for word in words:
        parts = urlsplit(word)
        if not parts.hostname or parts.scheme not in ("http", "tcp"):
            raise SetupError(f"{word}: an address is http://HOST:PORT/PATH, or tcp://HOST:PORT.")
    return words


def wait_for(address: str, patience: float = PATIENCE) -> None:
    """Return when the address answers; raises SetupError, with the last reason, where it does not in time."""
    end = time.monotonic() + patience
    while (why := silent(address)) is not None:
        if time.monotonic() > end:
            raise SetupError(f"{address} does not answer: {why}.")
        time.sleep(PERIOD)


def silent(address: str) -> str | None:
    """Return why an address does not answer as it should, None where it does."""
    parts = urlsplit(address)
    try:
        if parts.scheme == "tcp":
            socket.create_connection((str(parts.hostname), parts.port or 0), TIMEOUT).close()
        else:
            urllib.request.urlopen(address, timeout=TIMEOUT).close()  # noqa: S310
    except (OSError, http.client.HTTPException) as error:
        return " ".join(str(error).split()) or type(error).__name__
    return None


if __name__ == "__main__":
    run(main)
