"""Versions are compared on the same rows, none of which the first one was trained on, or not at all"""

from pathlib import Path

import numpy as np
import pytest

from src.contract.table import read_table, write_table
from src.lineage import pairing
from src.lineage.pairing import TEST, UnpairedError, paired
from src.model.rows import COLUMNS, TEST_SCORES, TRAIN_ROWS, hashed, predicted_of
from tests.lineage.versions import typed, version
from tests.serving.kinds import applicants, served, served_pds, table

TRAIN, HELD = range(200), range(200, 400)


def pds(kind: str, places: list[int]) -> list[float]:
    found = served_pds(served(kind), applicants(table()[0].iloc[places]))
    return [round(float(pd), 9) for pd in found]


def test_same_test_rows_are_paired_in_whatever_order_they_stand(tmp_path: Path) -> None:
    first = version(tmp_path / "1", "scorecard", TRAIN, HELD)
    second = version(tmp_path / "2", "boosting", TRAIN, [*reversed(HELD)])
    found = paired(first, second)
    places = hashed(typed())["row"].iloc[200:].sort_values().index.tolist()
    assert found.says == "the same 200 test rows"
    assert found.bad.tolist() == table()[1][places].tolist()
    assert found.first.tolist() == pds("scorecard", places)
    assert found.second.tolist() == pds("boosting", places)


def test_rows_that_stand_there_twice_are_counted_so_often(tmp_path: Path) -> None:
    twice = [*HELD, 200, 200, 201]
    same = paired(version(tmp_path / "1", "scorecard", TRAIN, twice), version(tmp_path / "2", "boosting", TRAIN, twice))
    assert (len(same.bad), same.says) == (203, "the same 203 test rows")
    again = paired(tmp_path / "1", version(tmp_path / "3", "boosting", TRAIN, [*HELD, 200, 201, 201]))
    assert again.says == "203 of 203 test rows of the challenger, on which the champion was not trained"


def test_other_test_rows_are_scored_by_the_first_form_without_those_it_was_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "CHUNK", 7)
    first = version(tmp_path / "1", "blend", TRAIN, HELD)
    second = version(tmp_path / "2", "scorecard", range(250, 400), range(150, 250))
    found = paired(first, second, ("version 1", "version 2"))
    new = [*range(200, 250)]
    assert found.says == "50 of 100 test rows of version 2, on which version 1 was not trained"
    assert found.bad.tolist() == table()[1][new].tolist()
    assert found.first.tolist() == pds("blend", new)
    assert found.second.tolist() == pds("scorecard", new)


def test_of_many_rows_every_second_or_later_one_is_scored_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "MOST_ROWS", 30)
    first = version(tmp_path / "1", "scorecard", TRAIN, HELD)
    found = paired(first, version(tmp_path / "2", "scorecard", range(300, 400), range(150, 290)))
    assert found.says.startswith("30 of 140 test rows")
    assert found.first.tolist() == pds("scorecard", [*range(200, 290, 3)])


def test_training_rows_are_found_in_files_with_their_pds_as_in_older_ones(tmp_path: Path) -> None:
    first, second = version(tmp_path / "1", "scorecard", TRAIN, HELD), version(tmp_path / "2", "boosting", HELD, TRAIN)
    older = paired(first, second).says
    bad, pd_of = np.zeros(len(TRAIN), dtype=np.int64), np.full(len(TRAIN), np.nan)
    write_table(first / TRAIN_ROWS, predicted_of(typed().iloc[list(TRAIN)], bad, pd_of))
    assert paired(first, second).says == older
    assert older.startswith(f"0 of {len(TRAIN)} test rows")


def test_row_that_was_a_training_row_elsewhere_in_the_table_is_left_out(tmp_path: Path) -> None:
    data = typed()
    data.loc[300] = data.loc[10]  # the same applicant twice
    first = version(tmp_path / "1", "scorecard", TRAIN, HELD, data)
    second = version(tmp_path / "2", "scorecard", TRAIN, range(300, 400), data)
    assert paired(first, second).says.startswith("99 of 100 test rows")


def test_other_columns_or_kinds_cannot_be_told(tmp_path: Path) -> None:
    first = version(tmp_path / "1", "scorecard", TRAIN, HELD)
    wider = version(tmp_path / "2", "scorecard", TRAIN, HELD, typed().assign(district=1))
    whole = version(tmp_path / "3", "scorecard", TRAIN, HELD, typed().astype({"income": "str"}))
    with pytest.raises(
        UnpairedError, match=r"champion and the challenger have other columns \(district\), so that rows"
    ):
        paired(first, wider)
    with pytest.raises(UnpairedError, match=r"other columns \(income\)"):
        paired(first, whole)


def test_file_of_which_nothing_says_which_columns_it_is_of_is_not_compared(tmp_path: Path) -> None:
    first, second = (version(tmp_path / name, "scorecard", TRAIN, HELD) for name in "12")
    for folder in (first, second):
        for name in (TEST_SCORES, TRAIN_ROWS):
            bare = read_table(folder / name)
            bare.attrs.pop(COLUMNS)
            write_table(folder / name, bare)
    with pytest.raises(UnpairedError, match="other columns"):
        paired(first, second)


@pytest.mark.parametrize(
    ("folder", "name", "whose"),
    [("1", TEST_SCORES, "champion"), ("2", TEST_SCORES, "challenger"), ("1", TRAIN_ROWS, "champion"),
     ("2", TEST, "challenger")],
)  # fmt: skip
def test_missing_file_is_named(folder: str, name: str, whose: str, tmp_path: Path) -> None:
    first = version(tmp_path / "1", "scorecard", TRAIN, HELD)
    second = version(tmp_path / "2", "scorecard", TRAIN, range(150, 250))
    (tmp_path / folder / name).unlink()
    with pytest.raises(UnpairedError, match=f"there is no {name} of the {whose}; older releases wrote none"):
        paired(first, second)


def test_test_rows_or_scores_of_another_run_are_not_compared(tmp_path: Path) -> None:
    first = version(tmp_path / "1", "scorecard", TRAIN, HELD)
    second = version(tmp_path / "2", "boosting", TRAIN, range(150, 250))
    (second / TEST).write_bytes((first / TEST).read_bytes())
    with pytest.raises(
        UnpairedError, match=r"test.parquet of the challenger does not hold the rows of its test_scores"
    ):
        paired(first, second)
    (second / TEST_SCORES).write_bytes((first / TEST_SCORES).read_bytes())
    with pytest.raises(UnpairedError, match=r"test_scores.parquet of the challenger is of another model than its card"):
        paired(first, second)


def test_form_that_cannot_be_loaded_is_not_asked(tmp_path: Path) -> None:
    first = version(tmp_path / "1", "boosting", TRAIN, HELD)
    second = version(tmp_path / "2", "scorecard", TRAIN, range(150, 250))
    (first / "trees.npz").write_bytes(b"another")
    with pytest.raises(UnpairedError, match=r"the form of the champion cannot be loaded: .*trees.npz: refused"):
        paired(first, second)
    assert np.isfinite(paired(second, second).first).all()
