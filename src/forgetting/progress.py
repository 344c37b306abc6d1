"""rows that are done -> one line on the terminal: how many, how fast, how long it will take"""

import sys
import time
from types import TracebackType
from typing import Self

EVERY = 0.2  # seconds between two lines that replace each other
SELDOM = 10.0  # where they cannot, because it is no terminal


class Progress:
    """What is told on stderr while rows are moved; `with` it, and the line is ended afterwards."""

    def __init__(self, total: int) -> None:
        self.total, self.begun, self.told = total, time.monotonic(), time.monotonic()
        self.terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.terminal and self.told > self.begun:
            sys.stderr.write("\n")

    def at(self, rows: int) -> None:
        """Tell how far it is, unless that was told just before."""
        now = time.monotonic()
        if now - self.told < (EVERY if self.terminal else SELDOM) and rows < self.total:
            return
        self.told = now
        speed = rows / max(now - self.begun, 1e-9)
        left = max(0, self.total - rows) / speed if speed else 0
        line = f"{rows} of {self.total} rows, {speed:.0f} rows/s, {left:.0f} s left"
        sys.stderr.write(f"\r{line}\033[K" if self.terminal else f"{line}\n")
        sys.stderr.flush()
