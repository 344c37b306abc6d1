"""the head of a text + the target's name -> the layout: delimiter, quotes, header row, names"""

import csv
import difflib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from src.contract.drafting.source import Source
from src.contract.fields import ContractError

DELIMITERS = (",", ";", "\t", "|", " ", "^", "~", ":")
QUOTES = ('"', "'")
LEADING = 100  # rows among which the header is looked for
SHOWN = 20


@dataclass(frozen=True)
class Layout:
    """How the text is written; `header_row` counts from 1 as csv readers count rows, 0 where there is no header."""

    delimiter: str
    quote: str
    escape: str | None
    blank_after: bool
    header_row: int
    names: tuple[str, ...]
    by_place: bool  # the header has empty or equal cells, or too few: names are the package's own

    def reader(self) -> dict[str, Any]:
        """Return what Python's csv reader wants to know."""
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote,
            "escapechar": self.escape,
            "doublequote": self.escape is None,
            "skipinitialspace": self.blank_after,
            "strict": True,
        }


def sniff(source: Source, target: str) -> Layout:
    """Return the layout in which the target's name heads a column and most rows are as wide as the header.

    Raises ContractError where no column has that name.
    """
    lines = source.head.splitlines(keepends=True)
    found: list[tuple[float, bool, int, Layout]] = []
    for delimiter in DELIMITERS:
        for quote in QUOTES:
            rows = _rows(lines, delimiter, quote)
            layout = _with_header(rows, delimiter, quote, target) or _without_header(rows, delimiter, quote, target)
            if layout is not None:
                width = len(layout.names)
                body = [row for row in rows[layout.header_row :] if row]
                share = sum(len(row) == width for row in body) / max(1, len(body))
                found.append((round(share, 1), not layout.by_place, width, layout))
    if not found:
        raise ContractError(f"{source.path}: no column {target!r}{_names_seen(lines, target)}")
    best = max(found, key=lambda each: each[:3])[3]  # of equals the first: the usual delimiter and quote
    return _finished(best, lines)


def _rows(lines: list[str], delimiter: str, quote: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(lines, delimiter=delimiter, quotechar=quote, skipinitialspace=True))
    except csv.Error:
        return []
    return rows


def _with_header(rows: list[list[str]], delimiter: str, quote: str, target: str) -> Layout | None:
    """Return the layout whose header is the first row with the target's name that is as wide as those below."""
    for place, row in enumerate(rows[:LEADING]):
        cells = [cell.strip() for cell in row]
        if target.strip() in cells and len(row) > 1:
            widths = Counter(len(below) for below in rows[place + 1 :] if below)
            usual = widths.most_common(1)[0][0] if widths else len(row)
            if usual in (len(row), len(row) + 1):
                header = [""] * (usual - len(row)) + row
                return Layout(delimiter, quote, None, False, place + 1, tuple(header), usual > len(row))
    return None


def _without_header(rows: list[list[str]], delimiter: str, quote: str, target: str) -> Layout | None:
    """Return the layout of a file without a header, where the target is `field3` or its like."""
    place = re.fullmatch(r"field([1-9]\d*)", target)
    widths = Counter(len(row) for row in rows if row)
    if place is None or not widths:
        return None
    width = widths.most_common(1)[0][0]
    if width < 2 or int(place[1]) > width:
        return None
    return Layout(delimiter, quote, None, False, 0, tuple(f"field{n}" for n in range(1, width + 1)), True)


def _finished(layout: Layout, lines: list[str]) -> Layout:
    """Return the layout with its rarer properties, and with names of its own where the header's cannot be used."""
    quote, delimiter = re.escape(layout.quote), re.escape(layout.delimiter)
    text = "".join(lines)
    escaped = re.search(rf"\\{quote}(?!{delimiter}|[\r\n]|$)", text) is not None
    between = len(re.findall(rf"{delimiter}(?=\S)", text)), len(re.findall(rf"{delimiter} +(?=\S)", text))
    blank_after = layout.delimiter not in " \t" and between[1] > 3 * between[0]
    known = Layout(layout.delimiter, layout.quote, "\\" if escaped else None, blank_after, layout.header_row, (), False)
    names = layout.names
    if layout.header_row:
        given = next(row for n, row in enumerate(csv.reader(lines, **known.reader()), 1) if n == layout.header_row)
        names = ("",) * (len(layout.names) - len(given)) + tuple(given)
    usable = all(name.strip() for name in names) and len(set(names)) == len(names) and not layout.by_place
    return Layout(
        known.delimiter,
        known.quote,
        known.escape,
        known.blank_after,
        known.header_row,
        names if usable else unique_names(names),
        not usable,
    )


def unique_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names, an empty one as `field` and its place, a repeated one with a number behind it.

    >>> unique_names(("", "rent", "rent"))
    ('field1', 'rent', 'rent 2')
    """
    found: list[str] = []
    for place, name in enumerate(names, 1):
        wanted = name if name.strip() else f"field{place}"
        number, free = 1, wanted
        while free in found or (number > 1 and free in names):
            number += 1
            free = f"{wanted} {number}"
        found.append(free)
    return tuple(found)


def _names_seen(lines: list[str], target: str) -> str:
    """Return the names that the file seems to have, the nearest to what was asked for first."""
    tables = [_rows(lines, delimiter, '"') for delimiter in DELIMITERS[:4]]
    widths = [Counter(len(row) for row in rows if row).most_common(1) for rows in tables]
    usual, rows = max(zip(widths, tables, strict=True), key=lambda each: each[0][0] if each[0] else (0, 0))
    names = next((row for row in rows if usual and len(row) == usual[0][0]), [])
    near = difflib.get_close_matches(target, names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint}; the file seems to have: {', '.join(map(repr, names[:SHOWN]))}" if names else ""
