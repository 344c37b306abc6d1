"""a request's x-api-key -> the name of its key, within its limit; `python -m src.api.security new NAME` makes a key"""

import argparse
import hmac
import secrets
from hashlib import sha256
from math import ceil
from time import time
from typing import NamedTuple

from limits import RateLimitItem, parse
from limits.errors import StorageError
from slowapi import Limiter
from slowapi.util import get_remote_address
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from src.api.limit_storage import Counters
from src.api.problems import ProblemError
from src.api.settings import Settings
from src.errors import run

STORAGE_TIMEOUT = 1.0  # seconds; a counter that does not answer must not hold every request


class Caller(NamedTuple):
    """Who asks, and the answer's headers about the limit."""

    key_id: str
    headers: dict[str, str]


class Keys:
    """The known keys by name; only their SHA-256 is ever kept."""

    def __init__(self, digests: dict[str, str]) -> None:
        self.digests = [(name, bytes.fromhex(digest)) for name, digest in digests.items()]

    def name_of(self, key: str) -> str | None:
        """The name of `key`, or None; takes as long for a wrong one."""
        presented = sha256(key.encode("latin-1", "replace")).digest()
        found = None
        for name, digest in self.digests:
            if hmac.compare_digest(presented, digest):
                found = name
        return found


class Gate:
    """Lets in who shows a known key and is within its limit; counts by slowapi's limiter.

    The limiter is asked directly: its decorator costs more than the rest of the gate.
    """

    def __init__(self, settings: Settings) -> None:
        self.keys = Keys(settings.api_keys)
        storage = settings.limit_storage.get_secret_value()
        timeouts = {"socket_timeout": STORAGE_TIMEOUT, "socket_connect_timeout": STORAGE_TIMEOUT}
        here = storage.startswith("memory:")
        options = {} if here else {**timeouts, "wrap_exceptions": True}
        self.limiter = Limiter(
            key_func=get_remote_address,
            storage_uri=f"{Counters.STORAGE_SCHEME[0]}://" if here else storage,
            storage_options=options,  # type: ignore[arg-type]
            key_prefix="lastro",
        )
        self.rate = parse(settings.rate_limit)
        self.failures = parse(settings.failed_key_limit)
        self.open_rate = parse(settings.open_limit)

    def admit(self, request: HTTPConnection) -> Caller:
        """The caller; raises ProblemError 401, 429 or 503."""
        name = self.keys.name_of(request.headers.get("x-api-key", ""))
        if name is None:
            self.count(self.failures, "failed", address(request))
            detail = "Send a valid key in the header x-api-key."
            raise ProblemError(401, detail, headers={"WWW-Authenticate": 'ApiKey header="x-api-key"'})
        return Caller(name, self.count(self.rate, "key", name))

    async def require(self, request: Request, response: Response) -> None:
        """Admit as a dependency, because those run before FastAPI looks at parameters."""
        caller = request.state.caller = self.admit(request)
        response.headers.update(caller.headers)

    def admit_reader(self, request: HTTPConnection) -> Caller:
        """Who reads an open page, limited by address; raises ProblemError 429 or 503."""
        return Caller("", self.count(self.open_rate, "open", address(request)))

    def count(self, limit: RateLimitItem, kind: str, who: str) -> dict[str, str]:
        """Count one request in slowapi's fixed window and say what is left, in slowapi's headers."""
        storage, window = self.limiter.limiter.storage, limit.key_for(kind, who)
        try:
            counted = storage.incr(window, limit.get_expiry())
            reset = storage.get_expiry(window)
        except StorageError as error:
            detail = "The counter of requests does not answer; try again shortly."
            raise ProblemError(503, detail, headers={"Retry-After": "1"}) from error
        headers = {
            "X-RateLimit-Limit": str(limit.amount),
            "X-RateLimit-Remaining": str(max(0, limit.amount - counted)),
            "X-RateLimit-Reset": str(int(reset) + 1),
        }
        if counted > limit.amount:
            headers["Retry-After"] = str(max(1, ceil(reset - time())))
            raise ProblemError(429, f"More than {limit}; wait as Retry-After says.", headers=headers)
        return headers


def address(request: HTTPConnection) -> str:
    """The client's address, as the trusted proxies tell it."""
    return request.client.host if request.client else "unknown"


def new_key() -> tuple[str, str]:
    """A random key of 256 bits and the SHA-256 that the service keeps."""
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
