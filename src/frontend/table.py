"""a CSV file -> applicants, or every error by row and column; applicants and answers -> a CSV file"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from src.frontend.errors import PageError
from src.frontend.numerals import ambiguous, is_numeral, number
from src.frontend.schema import Field, Rule, Value, bare

SEPARATORS = ",;\t"
DECLARED = re.compile(r"sep=([,;\t|])\r?(?:\n|$)", re.IGNORECASE)  # a first line of spreadsheets, which is no row
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula
TRUTHS = {"true": True, "false": False}
Row = dict[str, str]


class UnreadableError(PageError):
    """The file is no CSV in UTF-8 with a header; `rule` says which of these."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True)
class Fault:
    """One wrong cell, or a wrong column where `line` is the header's."""

    line: int
    column: str
    rule: Rule | str


@dataclass
class Table:
    """A file that was read: its rows as text, the same as applicants, and what is wrong with them."""

    separator: str
    columns: list[str]
    header: int = 1  # its line in the file
    lines: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    applicants: list[dict[str, Value]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def read(content: bytes, fields: Sequence[Field]) -> Table:
    """Return the file's table; raises UnreadableError.

    The separator is the one that a first line such as `sep=;` names, else the one that finds most of the fields' names.
    """
    text, declared = body(decoded(content))
    names = {each.name for each in fields}
    separator = declared or max(SEPARATORS, key=lambda sign: len(set(names_of(header(text, sign), names)) & names))
    table = Table(separator, names_of(header(text, separator), names), header=2 if declared else 1)
    if not names & set(table.columns):
        raise UnreadableError("foreign")
    check_columns(table, fields)
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    try:
        next(reader)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                add(table, reader.line_num + table.header - 1, cells, fields)
    except csv.Error:
        raise UnreadableError("csv") from None
    if not table.rows and not table.faults:
        raise UnreadableError("empty")
    return table


def decoded(content: bytes) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError("encoding") from None
    return text


def body(text: str) -> tuple[str, str]:
    """Return the text from its header on, and the separator that a line before it declares, else nothing."""
    first = DECLARED.match(text)
    rest = text[first.end() :] if first else text
    if not rest.strip():
        raise UnreadableError("empty")
    return rest, first[1] if first else ""


def names_of(cells: Sequence[str], names: Collection[str]) -> list[str]:
    """Return the header's names: a field's own where blanks stand around it, or what makes it harmless before it."""
    read = [(cell, cell.strip(), cell.strip().removeprefix("'")) for cell in cells]
    return [next((each for each in ways if each in names), ways[1]) for ways in read]


def header(text: str, separator: str) -> list[str]:
    """Return the first line's cells."""
    try:
        return next(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error:
        raise UnreadableError("csv") from None


def check_columns(table: Table, fields: Sequence[Field]) -> None:
    """Note missing and doubled columns as faults, and name those that are no field, which are kept."""
    known = {each.name for each in fields}
    table.unknown = [name for name in table.columns if name not in known]
    doubled = sorted({name for name in table.columns if table.columns.count(name) > 1})
    table.faults += [Fault(table.header, name, "doubled") for name in doubled]
    missing = [each.name for each in fields if each.required and each.name not in table.columns]
    table.faults += [Fault(table.header, name, "column") for name in missing]


def add(table: Table, line: int, cells: Sequence[str], fields: Sequence[Field]) -> None:
    """Add one row with its faults; a row with too few or too many cells is one fault."""
    if len(cells) != len(table.columns):
        table.faults.append(Fault(line, "", "cells"))
        return
    row = dict(zip(table.columns, cells, strict=True))
    applicant: dict[str, Value] = {}
    before = len(table.faults)
    for each in fields:
        if each.name not in row:
            continue
        value = parsed(row[each.name], each, table.separator)
        if twofold(row[each.name].strip(), each):
            table.faults.append(Fault(line, each.name, "twofold"))
        elif rule := each.broken(value):
            two = isinstance(value, str) and counts(each) and ambiguous(value, table.separator, whole(each))
            table.faults.append(Fault(line, each.name, "marks" if two else rule))
        elif value is not None:
            applicant[each.name] = value
    if len(table.faults) == before and bare(fields, applicant):
        table.faults.append(Fault(line, "", "nothing"))
    table.lines.append(line)
    table.rows.append(row)
    table.applicants.append(applicant)


def parsed(cell: str, asked: Field, separator: str) -> Value:
    """Return a cell as the API's value: a label, or the code that the lender's own file has for it.

    Text that is no number stays text, and is a fault.
    """
    text = cell.strip()
    if not text:
        return None
    if text in asked.codes:
        return asked.codes[text]
    if asked.kind == "text" or text in asked.states:
        return text
    if asked.kind == "boolean":
        return TRUTHS.get(text.lower(), text)
    found = number(text, separator, whole(asked)) if counts(asked) else None
    if found is None:
        return text
    for code, value in asked.codes.items():
        if number(code, separator, whole=False) == found:  # -9.0 is the code -9
            return value
    return int(found) if asked.kind != "number" and found.is_integer() else found


def twofold(text: str, asked: Field) -> bool:
    """Say whether a cell is the label of one value and the code of another."""
    return text in asked.codes and asked.codes[text] != text and (text in asked.states or text in asked.choices)


def counts(asked: Field) -> bool:
    """Say whether the values of a field are numbers."""
    return asked.kind in ("integer", "number") or (asked.kind == "choice" and not isinstance(asked.choices[0], str))


def whole(asked: Field) -> bool:
    """Say whether a field takes whole numbers only."""
    return asked.kind == "integer" or (bool(asked.choices) and all(isinstance(each, int) for each in asked.choices))


def template(fields: Sequence[Field], decimal_comma: bool) -> bytes:
    """Return a file with the header and the API's example applicant."""
    example = {each.name: written(each.example, decimal_comma) for each in fields}
    return as_csv([example], decimal_comma)


def written(value: Value, decimal_comma: bool) -> str:
    """Return a value as `read` takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else str(value)
    return text.replace(".", ",") if decimal_comma and isinstance(value, float) else text


def results(table: Table, answers: Iterable[Mapping[str, Any]], decimal_comma: bool) -> bytes:
    """Return the file's own columns with the answers beside them; rows without an answer yet are left out."""
    found = []
    for row, answer in zip(table.rows, answers, strict=False):
        reasons = "; ".join(f"{reason['title']}: {reason['value']}" for reason in answer["reasons"])
        found.append(
            {name: harmless(cell) for name, cell in row.items()}
            | {
                "prediction_id": answer["prediction_id"],
                "score": str(answer["score"]),
                "probability_of_default": written(answer["probability_of_default"], decimal_comma),
                "decision": answer["decision"],
                "reasons": harmless(reasons),
                "model_version": answer["model"]["version"] or "",
                "model_sha256": answer["model"]["sha256"],
            }
        )
    return as_csv(found, decimal_comma)


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay as they are."""
    return f"'{cell}" if cell.startswith(FORMULA) and not is_numeral(cell) else cell


def as_csv(rows: Sequence[Mapping[str, str]], decimal_comma: bool) -> bytes:
    """Return CSV that spreadsheets of the language open at a double click."""
    text = io.StringIO()
    names = {harmless(name): name for name in (rows[0] if rows else {})}
    writer = csv.writer(text, delimiter=";" if decimal_comma else ",", lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([row[name] for name in names.values()] for row in rows)
    return text.getvalue().encode("utf-8-sig")
