import csv
import io
from typing import Any

import pytest

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


@pytest.mark.parametrize("number", ["nan", "inf", "1_000", "0x10", "1,5", "1e999"])
def test_what_only_a_program_takes_for_a_number_is_an_error(number: str) -> None:
    found = table(f'age,income,housing,phone\n30,"{number}",own,true\n').faults
    assert [(fault.column, fault.rule) for fault in found] == [("income", "number")]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b"age,income,housing,phone\n", "empty"),
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
