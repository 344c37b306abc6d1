"""a value as the API and the log have it -> the cell that says it in the package's file, the other way of cells.py"""

from collections.abc import Callable
from datetime import date
from typing import Any
from unicodedata import normalize

from src.contract.fields import NUMBERS, Column, ContractError
from src.contract.package import Package
from src.contract.spelling import date_writer

Cell = str | None  # None: no value, which a text file writes as the field's missing value
Writer = Callable[[Any], Cell]
TRUTHS = {"true": True, "false": False}


def writer_of(column: Column, package: Package) -> Writer:
    """Return what writes the field's values as cells of the file.

    It takes a label, a number, true or false, an ISO date, the label of a state, or None; raises ContractError for what
    the field has no cell for.
    """
    codes = {label: text for text, label in reversed(column.choices.items())}
    states = {label: text for text, label in reversed(package.state_of(column).items())}
    plain = _plain_writer(column)

    def write(value: Any) -> Cell:
        if value is None:
            return None
        try:
            if isinstance(value, str) and value in states:
                return states[value]
            return _code(codes[value], column) if column.kind == "category" else plain(value)
        except (KeyError, TypeError, ValueError):
            raise ContractError(f"{column.name}: a value that the contract does not have") from None

    return write


def value_of(column: Column, text: str) -> Any:
    """Return the value that the log keeps as a text, as it does with outcomes and groups.

    >>> value_of(Column(name="paid", type="boolean"), "true"), value_of(Column(name="age", type="integer"), "31")
    (True, 31.0)
    """
    if column.kind == "boolean":
        return TRUTHS.get(text, text)
    try:
        return float(text) if column.kind in NUMBERS else text
    except ValueError:
        return text


def missing_cell(column: Column, package: Package) -> Cell:
    """Return the cell of a missing value; None where the package has a reason for each of them, or lists none."""
    states = package.state_of(column)
    texts = [value.text for value in package.missing_values(column) if value.text not in states]
    if not texts or "" in texts:
        return "" if texts else package.resource.dialect.null_sequence
    return texts[0]


def _code(text: str, column: Column) -> str:
    """Return a category's text as the file spells such values: 1.5 may be 1,5, and true has a word."""
    if column.type == "boolean":
        return _word(text == "true", column)
    number = column.number(float(text)) if column.type in NUMBERS else None
    return text if number is None else _number(number, column)


def _plain_writer(column: Column) -> Writer:
    if column.kind == "boolean":
        return lambda value: _word(_of(bool, value), column)
    if column.kind == "date":
        spell = date_writer(column.type, column.format)
        return lambda value: spell(date.fromisoformat(value))
    if column.type in NUMBERS:
        return lambda value: _number(_of((int, float), value), column)
    return lambda value: normalize("NFC", _of(str, value))


def _of(kind: type | tuple[type, ...], value: Any) -> Any:
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise TypeError(value)
    return value


def _word(value: bool, column: Column) -> str:
    return (column.true_values if value else column.false_values)[0]


def _number(value: float, column: Column) -> str:
    """Return a number with the file's decimal sign and without groups, exact; a whole one has no decimals."""
    text = str(int(value)) if float(value).is_integer() and abs(value) < 2**63 else repr(float(value))
    point = column.decimal_char
    return text if column.type == "integer" or point == "." else text.replace(".", point)
