"""the published file, in a stream -> chunks of columns of text"""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

import pyarrow as arrow
import pyarrow.compute as compute
from pyarrow.parquet import ParquetFile

from src.contract.drafting.sniff import Layout
from src.contract.drafting.source import Source, opened, progress
from src.contract.fields import ContractError

CELLS = 1 << 19  # of a chunk
HELD = 50  # rows at the end among which a footer is looked for
BLANKS = 1000  # most blank rows that are named one by one
OUTCOMES = 1000  # different values of the target that are remembered, where it has so many
FOOT = re.compile(
    r"\W*(grand |sub)?(totals?|sums?|count|average|mean|records?|rows?|source|notes?|gesamt|summe)\b", re.I
)


class Rows:
    """The rows of a text file; after the last, `comments` are the numbers of the rows that hold no applicant."""

    def __init__(self, source: Source, layout: Layout, target: str) -> None:
        self.source, self.layout = source, layout
        self.target = layout.names.index(target)
        self.header = list(layout.names)
        self.outcomes: set[str] = set()
        self.comments = [*range(1, layout.header_row)] + [layout.header_row] * (
            layout.by_place and layout.header_row > 0
        )

    def chunks(self) -> Iterator[list[arrow.StringArray]]:
        """Yield the columns of so many rows at a time; raises ContractError for a ragged row."""
        size = max(1000, CELLS // len(self.layout.names))
        held: list[tuple[int, list[str]]] = []
        for numbered in self._numbered(size):
            held += numbered
            ready, held = held[:-HELD], held[-HELD:]
            if ready:
                yield self._columns(ready)
        while held and self._is_foot(held[-1][1]):
            self.comments.append(held.pop()[0])
        self.comments.sort()
        if held:
            yield self._columns(held)

    def _numbered(self, size: int) -> Iterator[list[tuple[int, list[str]]]]:
        """Yield rows with their numbers, as csv readers count them."""
        with progress(self.source, "rows") as bar, opened(self.source) as (unpacked, packed):
            encoding = "utf-8-sig" if self.source.encoding == "utf-8" else self.source.encoding
            text = io.TextIOWrapper(unpacked, encoding=encoding, newline="")
            reader = csv.reader(self.layout.lines(text), **self.layout.reader())
            rows = enumerate(reader, 1)
            try:
                for _ in islice(rows, self.layout.header_row):
                    pass
                while taken := list(islice(rows, size)):
                    yield taken
                    bar.update(packed.tell() - bar.n)
            except csv.Error as error:
                raise ContractError(f"{self.source.path}: line {reader.line_num}: {error}") from None
            finally:
                text.detach()

    def _is_foot(self, row: list[str]) -> bool:
        """Say whether a row at the end is no applicant: another width, or no outcome and a word that says so."""
        if len(row) != len(self.layout.names):
            return True
        filled = [cell for cell in row if cell.strip()]
        told = bool(filled) and bool(FOOT.match(filled[0]))
        blank = not row[self.target].strip()
        return (blank and 3 * len(filled) <= len(row)) or (told and (blank or row[self.target] not in self.outcomes))

    def _columns(self, numbered: list[tuple[int, list[str]]]) -> list[arrow.StringArray]:
        width, rows = len(self.layout.names), []
        for number, row in numbered:
            if len(row) == width and row != self.header:
                rows.append(row)
            elif not row or row in ([""], self.header):  # a header that stands there again joins two exports
                self.comments.append(number)
            else:
                raise ContractError(
                    f"{self.source.path}: row {number} has {len(row)} columns, the header {width}: the file is torn"
                    " there, or holds two tables"
                )
        if len(self.outcomes) <= OUTCOMES:
            self.outcomes |= {row[self.target] for row in rows}
        if len(self.comments) > BLANKS:
            raise ContractError(f"{self.source.path}: more than {BLANKS} blank rows")
        return [arrow.array(column, arrow.string()) for column in zip(*rows, strict=True)] or [
            arrow.array([], arrow.string()) for _ in range(width)
        ]


def parquet_names(source: Source) -> tuple[str, ...]:
    """Return the columns of a Parquet file; raises ContractError for what cannot be read."""
    try:
        return tuple(ParquetFile(source.path).schema_arrow.names)
    except arrow.ArrowException as error:
        raise ContractError(f"{source.path}: no Parquet that can be read: {error}") from None


def parquet_chunks(source: Source, width: int) -> Iterator[list[arrow.StringArray]]:
    """Yield the columns of a Parquet file as text, null as the empty text."""
    try:
        with progress(source, "rows") as bar, ParquetFile(source.path) as file:
            for batch in file.iter_batches(max(1000, CELLS // width)):
                yield [as_text(column) for column in batch.columns]
                bar.update(source.size * batch.num_rows // max(1, file.metadata.num_rows))
    except arrow.ArrowException as error:
        raise ContractError(f"{source.path}: a column has no text: {error}") from None


def as_text(column: arrow.Array) -> arrow.StringArray:
    """Return a column's values as text, as near to what the contract reads as text can be: NaN is a null, too."""
    if arrow.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if arrow.types.is_floating(column.type):
        column = compute.if_else(compute.is_nan(column), None, column)
    if arrow.types.is_timestamp(column.type):
        local = compute.local_timestamp(column) if column.type.tz is not None else column
        column = compute.cast(local, arrow.timestamp("s"), safe=False)
    return compute.fill_null(compute.cast(column, arrow.string()), "")
