"""a file of any size -> parts of at most 500 000 rows, each of which can be read by itself

A text in which each line is a row is cut between lines, and a Parquet file by rows, so that each part is read by itself
from its own place. What can only be read from its beginning (packed, quoted, of odd signs, of giant row groups) is read
once, and its parts carry their content. Cuts follow from the file alone.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import IO, NamedTuple

import pyarrow as arrow
from pyarrow.parquet import ParquetFile

from src.contract.cutting import BLOCK, Lines, Piece, may_be_simple
from src.contract.distinct import Cells, packed_rows, packed_table, read_columns, read_content, read_lines
from src.contract.layout import AnyRows, Layout, Source, content_of, layout_of
from src.contract.package import Package
from src.contract.source import lines_of

MOST_ROWS = 500_000
MOST_CELLS = 25_000_000  # of a part
Tell = Callable[[int], object]
GIANT = 2 * MOST_ROWS  # rows of a row group that is not read from its middle


class Plan(NamedTuple):
    """A file and how it is read: its hash, its size, its rows, the most of a part; whether each line is a row.

    `pieces` are there where each part is read from its own place.
    """

    layout: Layout
    sha256: str
    bytes: int
    rows: int
    most: int
    simple: bool
    pieces: tuple[Piece, ...] | None


class Part(NamedTuple):
    """A part of a file: its number, the place of its first row in the file, its rows; where it is, or its content.

    A content is lines of text where each of them is a row (`simple`), else columns.
    """

    number: int
    first: int
    rows: int
    start: int = 0
    stop: int = 0
    content: bytes | None = None
    simple: bool = False


def plan_of(
    source: Source, package: Package, needed: Sequence[str], most: int = MOST_ROWS, tell: Tell = lambda _: None
) -> Plan:
    """Return how a file is cut into parts; reads it once; raises ContractError where it is none of the contract's.

    `needed` are the columns that every file has, `most` the rows of a part; `tell` is told the bytes that were read.
    """
    layout = layout_of(source, package, needed)
    rows = max(1, min(most, MOST_CELLS // len(layout.columns)))
    make = plan_of_parquet if layout.parquet else plan_of_text
    return make(source, layout, rows, tell)


def plan_of_parquet(source: Source, layout: Layout, most: int, tell: Tell) -> Plan:
    """Return the plan of a Parquet file."""
    sha256, size = hashed(source, tell)
    with source.columns() as file:
        metadata = ParquetFile(file).metadata
        groups = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]
    rows = sum(groups)
    pieces = tuple(Piece(start, min(start + most, rows), min(most, rows - start)) for start in range(0, rows, most))
    return Plan(layout, sha256, size, rows, most, False, None if max(groups, default=0) > GIANT else pieces)


def plan_of_text(source: Source, layout: Layout, most: int, tell: Tell) -> Plan:
    """Return the plan of a text; one that is no row a line is read to its end before anything is made of it."""
    lines, sha256 = Lines(layout.dialect.quote_char, most, layout.dialect.header), hashlib.sha256()
    pieces: list[Piece] = []
    if may_be_simple(layout):
        with content_of(source, layout) as file:
            pieces = list(lines.pieces(blocks(file, sha256, None if layout.packed else tell)))
    else:
        lines.odd = True
    read_whole = may_be_simple(layout) and not layout.packed
    digest, size = (sha256.hexdigest(), lines.read) if read_whole else hashed(source, tell)
    if not lines.simple:
        return Plan(layout, digest, size, sum(1 for _ in rows_of(source, layout)), most, False, None)
    rows = sum(piece.lines for piece in pieces)
    return Plan(layout, digest, size, rows, most, True, None if layout.packed else tuple(pieces))


def hashed(source: Source, tell: Tell) -> tuple[str, int]:
    """Return a file's SHA-256 and its bytes."""
    sha256 = hashlib.sha256()
    with source.open() as file:
        size = sum(map(len, blocks(file, sha256, tell)))
    return sha256.hexdigest(), size


def blocks(file: IO[bytes], sha256: "hashlib._Hash | None" = None, tell: Tell | None = None) -> Iterator[bytes]:
    """Yield a file's bytes; each block is hashed, and its size told."""
    while block := file.read(BLOCK):
        if sha256 is not None:
            sha256.update(block)
        if tell is not None:
            tell(len(block))
        yield block


def rows_of(source: Source, layout: Layout) -> Iterator[list[str]]:
    """Yield the rows of a text of any signs, its header left out; raises ContractError where a quote is broken."""
    with lines_of(source.path, layout.resource) as lines:
        rows = AnyRows(source.path, lines, layout.resource)
        if layout.dialect.header:
            rows.header()
        yield from rows


def parts_of(source: Source, plan: Plan, wanted: Sequence[str]) -> Iterator[Part]:
    """Yield the parts of a file, in order; `wanted` are the columns that will be read."""
    if plan.pieces is not None:
        firsts = accumulate((piece.lines for piece in plan.pieces), initial=0)
        places = enumerate(zip(plan.pieces, firsts, strict=False))
        return (Part(number, first, piece.lines, piece.start, piece.stop) for number, (piece, first) in places)
    contents = _of_columns(source, plan, wanted) if plan.layout.parquet else _of_text(source, plan, wanted)
    return _numbered(contents, plan.simple)


def _numbered(contents: Iterable[tuple[int, bytes]], simple: bool) -> Iterator[Part]:
    first = 0
    for number, (rows, content) in enumerate(contents):
        yield Part(number, first, rows, content=content, simple=simple)
        first += rows


def _of_text(source: Source, plan: Plan, wanted: Sequence[str]) -> Iterator[tuple[int, bytes]]:
    layout = plan.layout
    if plan.simple:
        with content_of(source, layout) as file:
            yield from _of_lines(file, Lines(layout.dialect.quote_char, plan.most, layout.dialect.header))
        return
    rows = rows_of(source, layout)
    while chunk := list(islice(rows, plan.most)):
        yield len(chunk), packed_rows(chunk, layout, wanted)


def _of_lines(file: IO[bytes], lines: Lines) -> Iterator[tuple[int, bytes]]:
    held, begin = bytearray(), 0

    def kept() -> Iterator[bytes]:
        for block in blocks(file):
            held.extend(block)
            yield block

    for piece in lines.pieces(kept()):
        content = bytes(held[piece.start - begin : piece.stop - begin])
        del held[: piece.stop - begin]
        begin = piece.stop
        yield piece.lines, content


def _of_columns(source: Source, plan: Plan, wanted: Sequence[str]) -> Iterator[tuple[int, bytes]]:
    places = plan.layout.places(wanted)
    with source.columns() as opened:
        file = ParquetFile(opened, pre_buffer=False, buffer_size=BLOCK)
        names = [file.schema_arrow.names[place] for place in places.values()]
        held: list[arrow.RecordBatch] = []
        for batch in file.iter_batches(plan.most, columns=names):
            held.append(batch)
            while sum(map(len, held)) >= plan.most:
                table = arrow.Table.from_batches(held)
                yield plan.most, packed_table(table[: plan.most].rename_columns(list(places)))
                held = table[plan.most :].to_batches()
        if held:
            table = arrow.Table.from_batches(held)
            yield len(table), packed_table(table.rename_columns(list(places)))


def read_part(source: Source, layout: Layout, part: Part, wanted: Sequence[str]) -> Cells:
    """Return the cells of a part; columns that the file does not have are left out; raises ContractError."""
    if part.content is None and layout.parquet:
        return read_columns(source, layout, part.start, part.stop, wanted)
    if part.content is None:
        with source.open() as file:
            file.seek(part.start)
            return read_lines(file.read(part.stop - part.start), layout, wanted)
    return read_lines(part.content, layout, wanted) if part.simple else read_content(part.content)
