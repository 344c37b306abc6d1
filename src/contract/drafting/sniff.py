"""the head of a text + the target's name -> the layout: delimiter, quotes, header row, names"""

import csv
import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from src.contract.drafting.source import Source
from src.contract.fields import ContractError

DELIMITERS = (",", ";", "\t", "|", " ", "^", "~", ":")
QUOTES = ('"', "'")
LEADING = 100  # rows among which the header is looked for
SHOWN = 20
NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*")


@dataclass(frozen=True)
class Layout:
    """How the text is written; `header_row` counts from 1 as csv readers count rows, 0 where there is no header."""

    delimiter: str
    quote: str
    escape: str | None
    blank_after: bool  # behind a delimiter; where that is a blank, any number of them is one
    header_row: int
    names: tuple[str, ...]
    by_place: bool  # the header cannot be compared with names: a cell is empty, repeated, in blanks, or there is none

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

    def lines(self, text: Iterable[str]) -> Iterator[str]:
        """Yield the lines as the reader takes them: without blanks around, where blanks are the delimiter."""
        padded = self.blank_after and self.delimiter == " "
        return (line.strip(" \r\n") + "\n" if padded else line for line in text)


def sniff(source: Source, target: str) -> Layout:
    """Return the layout in which the target's name heads a column and most rows are as wide as the header.

    Raises ContractError where no column has that name.
    """
    lines = source.head.splitlines(keepends=True)
    found: list[tuple[float, int, bool, int, Layout]] = []
    escapes = (None, "\\") if re.search(r"\\[\"']", source.head) else (None,)
    for delimiter in DELIMITERS:
        ways = product(_quotes(source.head, delimiter), _padding(source.head, delimiter), escapes)
        for quote, padded, escape in ways:
            signs = Layout(delimiter, quote, escape, padded, 0, (), True)
            rows = _rows(lines, signs)
            layout = _with_header(rows, signs, target) or _without_header(rows, signs, target)
            if layout is not None:
                width = len(layout.names)
                body = [row for row in rows[layout.header_row :] if row]
                share = sum(len(row) == width for row in body) / max(1, len(body))
                found.append((round(share, 1), -layout.header_row, not layout.by_place, width, layout))
    if not found:
        raise ContractError(f"{source.path}: {_fault(lines, target)}")
    best = max(found, key=lambda each: each[:4])[4]  # of equals the first: the usual delimiter and quote
    return _finished(best)


def _quotes(head: str, delimiter: str) -> tuple[str, ...]:
    """Return the signs to try around values: single quotes only where whole values have them, and no double ones."""
    d = re.escape(delimiter)
    double = re.search(rf'(?:^|{d} *)"', head, re.MULTILINE)
    single = re.search(rf"(?:^|{d} *)'[^'\r\n]*'(?={d}|\r|\n|$)", head, re.MULTILINE)
    return QUOTES if single and not double else QUOTES[:1]


def _padding(head: str, delimiter: str) -> tuple[bool, bool]:
    """Return whether blanks behind a delimiter are to be skipped, the likelier first."""
    if delimiter == " ":
        return False, True
    tight, padded = (len(re.findall(re.escape(delimiter) + behind, head)) for behind in (r"(?=\S)", r" +(?=\S)"))
    return padded > 3 * tight, padded <= 3 * tight


def _rows(lines: list[str], signs: Layout) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(signs.lines(lines), **(signs.reader() | {"strict": False})))
    except csv.Error:
        return []
    return rows


def _with_header(rows: list[list[str]], signs: Layout, target: str) -> Layout | None:
    """Return the layout whose header is the first row with the target's name that is as wide as those below."""
    shorter = False
    for place, row in enumerate(rows[:LEADING]):
        if target not in row or len(row) == 1:
            continue
        widths = Counter(len(below) for below in rows[place + 1 :] if below)
        usual = widths.most_common(1)[0][0] if widths else len(row)
        if not 0 <= usual - len(row) <= 1:
            continue
        if usual == len(row) and not (shorter and any(NUMBER.fullmatch(cell) for cell in row)):
            return replace(signs, header_row=place + 1, names=tuple(row), by_place=False)
        shorter |= usual > len(row)
    return _with_short_header(rows, signs, target) if shorter else None


def _with_short_header(rows: list[list[str]], signs: Layout, target: str) -> Layout | None:
    """Return the layout of a header that lacks a name: the first, as R writes it, or the last of a blank column."""
    place, row = next((place, row) for place, row in enumerate(rows) if target in row)
    body = [below for below in rows[place + 1 :] if len(below) == len(row) + 1]
    blank = not any(below[-1] for below in body)
    return replace(signs, header_row=place + 1, names=(*row, "") if blank else ("", *row), by_place=True)


def _without_header(rows: list[list[str]], signs: Layout, target: str) -> Layout | None:
    """Return the layout of a file without a header, where the target is `field3` or its like."""
    place = re.fullmatch(r"field([1-9]\d*)", target)
    widths = Counter(len(row) for row in rows if row)
    if place is None or not widths:
        return None
    width = widths.most_common(1)[0][0]
    if width < 2 or int(place[1]) > width:
        return None
    return replace(signs, names=tuple(f"field{n}" for n in range(1, width + 1)))


def _finished(layout: Layout) -> Layout:
    """Return the layout with names of its own where the header's cannot be used."""
    names = layout.names
    usable = all(name and name == name.strip() for name in names) and len(set(names)) == len(names)
    return replace(layout, names=names if usable else unique_names(names), by_place=layout.by_place or not usable)


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


def _fault(lines: list[str], target: str) -> str:
    """Return why there is no such column: the names that the file seems to have, the nearest one first."""
    tables = [_rows(lines, Layout(delimiter, '"', None, False, 0, (), True)) for delimiter in DELIMITERS[:4]]
    widths = [Counter(len(row) for row in rows if row).most_common(1) for rows in tables]
    usual, rows = max(zip(widths, tables, strict=True), key=lambda each: each[0][0] if each[0] else (0, 0))
    names = next((row for row in rows if usual and len(row) == usual[0][0]), [])
    if names == [target]:
        return f"column {target!r} stands alone: a model needs another one"
    near = difflib.get_close_matches(target, names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    listed = f"; the file seems to have: {', '.join(map(repr, names[:SHOWN]))}" if names else ""
    return f"no column {target!r}{hint}{listed}"
