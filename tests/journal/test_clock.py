"""One clock of a service: its times and its identifiers are of the same moment"""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from src.journal.clock import SYSTEM, clock_of
from src.journal.identifiers import first_id

THEN = datetime(2025, 9, 1, 12, 30, 0, 250_000, tzinfo=UTC)


def test_identifiers_of_a_given_clock_are_of_its_moment_and_distinct() -> None:
    clock = clock_of(lambda: THEN)
    made = {clock.new_id() for _ in range(100)}
    assert len(made) == 100
    assert {one[:18] for one in made} == {first_id(THEN)[:18]}
    assert {UUID(one).version for one in made} == {7}
    assert clock.now() == THEN


def test_zone_of_a_given_clock_does_not_matter() -> None:
    there = THEN.astimezone(timezone(timedelta(hours=-3)))
    assert clock_of(lambda: there).new_id()[:18] == first_id(THEN)[:18]


def test_without_one_it_is_the_systems() -> None:
    clock = clock_of(None)
    assert clock is SYSTEM
    before, made, after = datetime.now(UTC), clock.new_id(), clock.now()
    assert first_id(before) <= made < first_id(after + timedelta(milliseconds=1))
    assert after.tzinfo is UTC
