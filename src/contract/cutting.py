"""the bytes of a text, a block at a time -> where it is cut: parts of so many rows, between two lines"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from src.contract.dialect import Dialect
from src.contract.layout import Layout

BLOCK = 1 << 23
MOST_BYTES = 1 << 26  # of a part's text
END = ord("\n")
SIMPLE = {"utf-8", "utf8", "ascii", "us-ascii"}
FREE = {"delimiter", "header", "quote_char", "double_quote", "line_terminator"}  # may be any where no value is quoted
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Piece(NamedTuple):
    """A part of a text: from a byte to a byte, so many lines."""

    start: int
    stop: int
    lines: int


def may_be_simple(layout: Layout) -> bool:
    """Say whether the signs of a text are such that each line may be a row."""
    resource = layout.resource
    given, usual = (dialect.model_dump(exclude=FREE) for dialect in (resource.dialect, Dialect()))
    return given == usual and resource.encoding.lower() in SIMPLE and not resource.footer_rows


class Lines:
    """Cuts blocks into pieces of at most `rows` lines and about `most` bytes; `simple` where each line is a row.

    It is not where there are quotes, blank lines, or ends of lines that are neither LF nor CR LF.
    """

    def __init__(self, quote: str, rows: int, header: bool, most: int = MOST_BYTES) -> None:
        self.quote, self.rows, self.most = quote.encode(), rows, most
        self.odd, self.loose = False, 0
        self.before = b"\n"  # the last bytes of the former block
        self.start = -1 if header else 0  # the piece's first byte; before the header has ended, none
        self.lines = 0
        self.read = 0

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[Piece]:
        """Yield the pieces as they are complete; the last one may lack its end of line."""
        for block in blocks:
            self.look(block)
            ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == END) + (self.read + 1)
            if self.start < 0 and len(ends):
                self.start, ends = int(ends[0]), ends[1:]
            elif not self.read and block.startswith(BYTE_ORDER_MARK):
                self.start = len(BYTE_ORDER_MARK)
            self.read += len(block)
            while (piece := self.piece(ends)) is not None:
                ends = ends[piece.lines - self.lines :]
                self.start, self.lines = piece.stop, 0
                yield piece
            self.lines += len(ends)
        if self.start >= 0 and (self.read > self.start):
            yield Piece(self.start, self.read, self.lines + (self.before[-1:] != b"\n"))

    def look(self, block: bytes) -> None:
        """Note what makes a line no row."""
        near = self.before + block
        blank = b"\n\n" in near or b"\n\r\n" in near
        self.loose += block.count(b"\r") - near[len(self.before[:-1]) :].count(b"\r\n")
        self.odd = self.odd or blank or self.quote in block
        self.before = near[-2:]

    @property
    def simple(self) -> bool:
        """Say whether each line of what was read is a row."""
        return not self.odd and not self.loose

    def piece(self, ends: np.ndarray) -> Piece | None:
        """Return the next piece where it ends among these ends of lines."""
        if not len(ends):
            return None
        by_rows = self.rows - self.lines - 1
        by_bytes = int(np.searchsorted(ends, self.start + self.most))
        last = min(by_rows, by_bytes)
        return Piece(self.start, int(ends[last]), self.lines + last + 1) if last < len(ends) else None
