"""where each row of a table stands in its files

A table's `attrs` hold that as texts: pandas copies `attrs` at each step, and texts at no cost. `files` are the runs of
rows that stand line by line (a file's name, how many rows, the first one's line), `kept` says which rows are left, and
`predictions` which ones the last rows are, where applications with outcomes have joined the data.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

Run = tuple[str, int, int]
PREDICTIONS = "predictions"


def runs_of(name: str, lines: np.ndarray) -> list[Run]:
    """Return the runs of rows whose lines follow each other: the file's name, how many rows, the first one's line."""
    begins = np.flatnonzero(np.diff(lines, prepend=-1) != 1)
    counts = np.diff(begins, append=len(lines))
    return [(name, count, first) for count, first in zip(counts.tolist(), lines[begins].tolist(), strict=True)]


def written(runs: Iterable[Run]) -> str:
    """Return the runs as a table's `attrs` hold them."""
    return json.dumps(list(runs), ensure_ascii=False, separators=(",", ":"))


def without(table: pd.DataFrame, out: np.ndarray) -> pd.DataFrame:
    """Return the table without some rows; where the others stand is not forgotten."""
    kept = table[~out].reset_index(drop=True)
    kept.attrs = table.attrs | {"kept": b64encode(zlib.compress(np.packbits(~out).tobytes())).decode()}
    if ids := ids_of(table):
        left = zip(ids, out[-len(ids) :], strict=True)
        kept.attrs[PREDICTIONS] = named(one for one, gone in left if not gone)
    return kept


def named(ids: Iterable[str]) -> str:
    """Return predictions' identifiers as a table's `attrs` hold them."""
    return " ".join(ids)


def ids_of(table: pd.DataFrame) -> list[str]:
    """Return which predictions the last rows of a table are; none where no outcomes have joined it."""
    found: list[str] = table.attrs.get(PREDICTIONS, "").split()
    return found


def places(table: pd.DataFrame, rows: Sequence[int]) -> list[tuple[str, int]]:
    """Return the file and the line, from 1, of some rows."""
    runs: list[Run] = json.loads(table.attrs["files"])
    ends = np.cumsum([count for _, count, _ in runs])
    found = []
    for row in _former(table, rows):
        run = int(np.searchsorted(ends, row, side="right"))
        name, count, first = runs[run]
        found.append((name, row - (int(ends[run]) - count) + first))
    return found


def _former(table: pd.DataFrame, rows: Sequence[int]) -> list[int]:
    """Return where rows stood before others were left out."""
    if "kept" not in table.attrs:
        return list(rows)
    packed = np.frombuffer(zlib.decompress(b64decode(table.attrs["kept"])), dtype=np.uint8)
    former: list[int] = np.flatnonzero(np.unpackbits(packed))[list(rows)].tolist()
    return former
