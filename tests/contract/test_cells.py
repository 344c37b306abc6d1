"""Special codes stay apart from missing and from each other, and cells mean what the field says"""

import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from src.contract.fields import Column, ContractError
from src.contract.package import Package
from src.contract.table import check_table, type_table
from tests.contract.reading import PAID, package_of, read, values

CODES = [
    {"value": "-9", "label": "not asked"},
    {"value": "-8", "label": "refused"},
    {"value": "-7", "sameAs": "-9"},
    "",
]
SMALL = [{"value": "n/a", "label": "Not Given"}, "-"]
TIME = {"name": "made", "type": "date", "role": "time"}


def one(folder: Path, cells: list[str], **field: Any) -> pd.DataFrame:
    """The table of one field and its state, read from these cells."""
    lines = "".join(f'"{cell}",2020-01-01,no\n' for cell in cells)
    fields = [{"name": "cell"} | field, TIME, PAID]
    return read(folder, package_of({}, fields), f"cell,made,paid\n{lines}".encode())[0]


@pytest.mark.parametrize(
    ("field", "known", "read_as"),
    [
        ({"type": "integer"}, "5", 5),
        ({"type": "number"}, "5.5", 5.5),
        ({"type": "boolean"}, "true", True),
        ({"type": "date"}, "2019-12-31", pd.Timestamp("2019-12-31")),
    ],
)
def test_states_of_what_is_no_text_have_a_column_of_their_own(
    tmp_path: Path, field: dict[str, Any], known: str, read_as: Any
) -> None:
    table = one(tmp_path, ["-9", known, "-8", "", "-7"], missingValues=CODES, **field)
    assert list(table.columns) == ["cell", "cell: state", "made", "paid"]
    assert values(table, "cell") == [None, read_as, None, None, None]
    assert values(table, "cell: state") == ["not asked", None, "refused", None, "not asked"]
    assert str(table["cell: state"].dtype) == "str"


@pytest.mark.parametrize("field", [{"categories": ["5", "6"]}, {"type": "string"}])
def test_state_of_a_category_or_a_text_stands_in_its_column(tmp_path: Path, field: dict[str, Any]) -> None:
    table = one(tmp_path, ["-9", "5", "-8", "", "-7"], missingValues=CODES, **field)
    assert list(table.columns) == ["cell", "made", "paid"]
    assert values(table, "cell") == ["not asked", "5", "refused", None, "not asked"]


def test_column_without_labelled_codes_has_no_states(tmp_path: Path) -> None:
    assert list(one(tmp_path, ["-9", "5"], type="integer", missingValues=["-9"]).columns) == ["cell", "made", "paid"]


def test_state_is_a_missing_value_where_one_is_required(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"cell: rule required: 1 row\(s\), first a missing value at t.csv line 3"):
        one(tmp_path, ["5", "-9"], type="integer", missingValues=CODES, constraints={"required": True})


def test_rules_of_a_text_are_not_those_of_its_states(tmp_path: Path) -> None:
    table = one(tmp_path, ["-9", "ab"], missingValues=CODES, constraints={"pattern": "[a-z]{2}", "maxLength": 2})
    assert values(table, "cell") == ["not asked", "ab"]


@pytest.mark.parametrize("label", ["not asked", "five"])
def test_label_in_the_file_is_no_code(tmp_path: Path, label: str) -> None:
    with pytest.raises(ContractError, match=rf"cell: rule type string: 1 row\(s\), first '{label}'"):
        one(tmp_path, ["5", label], categories=[{"value": "5", "label": "five"}], missingValues=CODES)


@pytest.mark.parametrize(
    ("field", "cells", "expected"),
    [
        ({"categories": ["North", "South"]}, ["north", "SOUTH", "N/A", "-"], ["North", "South", "Not Given", None]),
        ({"type": "boolean", "trueValues": ["Ja"]}, ["JA", "FALSE", "N/a", "ja"], [True, False, None, True]),
        ({"type": "integer"}, ["5", "N/A", "-", "7"], [5, None, None, 7]),
        ({"type": "string"}, ["ACME", "N/A", "acme", "-"], ["ACME", "Not Given", "acme", None]),
    ],
)
def test_case_is_ignored_where_values_are_compared(
    tmp_path: Path, field: dict[str, Any], cells: list[str], expected: list[Any]
) -> None:
    assert values(one(tmp_path, cells, ignoreCase=True, missingValues=SMALL, **field), "cell") == expected


def test_blanks_are_trimmed_before_anything_is_compared(tmp_path: Path) -> None:
    table = one(tmp_path, [" -9", "a ", " b c ", "  "], trim=True, missingValues=CODES)
    assert values(table, "cell") == ["not asked", "a", "b c", None]


def test_accents_are_one_sign_in_names_labels_and_cells_however_they_are_written(tmp_path: Path) -> None:
    name, value = "regia\u0303o", "Sa\u0303o"
    fields = [{"name": name, "categories": [{"value": value, "label": value}]}, {"name": "a"}, PAID]
    table, _ = read(tmp_path, package_of({}, fields), "regi\u00e3o,a,paid\nS\u00e3o,Sa\u0303o,no\n".encode())
    assert table.iloc[0].to_dict() == {"regi\u00e3o": "S\u00e3o", "a": "S\u00e3o", "paid": "no"}


def test_bounds_of_a_date_are_iso_or_as_the_file_writes_them(tmp_path: Path) -> None:
    field = {"type": "date", "format": "%d/%m/%Y", "constraints": {"minimum": "01/02/2020", "maximum": "2020-12-31"}}
    assert len(one(tmp_path, ["1/2/2020", "31/12/2020"], **field)) == 2
    with pytest.raises(ContractError) as caught:
        one(tmp_path, ["31/1/2020", "1/1/2021"], **field)
    assert "rule minimum 2020-02-01: 1 row(s), first 2020-01-31 at t.csv line 2" in str(caught.value)
    assert "rule maximum 2020-12-31: 1 row(s), first 2021-01-01 at t.csv line 3" in str(caught.value)


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("year", "2020", "20"), ("yearmonth", "2020-12", "2020-13"), ("time", "23:59:00", "24:00:00"),
        ("duration", "P1Y2M", "1 year"), ("any", "x", None), ("object", "{}", None), ("geopoint", "1, 2", None),
    ],
)  # fmt: skip
def test_other_types_are_text_of_their_form(tmp_path: Path, type_: str, good: str, bad: str | None) -> None:
    assert values(one(tmp_path, [good], type=type_), "cell") == [good]
    if bad is not None:
        with pytest.raises(ContractError, match=f"cell: rule type {type_}: 1 row"):
            one(tmp_path, [bad], type=type_)


@pytest.mark.parametrize(
    ("field", "example", "expected"),
    [
        ({"type": "boolean", "trueValues": ["sim"], "falseValues": ["não"]}, "sim", True),
        ({"type": "boolean"}, False, False),
        ({"categories": [{"value": "A1", "label": "rented"}]}, "A1", "rented"),
        ({"categories": [{"value": "A1", "label": "rented"}]}, "rented", "rented"),
        ({"type": "integer", "categories": [{"value": 1, "label": "low"}]}, 1, "low"),
        ({"type": "date", "format": "%b-%Y"}, "Dec-2011", "2011-12-01"),
        ({"type": "date", "format": "%b-%Y"}, "2011-12-31", "2011-12-31"),
        ({"type": "number", "decimalChar": ",", "groupChar": "."}, "1.234,5", 1234.5),
        ({"type": "integer", "bareNumber": False}, "36 months", 36),
        ({"type": "integer"}, 36.0, 36),
        ({"type": "string"}, 501, "501"),
        ({"type": "number"}, None, None),
    ],
)
def test_example_is_what_the_api_takes(field: dict[str, Any], example: Any, expected: Any) -> None:
    found = Column.model_validate({"name": "a", "example": example} | field).example_value
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("field", "example", "said"),
    [
        ({"type": "boolean"}, "sim", "the example 'sim' is no boolean as the file writes it"),
        ({"type": "integer"}, "many", "is no integer"),
        ({"type": "integer"}, 1.5, "is no integer"),
        ({"type": "date", "role": "time"}, "Dec-2011", "is no date"),
        ({"categories": ["a"]}, "b", "is none of its categories"),
        ({"type": "integer", "constraints": {"maximum": 5}}, 6, "breaks the constraints"),
    ],
)
def test_example_that_the_field_does_not_take_is_refused(field: dict[str, Any], example: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Column.model_validate({"name": "a", "example": example} | field)


def test_closed_list_of_thousands_needs_no_memory_for_rows_times_values() -> None:
    labels = [f"employer {number}" for number in range(3000)]
    rows = 20_000
    fields = [{"name": "cell", "categories": labels}, {"name": "a", "type": "integer"}, PAID]
    package = Package.model_validate(package_of({}, fields))
    text = pd.DataFrame({"cell": [labels[row % 3000] for row in range(rows)], "a": "1", "paid": "no"}, dtype="str")
    tracemalloc.start()
    try:
        table, untyped = type_table(text, package)
        assert (untyped, check_table(table, package)) == ([], [])
        assert tracemalloc.get_traced_memory()[1] < rows * len(labels) / 4
    finally:
        tracemalloc.stop()
