"""who asks -> what is left of a limit, or 429; counted by slowapi's limiter, in this process or for all in Redis

The limiter is asked directly: its decorator costs more than the rest of the gate.
"""

from functools import lru_cache
from math import ceil
from time import time

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from slowapi import Limiter
from slowapi.util import get_remote_address

from src.api.limit_storage import FixedWindows
from src.api.problems import ProblemError
from src.api.settings import Settings
from src.errors import LastroError

KNOWN = 1024  # windows whose names are remembered: spelling one takes longer than counting
STORAGE_TIMEOUT = 1.0  # seconds; a counter that does not answer must not hold every request
Headers = list[tuple[bytes, bytes]]
CALLER, OPEN, FAILED, FAILED_NAME, FORBIDDEN, MISSING = "key", "open", "failed", "failed-name", "forbidden", "missing"


class Limits:
    """What one key or user, one address, one name may do in slowapi's fixed windows."""

    def __init__(self, settings: Settings) -> None:
        self.storage = limiter(settings.limit_storage.get_secret_value()).limiter.storage
        failures = parse(settings.failed_key_limit)
        self.rates = {CALLER: parse(settings.rate_limit), OPEN: parse(settings.open_limit)}
        self.rates |= dict.fromkeys((FAILED, FAILED_NAME, FORBIDDEN, MISSING), failures)
        self.window = lru_cache(KNOWN)(self.window_of)

    def count(self, kind: str, who: str) -> Headers:
        """Count one more and return what is left, in slowapi's headers; raises ProblemError 429 or 503."""
        limit = self.rates[kind]
        counted, reset = self.hit(kind, who)
        headers = left(limit, counted, reset)
        if counted > limit.amount:
            raise too_many(limit, headers, reset)
        return headers

    def require(self, kind: str, who: str) -> None:
        """Raise ProblemError 429 where nothing is left; counts nothing."""
        limit = self.rates[kind]
        counted, reset = self.hit(kind, who, amount=0)
        if counted >= limit.amount:
            raise too_many(limit, left(limit, counted, reset), reset)

    def within(self, kind: str, who: str) -> bool:
        """Count one more and say whether that was allowed."""
        return self.hit(kind, who)[0] <= self.rates[kind].amount

    def window_of(self, kind: str, who: str) -> tuple[str, int]:
        """Return how a window is called where it is counted, and its seconds."""
        limit = self.rates[kind]
        return limit.key_for(kind, who), limit.get_expiry()

    def hit(self, kind: str, who: str, amount: int = 1) -> tuple[int, float]:
        """Return how many there are in the window by now, and when it ends."""
        window, expiry = self.window(kind, who)
        try:
            if isinstance(self.storage, FixedWindows):
                return self.storage.hit(window, expiry, amount)
            return self.storage.incr(window, expiry, amount), self.storage.get_expiry(window)
        except StorageError as error:
            detail = "The counter of requests does not answer; try again shortly."
            raise ProblemError(503, detail, headers={"Retry-After": "1"}) from error


def left(limit: RateLimitItem, counted: int, reset: float) -> Headers:
    """Return slowapi's headers about a window."""
    return [
        (b"x-ratelimit-limit", b"%d" % limit.amount),
        (b"x-ratelimit-remaining", b"%d" % max(0, limit.amount - counted)),
        (b"x-ratelimit-reset", b"%d" % (int(reset) + 1)),
    ]


def too_many(limit: RateLimitItem, headers: Headers, reset: float) -> ProblemError:
    """Return 429 that says when to come back."""
    said = {name.decode(): value.decode() for name, value in headers}
    said["Retry-After"] = str(max(1, ceil(reset - time())))
    return ProblemError(429, f"More than {limit}; wait as Retry-After says.", headers=said)


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
