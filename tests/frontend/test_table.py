import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from src.frontend.numerals import DECIMAL
from src.frontend.schema import Field, field_of
from src.frontend.table import Fault, Table, UnreadableError, harmless, read, results, template

FIELDS = [
    field_of("age", {"type": "integer", "minimum": 18, "maximum": 99}, True, 30),
    field_of("income", {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]}, False, 1234.5),
    field_of("housing", {"enum": ["own", 'rent, or "else"'], "type": "string"}, True, "own"),
    field_of("phone", {"type": "boolean"}, True, True),
]
MODEL = {"version": "3", "sha256": "abc"}


def answer(number: int) -> dict[str, Any]:
    reason = {"feature": "age", "title": "Age", "value": 30, "points": 3.5}
    known = {"prediction_id": f"id-{number}", "score": 500 + number, "decision": "decline", "reasons": [reason]}
    return known | {"probability_of_default": 0.125, "model": MODEL}


NUMBERS = [  # a cell, and what it is in a field of numbers, by the sign between the file's cells; None is refused
    # cell, commas, semicolons, tabs
    ("1234.5", 1234.5, 1234.5, 1234.5),
    ("12.50", 12.5, 12.5, 12.5),
    ("0.125", 0.125, 0.125, 0.125),
    ("1.125", 1.125, None, None),
    ("100.000", 100.0, None, None),
    ("-2.500", -2.5, None, None),
    ("1234,5", None, 1234.5, None),
    ("0,125", None, 0.125, None),
    ("1,125", None, 1.125, None),
    ("1.234,56", 1234.56, 1234.56, 1234.56),
    ("1,234.56", 1234.56, 1234.56, 1234.56),
    ("-1.234.567,5", -1234567.5, -1234567.5, -1234567.5),
    ("1.234.567", 1234567.0, 1234567.0, 1234567.0),
    ("1,234,567", 1234567.0, 1234567.0, 1234567.0),
    ("1.5e3", 1500.0, 1500.0, 1500.0),
    ("+7", 7.0, 7.0, 7.0),
    *((cell, None, None, None) for cell in ("1.23.456", "12.34,567", "1,2,3", "1.234,567,8", "1 000", "1'000", "5.,")),
]
WHOLE = [  # the same in a field of whole numbers
    ("100.000", None, None, None),
    ("100,000", None, None, None),
    ("1.000.000", 1000000, 1000000, 1000000),
    ("1,000,000", 1000000, 1000000, 1000000),
    ("1.000,00", 1000, 1000, 1000),
    ("24.0", 24, 24, 24),
    ("24,00", None, 24, None),
    ("24.5", None, None, None),
]


def table(text: str, fields: list[Field] = FIELDS) -> Table:
    return read(text.encode(), fields)


def test_template_is_read_back_as_the_example() -> None:
    for decimal_comma in (False, True):
        found = read(template(FIELDS, decimal_comma), FIELDS)
        assert found.faults == []
        assert found.applicants == [{"age": 30, "income": 1234.5, "housing": "own", "phone": True}]


def test_template_of_the_served_fields_is_read_back_as_the_example(
    fields: list[Field], example: dict[str, Any]
) -> None:
    found = read(template(fields, decimal_comma=False), fields)
    assert (found.faults, found.applicants) == ([], [example])


def test_every_error_is_named_by_line_and_column() -> None:
    text = 'age,income,housing,phone\n17,,own,true\n"30",-1,tent,maybe\n,x,own,false\n31.5,1,own,true\n1,2\n'
    assert table(text).faults == [
        Fault(2, "age", "bounds"),
        Fault(3, "income", "bounds"),
        Fault(3, "housing", "choice"),
        Fault(3, "phone", "boolean"),
        Fault(4, "age", "missing"),
        Fault(4, "income", "number"),
        Fault(5, "age", "integer"),
        Fault(6, "", "cells"),
    ]


def test_line_is_that_of_the_file_after_cells_with_line_breaks_and_blank_lines() -> None:
    text = 'age,note,housing,phone\n30,"two\nlines",own,true\n\n5,,own,true\n'
    assert table(text).faults == [Fault(5, "age", "bounds")]


def test_missing_and_doubled_columns_are_errors_of_the_header() -> None:
    found = table("age,age,phone\n30,30,true\n").faults
    assert [(fault.line, fault.column, fault.rule) for fault in found[:2]] == [
        (1, "age", "doubled"),
        (1, "housing", "column"),
    ]


def test_optional_column_may_be_left_out_and_unknown_ones_are_kept() -> None:
    found = table("name,age,housing,phone\nAnn,30,own,TRUE\n")
    assert found.applicants == [{"age": 30, "housing": "own", "phone": True}]
    assert (found.unknown, found.rows[0]["name"]) == (["name"], "Ann")


@pytest.mark.parametrize(("separator", "income"), [(",", "1234.5"), (";", "1234,5"), ("\t", "1234.5"), (";", "1234.5")])
def test_separator_is_found_by_the_header(separator: str, income: str) -> None:
    lines = [["age", "income", "housing", "phone"], ["30", income, "own", "true"]]
    assert table("\n".join(separator.join(line) for line in lines)).applicants[0]["income"] == 1234.5


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(("kind", "cells"), [("number", NUMBERS), ("integer", WHOLE)])
def test_marks_in_numbers_have_one_meaning_or_none(separator: str, kind: str, cells: list[tuple[Any, ...]]) -> None:
    asked = [field_of("sum", {"type": kind}, True, 1)]
    place = 1 + ",;\t".index(separator)
    for cell, *meant in cells:
        found = read(f'"sum"{separator}"note"\n"{cell}"{separator}kept\n'.encode(), asked)
        assert found.separator == separator
        read_as = found.applicants[0].get("sum")
        assert (read_as, bool(found.faults)) == (meant[place - 1], meant[place - 1] is None), cell


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@given(number=some.floats(-1e9, 1e9) | some.integers(-(10**9), 10**9))
def test_number_is_never_read_as_another_however_it_is_grouped(separator: str, number: float) -> None:
    """Unless its groups are made by the very mark that stands for decimals in such files."""
    for group, mark in ((",", "."), (".", ","), ("", "."), ("", ",")):
        if DECIMAL.get(separator) == group and isinstance(number, float):
            continue
        cell = format(number, ",").translate({ord(","): group, ord("."): mark})
        asked = [field_of("sum", {"type": "integer" if isinstance(number, int) else "number"}, True, 1)]
        (found,) = read(f'sum{separator}note\n"{cell}"{separator}x\n'.encode(), asked).applicants
        assert found.get("sum", number) == number, cell


@pytest.mark.parametrize("number", [1.125, 12.5, 1234.125, 1e-7, 123456789.0, 0.001, -3.125, 1e22])
@pytest.mark.parametrize("decimal_comma", [False, True])
def test_number_of_the_template_is_read_back(number: float, decimal_comma: bool) -> None:
    asked = [field_of("sum", {"type": "number"}, True, number), field_of("age", {"type": "integer"}, True, 30)]
    assert read(template(asked, decimal_comma), asked).applicants == [{"sum": number, "age": 30}]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_first_line_that_names_the_separator_is_no_row(separator: str, end: str) -> None:
    lines = ["age housing phone", "30 own true", "17 own true"]
    text = end.join([f"sep={separator}", *(line.replace(" ", separator) for line in lines)])
    found = read(text.encode("utf-8-sig"), FIELDS)
    assert found.columns == ["age", "housing", "phone"]
    assert (len(found.rows), found.lines, found.faults) == (2, [3, 4], [Fault(4, "age", "bounds")])
    missing = read(f"sep={separator}{end}age{separator}phone{end}30{separator}true".encode(), FIELDS)
    assert missing.faults[0] == Fault(2, "housing", "column")


@pytest.mark.parametrize("number", ["nan", "inf", "1_000", "0x10", "1,5", "1e999"])
def test_what_only_a_program_takes_for_a_number_is_an_error(number: str) -> None:
    found = table(f'age,income,housing,phone\n30,"{number}",own,true\n').faults
    assert [(fault.column, fault.rule) for fault in found] == [("income", "number")]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b"age,income,housing,phone\n", "empty"),
        (b"sep=;", "empty"),
        (b"sep=;\nage;income;housing;phone\n", "empty"),
        ("age\nção".encode("latin-1"), "encoding"),
        (b'age,housing\n"30,own\n', "csv"),
        (b'"age"x,housing\n30,own\n', "csv"),
    ],
)
def test_file_that_cannot_be_read_says_why(content: bytes, rule: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        read(content, FIELDS)
    assert raised.value.rule == rule


@pytest.mark.parametrize("decimal_comma", [False, True])
def test_results_stand_beside_the_files_own_columns_in_its_order(decimal_comma: bool) -> None:
    found = table("name,age,housing,phone\nAnn,30,own,true\nBob,31,own,false\nCid,32,own,true\n")
    text = results(found, [answer(1), answer(2)], decimal_comma).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";" if decimal_comma else ","))
    assert [(row["name"], row["prediction_id"], row["score"]) for row in rows] == [
        ("Ann", "id-1", "501"),
        ("Bob", "id-2", "502"),
    ]
    assert rows[0]["probability_of_default"] == ("0,125" if decimal_comma else "0.125")
    assert (rows[0]["decision"], rows[0]["reasons"], rows[0]["model_sha256"]) == ("decline", "Age: 30", "abc")


@pytest.mark.parametrize("cell", ["=1+1", "+HYPERLINK(A1)", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_results_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-5", "+3.5", "-1,5", "plain", "", "a=b"])
def test_numbers_and_words_stay_as_they_are(cell: str) -> None:
    assert harmless(cell) == cell


def test_ten_thousand_rows_are_read_within_two_seconds(fields: list[Field]) -> None:
    import time

    head, row = template(fields, decimal_comma=False).decode("utf-8-sig").splitlines()
    content = "\n".join([head, *[row] * 10_000]).encode()
    started = time.process_time()
    assert len(read(content, fields).applicants) == 10_000
    assert time.process_time() - started < 2
