"""Which rows and values count: outcomes that are named, values within bounds; the others are counted"""

import logging
from pathlib import Path
from typing import Any

import pytest

from src.contract.fields import ContractError
from tests.contract.reading import package_of, read, values

AMOUNT = {"name": "amount", "type": "integer"}
FILE = "amount,end\n1,paid\n2,lost\n3,open\n4,late\n\n5,\n6,paid\n7,open\n"


def target(**more: Any) -> dict[str, Any]:
    return {"name": "end", "role": "target"} | more


def rows(folder: Path, *fields: dict[str, Any], file: str = FILE) -> tuple[list[Any], dict[str, Any]]:
    table, counts = read(folder, package_of({}, list(fields)), file.encode())
    return values(table), counts


def test_rows_that_are_neither_bad_nor_good_are_left_out_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    kept, counts = rows(tmp_path, AMOUNT, target(bad=["lost", "late"], good="paid"))
    assert kept == [1, 2, 4, 6]
    assert counts == {"rows": 4, "left_out": 3, "duplicates": 0, "out_of_bounds": {}}
    assert caplog.messages == ["end: 3 row(s) left out, neither bad nor good: 'missing' 1, 'open' 2"]


@pytest.mark.parametrize("bad", ["lost", ["lost", "late"]])
def test_third_value_is_refused_where_the_good_ones_are_not_named(tmp_path: Path, bad: str | list[str]) -> None:
    with pytest.raises(ContractError) as caught:
        rows(tmp_path, AMOUNT, target(bad=bad))
    said = "target 'end': 4 values: 'paid' (2 rows), 'open' (2 rows), 'lost' (1 rows), 'late' (1 rows); name those that"
    assert str(caught.value).startswith(said)


def test_other_one_of_two_values_is_good_without_a_word(tmp_path: Path) -> None:
    assert rows(tmp_path, AMOUNT, target(bad="lost"), file="amount,end\n1,paid\n2,lost\n")[0] == [1, 2]


def test_missing_outcome_is_refused_where_nothing_says_that_rows_are_left_out(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"end: rule required: 1 row\(s\), first a missing value at t.csv line 3"):
        rows(tmp_path, AMOUNT, target(bad="lost"), file="amount,end\n1,paid\n2,\n3,lost\n")


def test_value_that_no_category_is_is_a_fault_and_no_row_to_leave_out(tmp_path: Path) -> None:
    labelled = [{"value": name, "label": name.upper()} for name in ("paid", "lost", "late")]
    with pytest.raises(ContractError, match=r"end: rule categories: 2 row\(s\), first 'open' at t.csv line 4, 9"):
        rows(tmp_path, AMOUNT, target(bad="lost", good="paid", categories=labelled))


def test_numbers_and_booleans_are_outcomes_too(tmp_path: Path) -> None:
    number = target(type="integer", bad=[1, 2], good=0)
    assert rows(tmp_path, AMOUNT, number, file="amount,end\n1,0\n2,1\n3,2\n4,3\n")[0] == [1, 2, 3]
    boolean = target(type="boolean", bad=True, trueValues=["Y"], falseValues=["N"])
    assert rows(tmp_path, AMOUNT, boolean, file="amount,end\n1,Y\n2,N\n")[0] == [1, 2]


def test_lines_are_the_files_own_after_rows_were_left_out(tmp_path: Path) -> None:
    limited = AMOUNT | {"constraints": {"maximum": 3}}
    with pytest.raises(ContractError, match=r"rule maximum 3: 2 row\(s\), first 4 at t.csv line 5, 8"):
        rows(tmp_path, limited, target(bad=["lost", "late"], good="paid"))


def test_values_out_of_bounds_count_as_missing_where_the_package_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    limited = AMOUNT | {"outOfBounds": "missing", "constraints": {"exclusiveMinimum": 1, "maximum": 3}}
    made = {"name": "made", "type": "date", "role": "time", "outOfBounds": "missing"}
    made |= {"constraints": {"maximum": "2020-12-31"}}
    file = "amount,made,end\n1,2020-01-01,paid\n2,2021-01-01,lost\n3,,paid\n4,2020-12-31,lost\n,2020-01-01,paid\n"
    table, counts = read(tmp_path, package_of({}, [limited, made, target(bad="lost")]), file.encode())
    assert values(table) == [None, 2, 3, None, None]
    assert table["made"].isna().tolist() == [False, True, True, False, False]
    assert counts["out_of_bounds"] == {"amount": 2, "made": 1}
    told = "value(s) out of bounds count as missing"
    assert caplog.messages == [f"amount: 2 {told}", f"made: 1 {told}"]


def test_rows_that_repeat_another_are_counted_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    file = "amount,end\n1,paid\n1,paid\n1,paid\n2,lost\n,lost\n,lost\n"
    kept, counts = rows(tmp_path, AMOUNT, target(bad="lost"), file=file)
    assert (len(kept), counts["duplicates"]) == (6, 3)
    assert caplog.messages == ["3 row(s) repeat an earlier one in every field; they are kept"]
