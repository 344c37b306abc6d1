"""chunks of a column -> what it holds: counts by value and outcome, the shapes of its values; in bounded memory

A column of at most `most` different values is counted exactly. Of a longer one, those values are counted whose hash is
below a bound that falls as more are found, and the frequent ones: an even sample of the values, each with all its rows.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.compute as compute

GOOD, BAD, NEITHER = 0, 1, 4  # + 2 for a row of the second half
GROUPS = 5
MOST = 1 << 15
OF_ALL = 1 << 20  # different values that are counted in all columns together
LEAST = 1 << 11
FREQUENT = 0.001  # of the rows: a value that is counted whatever its hash
SHAPES = 2000
DIGITS = np.arange(256, dtype=np.uint8)
DIGITS[ord("0") : ord("9") + 1] = ord("0")
LED = ord("Z")
HIGHEST = float(2**64)


@dataclass
class Shape:
    """Values that differ in digits alone: how many rows, the least and the greatest as text."""

    rows: int
    least: str
    greatest: str


@dataclass
class Profile:
    """What is known of one column."""

    name: str
    most: int = MOST  # different values that are counted
    rows: int = 0
    places: dict[str, int] = field(default_factory=dict)  # of a value in `counts`
    counts: np.ndarray = field(default_factory=lambda: np.zeros((0, GROUPS), dtype=np.int64))
    share: float = 1.0  # of the different values that are counted
    frequent: set[str] = field(default_factory=set)
    shapes: dict[str, Shape] = field(default_factory=dict)  # by the value with its digits as 0, a leading zero as Z
    longest: int = 0
    _content: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _order: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, values: arrow.StringArray, groups: np.ndarray) -> None:
        """Count the values of a chunk, each row with its group."""
        coded = values.dictionary_encode()
        unique, codes = coded.dictionary, coded.indices.to_numpy(zero_copy_only=False)
        if not len(unique):
            return
        counts = np.bincount(codes * GROUPS + groups, minlength=len(unique) * GROUPS).reshape(-1, GROUPS)
        self.rows += len(values)
        self._content.update(codes.tobytes() + b"".join(_buffers(unique)))
        self.longest = max(self.longest, compute.max(compute.utf8_length(unique)).as_py())
        if self.shaped:
            self._add_shapes(unique, counts.sum(axis=1))
        self._add_values(unique, codes, counts)

    @property
    def exact(self) -> bool:
        """Say whether every value is counted."""
        return self.share == 1.0

    @property
    def shaped(self) -> bool:
        """Say whether every value's shape is known."""
        return len(self.shapes) <= SHAPES

    @property
    def content(self) -> str:
        """Return what only columns with the same values in the same rows share."""
        return self._content.hexdigest()

    @property
    def order(self) -> str | None:
        """Return what only columns share whose values tell the same rows apart; None for one with too many values."""
        return self._order.hexdigest() if self.exact else None

    @property
    def values(self) -> list[str]:
        """Return the counted values, in the order of `counts`."""
        return list(self.places)

    @property
    def weights(self) -> np.ndarray:
        """Return for how many values each counted one stands."""
        return np.array([1.0 if value in self.frequent else 1 / self.share for value in self.places])

    @property
    def distinct(self) -> int:
        """Return how many different values there are, about so where not all are counted; the empty text is none."""
        return round(float(self.weights.sum())) - ("" in self.places)

    @property
    def filled(self) -> int:
        """Return how many rows have a value."""
        return self.rows - self.rows_of("")

    def rows_of(self, value: str) -> int:
        """Return how many rows have a value that is counted."""
        return int(self.counts[self.places[value]].sum()) if value in self.places else 0

    def _add_values(self, unique: arrow.StringArray, codes: np.ndarray, counts: np.ndarray) -> None:
        if not self.exact:
            kept = _hashes(unique) < self.share * HIGHEST
            kept |= compute.is_in(unique, arrow.array(sorted(self.frequent), arrow.string())).to_numpy(False)
            unique, counts = unique.filter(arrow.array(kept)), counts[kept]
        found = [self.places.setdefault(value, len(self.places)) for value in unique.to_pylist()]
        grown = np.zeros((len(self.places), GROUPS), dtype=np.int64)
        grown[: len(self.counts)] = self.counts
        grown[found] += counts
        self.counts = grown
        if self.exact:
            self._order.update(np.array(found, dtype=np.int32)[codes].tobytes())
        if len(self.places) > self.most:
            self._shrink()

    def _shrink(self) -> None:
        """Count fewer values from here on; those that have been frequent so far stay."""
        values = self.values
        if self.exact:
            rows = self.counts.sum(axis=1)
            first = np.argsort(-rows, kind="stable")[: self.most // 2]
            self.frequent = {values[place] for place in first if rows[place] >= max(2, FREQUENT * self.rows)}
        hashes = _hashes(arrow.array(values, arrow.string()))
        frequent = np.array([value in self.frequent for value in values])
        kept = np.ones(len(values), dtype=bool)
        while kept.sum() > self.most:
            self.share /= 2
            kept = (hashes < self.share * HIGHEST) | frequent
        self.counts = self.counts[kept]
        self.places = {values[old]: new for new, old in enumerate(np.flatnonzero(kept))}

    def _add_shapes(self, unique: arrow.StringArray, rows: np.ndarray) -> None:
        table = arrow.table({"shape": shapes(unique), "value": unique, "rows": rows})
        parts = table.group_by("shape", use_threads=False).aggregate(
            [("value", "min"), ("value", "max"), ("rows", "sum")]
        )
        for part in parts.slice(0, SHAPES + 1).to_pylist():
            least, greatest, count = part["value_min"], part["value_max"], part["rows_sum"]
            known = self.shapes.setdefault(part["shape"], Shape(0, least, greatest))
            known.rows += count
            known.least, known.greatest = min(known.least, least), max(known.greatest, greatest)


def profiles_of(names: Sequence[str]) -> list[Profile]:
    """Return an empty profile a column; many columns count fewer values each."""
    return [Profile(name, max(LEAST, min(MOST, OF_ALL // len(names)))) for name in names]


def shapes(values: arrow.StringArray) -> arrow.StringArray:
    """Return each value with 0 for its digits, and Z for a first zero that another digit follows.

    >>> shapes(arrow.array(["-12.5", "0.5", "007", "A7"])).to_pylist()
    ['-00.0', '0.0', 'Z00', 'A0']
    """
    offsets, data = _parts(values)
    plain = DIGITS[data]
    starts = offsets[:-1][np.diff(offsets) > 1]
    plain[starts[(data[starts] == ord("0")) & (plain[starts + 1] == ord("0"))]] = LED
    return arrow.StringArray.from_buffers(len(values), arrow.py_buffer(offsets), arrow.py_buffer(plain))


def _parts(values: arrow.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the values begin and end, and their bytes."""
    _, offsets, data = values.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[values.offset : values.offset + len(values) + 1]
    return ends, np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)


def _buffers(values: arrow.StringArray) -> list[bytes]:
    ends, data = _parts(values)
    return [ends.tobytes(), data[ends[0] : ends[-1]].tobytes()]


def _hashes(values: arrow.StringArray) -> np.ndarray:
    return pd.util.hash_array(values.to_numpy(zero_copy_only=False), categorize=False).astype(np.float64)
