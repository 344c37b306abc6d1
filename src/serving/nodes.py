"""trees -> sums by a pass over their nodes, for trees whose tables would be too large"""

from collections.abc import Sequence

import numpy as np

from src.serving.tables import Row
from src.serving.trees import Ints, Trees

ROWS = 256  # that go down the trees together


class NodeEngine:
    """Sums by going down each tree, in numpy; the same whole numbers as by tables."""

    computed_by = "nodes"

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self.ends = np.searchsorted(trees.part, np.arange(trees.parts))

    def own(self, row: Row) -> list[int]:
        """Return the sums of a row of places."""
        return self.many([row])[0]

    def replaced(self, row: Row, reference: Row) -> list[tuple[list[int], int]]:
        """Return the sums with each place in turn as the reference has it, where it differs."""
        places = [place for place, (own, other) in enumerate(zip(row, reference, strict=True)) if own != other]
        rows = [[*row[:place], reference[place], *row[place + 1 :]] for place in places]
        return list(zip(self.many(rows), places, strict=True))

    def many(self, rows: Sequence[Row]) -> list[list[int]]:
        """Return the sums of several rows."""
        parts = [self.some(rows[start : start + ROWS]) for start in range(0, len(rows), ROWS)]
        return [sums for part in parts for sums in part]

    def some(self, rows: Sequence[Row]) -> list[list[int]]:
        """Return the sums of a few rows, all trees of all of them a level at a time."""
        trees = self.trees
        asked = np.asarray(rows, dtype=np.int64)[:, trees.feature]
        codes: Ints = trees.codes[trees.starts[:-1] + asked]
        reached = np.tile(trees.roots, len(rows))
        which = np.repeat(np.arange(len(rows)), len(trees.roots))
        going = np.flatnonzero(reached >= 0)
        while len(going):
            node = reached[going]
            left = codes[which[going], trees.column[node]] <= trees.split[node]
            reached[going] = np.where(left, trees.left[node], trees.right[node])
            going = going[reached[going] >= 0]
        weights = trees.weight[~reached].reshape(len(rows), -1)
        sums: list[list[int]] = np.add.reduceat(weights, self.ends, axis=1).tolist()
        return sums
