"""fitted trees, weights and tables -> trees over codes, whose leaves are whole numbers"""

from bisect import bisect_right
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from src.compile.fitted import Seen, matrix_columns, texts_of
from src.model.formulas import Tree
from src.serving.codes import FieldCode
from src.serving.pairs import PairCode
from src.serving.trees import Trees, part_exponent

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class TreeWriter:
    """A writer of parts, each a sum of trees, over the codes of these fields."""

    def __init__(self, fields: list[FieldCode]) -> None:
        self.fields = fields
        self.place = {field.name: place for place, field in enumerate(fields)}
        self.columns: dict[tuple[int, bytes], int] = {}
        self.nodes: list[tuple[Places, ...]] = []  # column, split, left, right
        self.leaves: list[Floats] = []
        self.roots: list[int] = []
        self.part: list[int] = []
        self.node_count = self.leaf_count = self.parts = 0

    def begin(self) -> int:
        """Begin a part and return its number."""
        self.parts += 1
        return self.parts - 1

    def add(self, column: Places, split: Places, left: Places, right: Places, weight: Floats) -> None:
        """Add a tree to the newest part: its first node is the root; a child below 0 is the leaf `~child`.

        A tree without nodes is its one leaf.
        """
        self.roots.append(self.node_count if len(column) else ~self.leaf_count)
        self.part.append(self.parts - 1)
        children = (np.where(side >= 0, side + self.node_count, side - self.leaf_count) for side in (left, right))
        self.nodes.append((column, split, *children))
        self.leaves.append(weight)
        self.node_count += len(column)
        self.leaf_count += len(weight)

    def constant(self, weight: float) -> None:
        """Add a tree that is one leaf: what a sum starts with."""
        none = np.zeros(0, dtype=np.int64)
        self.add(none, none, none, none, np.array([weight]))

    def column(self, place: int, codes: Sequence[int] | Places) -> int:
        """Return the number of the column that has these codes for the places of a feature."""
        key = place, np.asarray(codes, dtype=np.int32).tobytes()
        return self.columns.setdefault(key, len(self.columns))

    def as_it_is(self, place: int) -> int:
        """Return the column in which a feature's places are themselves."""
        return self.column(place, range(self.fields[place].count + 1))

    def grow(self, base: Pipeline, trees: list[Tree]) -> None:
        """Add the trees of a fitted pipeline; a missing number takes the training median's way."""
        columns = [self.split(base, seen) for seen in matrix_columns(base[0])]
        for tree in trees:
            inner = tree.left >= 0
            number = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(~inner) - 1))
            column, cut = tree.column[inner], tree.cut[inner]
            split = np.zeros(len(column), dtype=np.int64)
            for asked in np.unique(column):
                split[column == asked] = columns[asked][1](cut[column == asked])
            known = np.array([place for place, _ in columns], dtype=np.int64)[column]
            self.add(known, split, number[tree.left[inner]], number[tree.right[inner]], tree.weight[~inner])

    def split(self, base: Pipeline, seen: Seen) -> tuple[int, Callable[[Floats], Places]]:
        """Return the column for one of a matrix, and the function from cuts to the greatest codes that go left."""
        name, missing, state = seen
        field, place = self.fields[self.place[name]], self.place[name]
        codes = np.arange(-1, field.count)
        if missing:
            return self.column(place, codes == -1), zeros
        if state is not None:
            return self.column(place, (codes == field.states[state]) & (codes >= 0)), zeros
        if name in texts_of(base[0]):
            risks = np.unique(base[0].risks(name))
            return self.as_it_is(place), lambda cuts: np.searchsorted(risks, cuts)
        if field.labels is not None:
            return self.as_it_is(place), lambda cuts: np.ceil(cuts).astype(np.int64)
        cuts_of_field = np.array(field.cuts)
        known = (codes >= 0) & (codes <= len(field.cuts))
        filled = np.where(known, codes, bisect_right(field.cuts, base[0].medians_[name]))
        return self.column(place, filled), lambda cuts: np.searchsorted(cuts_of_field, cuts)

    def steps(self, place: int, weights: Sequence[float]) -> None:
        """Add a tree of one feature: a weight for each of its places."""
        self.table([(place, list(weights))])

    def grid(self, pair: PairCode) -> None:
        """Add a tree of two features: a weight for each two of their places."""
        self.table([(self.place[pair.first], pair.grid()), (self.place[pair.second], [])])

    def table(self, axes: list[tuple[int, list]]) -> None:  # type: ignore[type-arg]  # of weights, or of rows of them
        """Add a tree that halves the runs of equal values along each axis in turn."""
        found: list[list[int]] = []
        weights: list[float] = []

        def write(values: list, first: int, depth: int) -> int:  # type: ignore[type-arg]
            ends = [end for end in range(1, len(values)) if values[end] != values[end - 1]]
            if ends:
                middle = ends[len(ends) // 2]
                node = len(found)
                found.append([self.as_it_is(axes[depth][0]), first + middle - 1, 0, 0])
                found[node][2] = write(values[:middle], first, depth)
                found[node][3] = write(values[middle:], first + middle, depth)
                return node
            if depth + 1 < len(axes):
                return write(values[0], 0, depth + 1)
            weights.append(values[0])
            return -len(weights)

        write(axes[0][1], 0, 0)
        column, split, left, right = np.array(found, dtype=np.int64).reshape(-1, 4).T
        self.add(column, split, left, right, np.array(weights))

    def trees(self) -> Trees:
        """Return all parts; the leaves of each are whole numbers of one power of two."""
        column, split, left, right = (np.concatenate(each) for each in zip(*self.nodes, strict=True))
        exponents, weights = [], []
        for part in range(self.parts):
            own = [leaves for leaves, of in zip(self.leaves, self.part, strict=True) if of == part]
            exponents.append(part_exponent([float(np.abs(leaves).max()) for leaves in own]))
            weights += [np.rint(np.ldexp(leaves, exponents[-1])).astype(np.int64) for leaves in own]
        tables = [np.frombuffer(codes, dtype=np.int32) for _, codes in self.columns]
        narrow = {"column": column, "split": split, "left": left, "right": right, "roots": self.roots,
                  "part": self.part, "exponents": exponents, "feature": [place for place, _ in self.columns],
                  "starts": np.cumsum([0, *map(len, tables)])}  # fmt: skip
        return Trees(
            codes=np.concatenate([np.zeros(0, dtype=np.int32), *tables]),
            weight=np.concatenate(weights),
            **{name: np.asarray(values, dtype=np.int32) for name, values in narrow.items()},
        )


def zeros(cuts: Floats) -> Places:
    """Return 0 for each cut: left is where the flag is not set."""
    return np.zeros(len(cuts), dtype=np.int64)
