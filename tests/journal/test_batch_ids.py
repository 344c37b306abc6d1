"""A batch's identifiers follow from run and row, and both follow from them"""

from itertools import pairwise
from random import Random
from uuid import RFC_4122, UUID

import pytest

from src.files import sha256_of
from src.journal.batch_ids import MOST_ROWS, ids_of, of_batch, row_of, run_id, run_of
from src.journal.identifiers import new_id


def test_row_and_run_follow_from_the_identifier_and_it_from_them() -> None:
    for seed in range(50):
        run, row = run_id(sha256_of(str(seed).encode())), Random(seed).randrange(MOST_ROWS)
        (one,) = ids_of(run, row, 1)
        assert (run_of(one), row_of(one), of_batch(one)) == (run, row, True)
        assert (UUID(one).version, UUID(one).variant, str(UUID(one))) == (8, RFC_4122, one)
        assert (UUID(run).version, row_of(run)) == (8, MOST_ROWS)


def test_identifiers_sort_as_rows_do_and_other_runs_have_others() -> None:
    run, other = run_id("0" * 64), run_id(f"{'0' * 18}4{'0' * 45}")  # their digests differ in the last bit that counts
    found = [*ids_of(run, 0, 300), *ids_of(run, MOST_ROWS - 2, 2)]
    assert all(one < two for one, two in pairwise(found))
    assert found[-1] < run
    assert run != other
    assert not {*found} & {*ids_of(other, 0, 300)}
    assert ids_of(run, 7, 0) == []


def test_what_is_no_row_of_a_run_is_refused() -> None:
    assert not of_batch(new_id())
    for first, count in ((-1, 1), (MOST_ROWS, 1), (0, MOST_ROWS + 1)):
        with pytest.raises(ValueError, match="a run has rows from 0"):
            ids_of(run_id("a" * 64), first, count)
