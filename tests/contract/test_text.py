"""No row of a file is lost without a word: what a quote swallows is refused, with its line."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from src.contract.fields import ContractError
from src.contract.origin import places, written
from src.contract.package import Resource
from src.contract.text import read_text

NAMES = ["a", "b"]
SIGNS = st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "x", "1", ",", "\n", 'x"', '"\n'])


def resource(**dialect: object) -> Resource:
    fields = [{"name": "a", "role": "target", "bad": "1", "categories": ["0", "1"]}, {"name": "b", "type": "integer"}]
    return Resource.model_validate({"name": "t", "path": "t.csv", "dialect": dialect, "schema": {"fields": fields}})


def write(folder: Path, text: str) -> Path:
    (folder / "t.csv").write_bytes(text.encode())
    return folder / "t.csv"


def strictly(text: str) -> list[list[str]] | int:
    """Read a text as RFC 4180 says, sign by sign; the line of the first fault where there is one.

    A quote within a value that is not quoted is a sign like any other, as in 5 inches. Blank lines are no rows.
    """
    rows, row, value, state, line, opened = [], [], "", "start", 1, 0
    signs = [*re.findall(r"\r\n|.", text, re.DOTALL), "\n"]
    for place, sign in enumerate(signs):
        end, last = sign in ("\n", "\r", "\r\n"), place == len(signs) - 1
        if state == "quoted" and last:
            return opened
        if state == "quoted" and sign != '"':
            value += sign
        elif state == "quoted":
            state = "closed"
        elif state == "closed" and sign == '"':
            value, state = value + '"', "quoted"
        elif sign == "," or end:
            row, value, state, before = [*row, value], "", "start", state
            if end:
                rows, row = rows + ([row] if row != [""] or before != "start" else []), []
        elif state == "closed":
            return line
        elif state == "start" and sign == '"':
            state, opened = "quoted", line
        else:
            value, state = value + sign, "plain"
        line += end
    return rows


@given(body=st.lists(SIGNS, max_size=14).map("".join))
@example(body='x,1\n"inch,2\nx,3\n"inch,4\nx,5\n')
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_that_the_standard_counts_is_read_or_the_line_is_named(tmp_path: Path, body: str) -> None:
    expected = strictly(f"a,b\n{body}")
    path = write(tmp_path, f"a,b\n{body}")
    if isinstance(expected, int):
        with pytest.raises(ContractError, match=f"^t.csv: line {expected}: "):
            read_text([path], resource(), NAMES)
    elif wrong := [row for row in expected if len(row) != 2]:
        with pytest.raises(ContractError, match=rf"^t.csv: {len(wrong)} row\(s\) have another number of columns"):
            read_text([path], resource(), NAMES)
    elif len(expected) == 1:
        with pytest.raises(ContractError, match=r"^t.csv: no rows"):
            read_text([path], resource(), NAMES)
    else:
        assert read_text([path], resource(), NAMES).to_numpy().tolist() == expected[1:]


@pytest.mark.parametrize(
    ("dialect", "text", "said"),
    [
        ({}, 'a,b\nx,1\n"m,2\nx,3\n"m,4\n', "line 5: text after a closing quote (the value's first quote is on line 3"),
        ({}, 'a,b\n"x" ,1\n', "line 2: text after a closing quote; a value is quoted whole or not at all"),
        ({}, 'a,b\n\r\nx,1\r\n"x,2\r\n', "line 4: a quote begins a value and is never closed"),
        ({}, '"a,b\nx,1\n', "line 1: a quote begins a value and is never closed"),
        ({"quoteChar": "'"}, "a,b\n'x'y,1\n", "line 2: text after a closing quote"),
        ({"doubleQuote": False}, 'a,b\n"x""y",1\n', "line 2: text after a closing quote"),
        ({"escapeChar": "\\"}, 'a,b\n"x\\",1\n', "line 2: a quote begins a value and is never closed"),
        ({"delimiter": " ", "header": False}, 'x 1\n"x"x 1\n', "line 2: text after a closing quote"),
    ],
)  # fmt: skip
def test_broken_quote_is_refused_with_its_line(
    tmp_path: Path, dialect: dict[str, object], text: str, said: str
) -> None:
    with pytest.raises(ContractError, match=f"^t.csv: {re.escape(said)}"):
        read_text([write(tmp_path, text)], resource(**dialect), NAMES)


@pytest.mark.parametrize(
    ("dialect", "text", "cells"),
    [
        ({}, '\ufeff"a",b\n5" pipe,"say ""yes"""\n', [['5" pipe', 'say "yes"']]),
        ({"escapeChar": "\\"}, 'a,b\nx\\,"y,"\\""\n\\"z,1', [['x,"y', '"'], ['"z', "1"]]),
        ({"doubleQuote": False}, 'a,b\n"x,y",1\n', [["x,y", "1"]]),
        ({"quoteChar": "'"}, "a,b\n'x''y',\"1\n", [["x'y", '"1']]),
        ({}, f'a,b\n"{"long " * 100_000}",1\n', [["long " * 100_000, "1"]]),
    ],
)
def test_quotes_that_are_whole_are_read(
    tmp_path: Path, dialect: dict[str, object], text: str, cells: list[list[str]]
) -> None:
    assert read_text([write(tmp_path, text)], resource(**dialect), NAMES).to_numpy().tolist() == cells


def test_ragged_row_is_named_by_its_line_where_others_are_blank_or_have_line_breaks(tmp_path: Path) -> None:
    text = 'a,b\n\n1\n"x\ny",2\n1,2,3\n'
    with pytest.raises(ContractError, match=r"2 row\(s\) have another number .*: line 3, 6$"):
        read_text([write(tmp_path, text)], resource(), NAMES)


def test_runs_of_rows_begin_anew_after_a_blank_line_and_a_line_break(tmp_path: Path) -> None:
    text = 'a,b\r\nx,1\r\nx,2\r\n\r\n"x\r\ny",3\r\nx,4\r\nx,5\r\n'
    table = read_text([write(tmp_path, text)], resource(), NAMES)
    assert table.attrs["files"] == written([("t.csv", 2, 2), ("t.csv", 1, 5), ("t.csv", 2, 7)])


def test_file_of_many_runs_costs_no_more_than_one_of_one(tmp_path: Path) -> None:
    text = "a,b\n" + '"x\ny",1\n' * 20_000
    table = read_text([write(tmp_path, text)], resource(), NAMES)
    assert isinstance(table.attrs["files"], str)  # a text is copied at no cost by each step of pandas
    assert places(table, [0, 19_999]) == [("t.csv", 2), ("t.csv", 40_000)]
