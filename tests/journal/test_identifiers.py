"""Identifiers that sort by time (UUID version 7)"""

import time
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from src.journal.identifiers import first_id, new_id


def test_is_a_uuid_of_version_7_of_now() -> None:
    before = time.time_ns() // 1_000_000
    found = UUID(new_id())
    assert (found.version, found.variant, str(found)) == (7, RFC_4122, str(found).lower())
    assert before <= found.int >> 80 <= time.time_ns() // 1_000_000


def test_many_are_distinct_and_later_ones_sort_behind() -> None:
    made = []
    for _ in range(500):
        made.append(new_id())
        time.sleep(2e-6)  # the identifier tells quarters of a microsecond apart
    assert len(set(made)) == 500
    assert made == sorted(made)


def test_first_of_a_moment_divides_earlier_from_later() -> None:
    before, moment, after = new_id(), datetime.now(UTC) + timedelta(milliseconds=2), None
    time.sleep(0.005)
    after = new_id()
    assert before < first_id(moment) < after
    assert UUID(first_id(moment)).version == 7
    zone = moment.astimezone()
    assert first_id(zone) == first_id(moment)


def test_moments_before_1970_and_far_ahead_have_one_too() -> None:
    assert first_id(datetime(1901, 1, 1, tzinfo=UTC)) <= first_id(datetime(1970, 1, 1, tzinfo=UTC)) < new_id()
    assert new_id() < first_id(datetime(9999, 1, 1, tzinfo=UTC))
