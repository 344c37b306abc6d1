"""trees -> a bit a leaf, in a row for each code of each feature: the AND of an applicant's rows leaves one bit a tree

A leaf is a box: a range of codes for each column. Whatever is replaced, only its own row changes. The sums are whole
numbers: they are the same whoever computes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.serving.trees import Ints, Trees, Whole

WORD, BYTE = 64, 256  # the bits of a word, the values of a byte
BOUND = 64 * 2**20  # bytes
Words = NDArray[np.uint64]
Row = Sequence[int]


@dataclass(frozen=True)
class Tables:
    """Rows of bits, and blocks of words that say what a bit weighs.

    Feature f's row for place p is `rows[base[f] + p]`. Block b is the words from `block_first[b]` to `block_end[b]`, of
    part `block_part[b]`; each bit weighs `block_one[b]`, or, where that is 0, what `weights` holds for it.
    """

    rows: Words
    base: Whole
    block_part: Ints
    block_first: Ints
    block_end: Ints
    block_one: Whole
    weights: Whole
    parts: int


def size(trees: Trees, counts: Sequence[int]) -> int:
    """Return about the bytes of the tables of these trees, without making them."""
    found, heads = blocks(trees)
    looked_up = sum(len(leaves) for leaves, (_, one) in zip(found, heads, strict=True) if not one)
    return (sum(counts) + len(counts)) * sum(map(len, found)) // 8 + looked_up * 8 * (1 + BYTE // 8)


def boxes(trees: Trees) -> tuple[Ints, Ints]:
    """Return the least and the greatest code of each column (rows) that each leaf (columns) allows."""
    columns, nodes, leaves = len(trees.feature), len(trees.column), len(trees.weight)
    kind = np.int16 if trees.split.max(initial=0) < np.iinfo(np.int16).max else np.int32
    low = np.full((nodes + leaves, columns), np.iinfo(kind).min, dtype=kind)
    high = np.full((nodes + leaves, columns), np.iinfo(kind).max, dtype=kind)
    level = trees.roots[trees.roots >= 0]
    while len(level):
        column, split = trees.column[level], trees.split[level]
        children = []
        for child, bound, better, shift in ((trees.left[level], high, np.minimum, 0),
                                            (trees.right[level], low, np.maximum, 1)):  # fmt: skip
            place = np.where(child >= 0, child, nodes + ~child)
            low[place], high[place] = low[level], high[level]
            bound[place, column] = better(bound[place, column], split + shift)
            children.append(child)
        level = np.concatenate(children)
        level = level[level >= 0]
    return low[nodes:].T, high[nodes:].T


def blocks(trees: Trees) -> tuple[list[NDArray[np.intp]], list[tuple[int, int]]]:
    """Return the leaves of each block, and its part and what each of its bits weighs (0: as each leaf does).

    Leaves that weigh nothing have no bit. Where most of a part's leaves weigh the same, these are a block of their own.
    """
    part_of = parts_of_leaves(trees)
    found, heads = [], []
    for part in range(trees.parts):
        weight = np.where(part_of == part, trees.weight, 0)
        values, counts = np.unique(weight[weight != 0], return_counts=True)
        if 2 * counts.max(initial=0) > counts.sum():
            one = values[counts.argmax()]
            found.append(np.flatnonzero(weight == one))
            heads.append((part, int(one)))
            weight[weight == one] = 0
        found.append(np.flatnonzero(weight))
        heads.append((part, 0))
    return found, heads


def parts_of_leaves(trees: Trees) -> Ints:
    """Return the part of each leaf."""
    part = np.zeros(len(trees.weight), dtype=np.int32)
    level, owner = trees.roots, trees.part
    while len(level):
        leaf = level < 0
        part[~level[leaf]] = owner[leaf]
        nodes, owner = level[~leaf], owner[~leaf]
        level, owner = np.concatenate([trees.left[nodes], trees.right[nodes]]), np.concatenate([owner, owner])
    return part


def build(trees: Trees, counts: Sequence[int]) -> Tables:
    """Return the tables of trees over features with so many codes each."""
    found, heads = blocks(trees)
    ends = np.cumsum([0, *(-(-len(leaves) // WORD) for leaves in found)])
    order = np.full(int(ends[-1]) * WORD, -1)
    for leaves, first in zip(found, ends[:-1] * WORD, strict=True):
        order[first : first + len(leaves)] = leaves
    sizes = [count + 1 for count in counts]
    base = np.cumsum([0, *sizes[:-1]])
    rows = np.zeros((sum(sizes), len(order) // WORD), dtype=np.uint64)
    fill(rows, trees, order, base, sizes)
    return Tables(
        rows=rows,
        base=base.astype(np.int64),
        block_part=np.array([part for part, _ in heads], dtype=np.int32),
        block_first=ends[:-1].astype(np.int32),
        block_end=ends[1:].astype(np.int32),
        block_one=np.array([one for _, one in heads], dtype=np.int64),
        weights=np.where(order >= 0, trees.weight[order], 0),
        parts=trees.parts,
    )


def fill(rows: Words, trees: Trees, order: NDArray[np.intp], base: NDArray[np.intp], sizes: list[int]) -> None:
    """Set the bit of each leaf, in the order of bits (-1: of none), in the rows of those places that it allows."""
    bits = np.flatnonzero(order >= 0)
    leaves, word, bit = order[bits], bits // WORD, np.uint64(1) << (bits % WORD).astype(np.uint64)
    for first, size in zip(base, sizes, strict=True):
        np.bitwise_xor.at(rows[first], word, bit)
        rows[first + 1 : first + size] = rows[first]
    low, high = boxes(trees)
    for column, feature in enumerate(trees.feature):
        codes = trees.code_table(column)
        top = codes.max() + 1
        allowed = np.zeros((top + 1, rows.shape[1]), dtype=np.uint64)
        least = low[column, leaves].clip(0, top)
        beyond = np.maximum(least, high[column, leaves].clip(None, top - 1) + 1)  # nothing between: no code is allowed
        for end in (least, beyond):
            np.bitwise_xor.at(allowed, (end, word), bit)
        np.bitwise_xor.accumulate(allowed, axis=0, out=allowed)
        rows[base[feature] : base[feature] + sizes[feature]] &= allowed[codes]


class TableEngine:
    """Sums by tables, in numpy; what the bits of a byte weigh together is looked up."""

    computed_by = "numpy"

    def __init__(self, tables: Tables) -> None:
        self.rows, self.base, self.parts = tables.rows, tables.base, tables.parts
        heads = (tables.block_part, tables.block_first, tables.block_end, tables.block_one)
        self.blocks = list(zip(*(head.tolist() for head in heads), strict=True))
        bits = np.unpackbits(np.arange(BYTE, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(np.int64)
        self.sums_of_bytes = {
            first: (bits @ tables.weights[first * WORD : end * WORD].reshape(-1, 8).T).T.ravel()
            for _, first, end, one in self.blocks
            if not one
        }

    def own(self, row: Row) -> list[int]:
        """Return the sums of a row of places."""
        return self.sums(np.bitwise_and.reduce(self.words(row), axis=0, keepdims=True))[0]

    def replaced(self, row: Row, reference: Row) -> list[tuple[list[int], int]]:
        """Return the sums with each place in turn as the reference has it, where it differs."""
        places = [place for place, (own, other) in enumerate(zip(row, reference, strict=True)) if own != other]
        if not places:
            return []
        own, kept = self.words(row), self.words(reference)[places]
        others = [place for place in range(len(row)) if place not in places]
        for order in (range(len(places)), range(len(places) - 1, -1, -1)):
            left = np.bitwise_and.reduce(own[others], axis=0)  # of all ones, where there are none
            for number in order:
                kept[number] &= left
                left &= own[places[number]]
        return list(zip(self.sums(kept), places, strict=True))

    def many(self, rows: Sequence[Row]) -> list[list[int]]:
        """Return the sums of several rows."""
        return [self.own(row) for row in rows]

    def words(self, row: Row) -> Words:
        """Return the rows of bits of an applicant's places."""
        return self.rows.take(self.base + row, axis=0)

    def sums(self, words: Words) -> list[list[int]]:
        """Return the parts' sums of rows of bits that are left."""
        found = np.zeros((len(words), self.parts), dtype=np.int64)
        for part, first, end, one in self.blocks:
            left = np.ascontiguousarray(words[:, first:end])
            if one:
                found[:, part] += np.bitwise_count(left).sum(axis=1, dtype=np.int64) * one
            else:
                octets = left.view(np.uint8)
                places = octets + np.arange(0, BYTE * octets.shape[1], BYTE)
                found[:, part] += self.sums_of_bytes[first].take(places).sum(axis=1)
        sums: list[list[int]] = found.tolist()
        return sums
