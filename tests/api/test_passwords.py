"""Passwords: whose they are, at what cost, and one at a time"""

import asyncio
import os
import threading
import time
from collections.abc import Iterator

import pytest

from src.api import passwords
from src.api.entries import Hash, users
from src.api.passwords import SHORTEST, Passwords, fits, hashed
from src.api.problems import ProblemError
from src.errors import LastroError
from tests.api.live import LOGIN, USERS

COSTLY = Hash(2**13, 8, 1, b"salt of sixteen.", b"")


@pytest.fixture
def known() -> Iterator[Passwords]:
    found = Passwords(users(LOGIN["users"]))
    yield found
    found.close()


def test_user_is_known_by_name_and_password(known: Passwords) -> None:
    async def ask() -> None:
        assert await known.user("ana", USERS["ana"]) == known.users["ana"]
        for name, password in (("ana", USERS["bia"]), ("ana", ""), ("eve", USERS["ana"]), ("", "")):
            assert await known.user(name, password) is None, (name, password)

    asyncio.run(ask())


def test_new_entry_is_read_again_at_the_full_cost() -> None:
    ana = users(f"ana:{hashed('correct-horse-battery')}")["ana"].password
    assert (ana[:3], len(ana.salt)) == ((2**14, 8, 5), 16)
    assert fits(ana, "correct-horse-battery")
    assert not fits(ana, "correct-horse-batterY")
    assert hashed("correct-horse-battery").split(".")[3] != ana.salt.hex()


@pytest.mark.parametrize("password", ["", "a" * (SHORTEST - 1)])
def test_short_password_is_refused(password: str) -> None:
    with pytest.raises(LastroError, match="at least 8 characters"):
        hashed(password)


def test_accent_may_be_typed_in_either_way() -> None:
    entry = hashed("a\N{COMBINING TILDE}o e pa\N{COMBINING TILDE}o")
    assert fits(users(f"ana:{entry}")["ana"].password, "ão e pão")


def test_unknown_name_costs_what_a_wrong_password_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: dict[str, list[float]] = {"ana": [], "nobody": []}
    asked: list[Hash] = []

    def timed(kept: Hash, password: str) -> bool:
        asked.append(kept)
        return fits(kept, password)

    monkeypatch.setattr(passwords, "fits", timed)
    user = users(LOGIN["users"])["ana"]
    known = Passwords({"ana": user._replace(password=COSTLY)})

    async def ask() -> None:
        for name in ("ana", "nobody") * 5:
            start = time.process_time()  # which other load does not lengthen
            assert await known.user(name, "wrong") is None
            seconds[name].append(time.process_time() - start)

    asyncio.run(ask())
    known.close()
    assert asked == [COSTLY] * 10
    fastest = {name: min(found) for name, found in seconds.items()}
    assert 0.5 < fastest["ana"] / fastest["nobody"] < 2


def test_one_is_checked_at_a_time_and_who_would_wait_over_a_second_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.3)
    checking, most = 0, 0

    def slow(*_: object) -> bool:
        nonlocal checking, most
        checking += 1
        most = max(most, checking)
        time.sleep(0.2)
        checking -= 1
        return True

    monkeypatch.setattr(passwords, "fits", slow)
    known = Passwords(users(LOGIN["users"]))

    async def ask() -> list[object]:
        return await asyncio.gather(*(known.user("ana", "") for _ in range(5)), return_exceptions=True)

    found = asyncio.run(ask())
    known.close()
    refused = [one for one in found if isinstance(one, ProblemError)]
    assert most == 1
    assert (len(refused), len(found)) == (3, 5)
    assert {(one.status, (one.headers or {})["Retry-After"]) for one in refused} == {(429, "1")}


def test_thread_of_passwords_gives_way_to_those_who_score(known: Passwords) -> None:
    def mine() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    here = mine()
    assert known.thread.submit(mine).result() == passwords.NICENESS
    assert mine() == here
