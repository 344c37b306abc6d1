"""Counting in this process, as limits' own memory storage does it"""

import time

import pytest
from limits import parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from src.api.limit_storage import FixedWindows


def test_window_counts_and_ends() -> None:
    counters = FixedWindows()
    assert [counters.incr("a", 0.2) for _ in range(3)] == [1, 2, 3]
    assert (counters.get("a"), counters.get("b")) == (3, 0)
    assert time.time() < counters.get_expiry("a") <= time.time() + 0.2
    time.sleep(0.25)
    assert (counters.get("a"), counters.incr("a", 5)) == (0, 1)


def test_what_has_ended_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = FixedWindows()
    for number in range(100):
        counters.incr(f"address {number}", 0.05)
    monkeypatch.setattr("src.api.limit_storage.SWEEP", 0.0)
    time.sleep(0.1)
    counters.incr("a", 5)
    assert counters.reset() == 1


def test_limits_treats_it_like_its_own() -> None:
    for storage in (FixedWindows(), MemoryStorage()):
        limiter, limit = FixedWindowRateLimiter(storage), parse("3/minute")
        assert [limiter.hit(limit, "a") for _ in range(5)] == [True, True, True, False, False]
        assert limiter.get_window_stats(limit, "a").remaining == 0
        assert limiter.hit(limit, "b")
        limiter.clear(limit, "a")
        assert limiter.hit(limit, "a")
        assert storage.check()


def test_is_found_by_its_address() -> None:
    assert isinstance(storage_from_string("windows://"), FixedWindows)
