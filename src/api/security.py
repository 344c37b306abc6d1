"""a request's x-api-key -> the name of its key, within its limit; `python -m src.api.security new NAME` makes a key"""

import argparse
import hmac
import secrets
from hashlib import sha256
from math import ceil
from time import time
from typing import NamedTuple

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from slowapi import Limiter
from slowapi.util import get_remote_address
from starlette.types import Scope

from src.api.limit_storage import FixedWindows
from src.api.problems import ProblemError
from src.api.settings import Settings
from src.errors import LastroError, run

STORAGE_TIMEOUT = 1.0  # seconds; a counter that does not answer must not hold every request


class Caller(NamedTuple):
    """Who asks, and the answer's headers about the limit."""

    key_id: str
    headers: list[tuple[bytes, bytes]]


class Keys:
    """The known keys by name; only their SHA-256 is ever kept."""

    def __init__(self, digests: dict[str, str]) -> None:
        self.digests = [(name, bytes.fromhex(digest)) for name, digest in digests.items()]

    def name_of(self, key: bytes) -> str | None:
        """Return the name of `key`, or None; takes as long for a wrong one."""
        shown = sha256(key).digest()
        found = None
        for name, digest in self.digests:
            if hmac.compare_digest(shown, digest):
                found = name
        return found


class Gate:
    """Lets in who shows a known key and is within its limit; counts by slowapi's limiter.

    The limiter is asked directly: its decorator costs more than the rest of the gate.
    """

    def __init__(self, settings: Settings) -> None:
        self.keys = Keys(settings.api_keys)
        self.limiter = limiter(settings.limit_storage.get_secret_value())
        self.rate = parse(settings.rate_limit)
        self.failures = parse(settings.failed_key_limit)
        self.open_rate = parse(settings.open_limit)

    def admit(self, scope: Scope) -> Caller:
        """Return who shows a known key; raises ProblemError 401, 429 or 503."""
        name = self.keys.name_of(presented(scope))
        if name is None:
            self.count(self.failures, "failed", address(scope))
            detail = "Send a valid key in the header x-api-key."
            raise ProblemError(401, detail, headers={"WWW-Authenticate": 'ApiKey header="x-api-key"'})
        return Caller(name, self.count(self.rate, "key", name))

    def admit_reader(self, scope: Scope) -> Caller:
        """Return who reads an open page, limited by address; raises ProblemError 429 or 503."""
        return Caller("", self.count(self.open_rate, "open", address(scope)))

    def count(self, limit: RateLimitItem, kind: str, who: str) -> list[tuple[bytes, bytes]]:
        """Count one request in slowapi's fixed window and return what is left, in slowapi's headers."""
        storage, window = self.limiter.limiter.storage, limit.key_for(kind, who)
        try:
            counted = storage.incr(window, limit.get_expiry())
            reset = storage.get_expiry(window)
        except StorageError as error:
            detail = "The counter of requests does not answer; try again shortly."
            raise ProblemError(503, detail, headers={"Retry-After": "1"}) from error
        headers = [
            (b"x-ratelimit-limit", b"%d" % limit.amount),
            (b"x-ratelimit-remaining", b"%d" % max(0, limit.amount - counted)),
            (b"x-ratelimit-reset", b"%d" % (int(reset) + 1)),
        ]
        if counted > limit.amount:
            said = {name.decode(): value.decode() for name, value in headers}
            said["Retry-After"] = str(max(1, ceil(reset - time())))
            raise ProblemError(429, f"More than {limit}; wait as Retry-After says.", headers=said)
        return headers


def limiter(storage: str) -> Limiter:
    """Return slowapi's limiter that counts there; raises LastroError where nothing can count."""
    here = storage.startswith("memory:")
    timeouts = {"socket_timeout": STORAGE_TIMEOUT, "socket_connect_timeout": STORAGE_TIMEOUT}
    options = {} if here else {**timeouts, "wrap_exceptions": True}
    try:
        return Limiter(
            key_func=get_remote_address,
            storage_uri=f"{FixedWindows.STORAGE_SCHEME[0]}://" if here else storage,
            storage_options=options,  # type: ignore[arg-type]
            key_prefix="lastro",
        )
    except (ConfigurationError, ValueError):  # whose texts repeat the address, and a password in it
        raise LastroError("LASTRO_LIMIT_STORAGE: no storage that counts: memory:// or redis://host:port") from None


def presented(scope: Scope) -> bytes:
    """Return the key that a request shows, or nothing."""
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            key: bytes = value
            return key
    return b""


def address(scope: Scope) -> str:
    """Return the client's address, as the trusted proxies tell it."""
    return str(scope["client"][0]) if scope.get("client") else "unknown"


def new_key() -> tuple[str, str]:
    """Return a random key of 256 bits and the SHA-256 that the service keeps."""
    key = secrets.token_urlsafe(32)
    return key, sha256(key.encode()).hexdigest()


def main() -> None:
    """Print a new key and what to add to LASTRO_API_KEYS for it."""
    parser = argparse.ArgumentParser(prog="python -m src.api.security", description=__doc__)
    parser.add_argument("command", choices=["new"])
    parser.add_argument("name", help="who will use it; letters, digits, - and _")
    name = parser.parse_args().name
    if not name.replace("-", "").replace("_", "").isalnum():
        parser.error("a name has letters, digits, - and _ only")
    key, digest = new_key()
    print(f"key (shown once): {key}\nadd to LASTRO_API_KEYS: {name}:{digest}")  # noqa: T201


if __name__ == "__main__":
    run(main)
