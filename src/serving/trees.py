"""models/trees.npz <-> trees over codes, in plain arrays: numbers alone, the same bytes every time

Rows of codes count from 0: the code of a feature plus one, so that -1 has a place too.
"""

import io
from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from src.errors import LastroError

Ints = NDArray[np.int32]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Trees:
    """Trees of several parts; a part's sum is that of the weights of the leaves that a row reaches, one a tree.

    A node of column v goes left where the row's code of v is at most `split`. Column v belongs to a feature, and has a
    code of its own for each of the feature's: `codes[starts[v] + place]`, of the places from 0 on. A child below 0 is
    the leaf `~child`, and so is a root. A leaf's weight is a whole number of `2 ** -exponents[part]`, so that sums have
    no rounding and no order.
    """

    feature: Ints
    starts: Ints
    codes: Ints
    column: Ints
    split: Ints
    left: Ints
    right: Ints
    weight: Whole
    roots: Ints
    part: Ints
    exponents: Ints

    @property
    def parts(self) -> int:
        """Return how many sums there are."""
        return len(self.exponents)

    def code_table(self, column: int) -> Ints:
        """Return a column's code for each place of its feature."""
        return self.codes[self.starts[column] : self.starts[column + 1]]


def to_bytes(trees: Trees) -> bytes:
    """Return the file's content: each array in the smallest type that holds it."""
    arrays = {field.name: smallest(getattr(trees, field.name)) for field in fields(Trees)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def smallest(array: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return whole numbers in the smallest signed type that holds them all."""
    low, high = int(array.min(initial=0)), int(array.max(initial=0))
    return array.astype(np.promote_types(np.min_scalar_type(min(low, -1)), np.min_scalar_type(-high - 1)))


def from_bytes(content: bytes, path: Path) -> Trees:
    """Return the trees of a file's content; raises LastroError where it is none."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            wide = {"weight": np.int64}
            return Trees(**{f.name: found[f.name].astype(wide.get(f.name, np.int32)) for f in fields(Trees)})
    except (KeyError, ValueError, OSError, EOFError, BadZipFile):
        raise LastroError(f"{path}: holds no trees that this version can read") from None


def part_exponent(largest: list[float]) -> int:
    """Return the finest power of two of which a part's leaves can be whole numbers: their sum has 63 bits.

    `largest` holds the largest leaf of each tree, without its sign.
    """
    if not any(largest):
        return 0
    total = sum(largest)
    exponent = 63 - int(np.frexp(total)[1])
    while sum(round(np.ldexp(each, exponent)) for each in largest) >= 2**63 - 1:  # rounding may reach the last bit
        exponent -= 1
    return min(exponent, 1000)  # of numbers so small that their power of two is none
