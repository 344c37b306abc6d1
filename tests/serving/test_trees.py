"""Trees by tables of bits and by their nodes: the whole numbers that a walk down each tree finds"""

import json
import os
import subprocess
import sys
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from src.serving import tables
from src.serving.nodes import NodeEngine
from src.serving.predictors import Engine, engine_of
from src.serving.tables import TableEngine, build, size
from src.serving.trees import Trees, from_bytes, part_exponent, to_bytes
from tests.conftest import ROOT
from tests.serving.kinds import applicants, compiled, served, table

COUNTS = [3, 1, 40, 2, 7]  # codes of each feature; the last one is asked by no tree
FLAGS = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR AVX2 FMA3"


def random_trees(seed: int) -> Trees:
    """Three parts: leaves that mostly weigh the same, leaves of any weight, and lone leaves; splits may contradict."""
    random = np.random.default_rng(seed)
    feature, codes = [], []
    for place, count in enumerate(COUNTS[:4]):
        feature += [place, place]
        codes += [np.arange(count + 1), random.integers(0, 4, count + 1)]
    column, split, left, right, weight, roots, part = [], [], [], [], [], [], []

    def grow(depth: int, pure: bool) -> int:
        if depth == 0 or random.random() < 0.15:
            weight.append(int(random.choice([0, 0, 7, 7, 7, 7, 5]) if pure else random.integers(-(2**59), 2**59)))
            return ~(len(weight) - 1)
        node = len(column)
        column.append(int(random.integers(len(feature))))
        split.append(int(random.integers(-1, len(codes[column[-1]]) + 1)))
        left.append(0)
        right.append(0)
        left[node] = grow(depth - 1, pure)
        right[node] = grow(depth - 1, pure)
        return node

    for number, (count, depth) in enumerate([(9, 6), (6, 5), (2, 0)]):
        for _ in range(count):
            roots.append(grow(depth, pure=number == 0))
            part.append(number)
    narrow = {"feature": feature, "starts": np.cumsum([0, *map(len, codes)]), "codes": np.concatenate(codes),
              "column": column, "split": split, "left": left, "right": right, "roots": roots, "part": part,
              "exponents": [3, 50, 0]}  # fmt: skip
    return Trees(
        weight=np.array(weight, dtype=np.int64), **{name: np.array(v, dtype=np.int32) for name, v in narrow.items()}
    )


def walked(trees: Trees, row: list[int]) -> list[int]:
    """The parts' sums, a tree at a time."""
    sums = [0] * trees.parts
    for root, part in zip(trees.roots, trees.part, strict=True):
        node = root
        while node >= 0:
            column = trees.column[node]
            code = trees.code_table(column)[row[trees.feature[column]]]
            node = trees.left[node] if code <= trees.split[node] else trees.right[node]
        sums[part] += int(trees.weight[~node])
    return sums


def random_rows(seed: int, count: int) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [[int(random.integers(places + 1)) for places in COUNTS] for _ in range(count)]


def engines(trees: Trees) -> list[Engine]:
    return [TableEngine(build(trees, COUNTS)), NodeEngine(trees)]


@pytest.mark.parametrize("seed", range(12))
def test_every_way_finds_the_sums_of_a_walk_alone_together_and_replaced(seed: int) -> None:
    trees, (reference, *rows) = random_trees(seed), random_rows(seed, 13)
    expected = [walked(trees, row) for row in rows]
    others = [
        [
            (walked(trees, [*row[:place], reference[place], *row[place + 1 :]]), place)
            for place in range(len(COUNTS))
            if row[place] != reference[place]
        ]
        for row in rows
    ]
    for engine in engines(trees):
        assert [list(engine.own(row)) for row in rows] == expected
        assert [list(sums) for sums in engine.many(rows)] == expected
        assert [[(list(s), p) for s, p in engine.replaced(row, reference)] for row in rows] == others
        assert list(engine.replaced(reference, reference)) == []


def test_leaf_that_contradictory_splits_leave_nothing_is_in_no_row() -> None:
    narrow = {"feature": [0], "starts": [0, 4], "codes": [0, 1, 2, 3], "column": [0, 0], "split": [0, -1],
              "left": [~0, ~1], "right": [1, ~2], "roots": [0], "part": [0], "exponents": [0]}  # fmt: skip
    never = Trees(
        weight=np.array([1, 2, 3], dtype=np.int64),
        **{name: np.array(each, dtype=np.int32) for name, each in narrow.items()},
    )
    rows = build(never, [3]).rows
    assert [int(row[0]) for row in rows] == [1, 4, 4, 4]


def test_file_has_the_same_bytes_every_time_and_the_same_trees(tmp_path: Path) -> None:
    trees = random_trees(1)
    content = to_bytes(trees)
    assert content == to_bytes(random_trees(1))
    again = from_bytes(content, tmp_path)
    for field in fields(Trees):
        before, after = getattr(trees, field.name), getattr(again, field.name)
        assert before.dtype == after.dtype, field.name
        assert (before == after).all(), field.name


@pytest.mark.parametrize("seed", range(20))
def test_leaves_are_as_fine_as_the_sums_63_bits_allow(seed: int) -> None:
    random = np.random.default_rng(seed)
    largest = [float(x) for x in random.lognormal(0, 10 ** random.uniform(-2, 1), random.integers(1, 400))]
    exponent = part_exponent(largest)

    def total(power: int) -> int:
        return sum(round(Fraction(each) * Fraction(2) ** power) for each in largest)

    assert total(exponent) < 2**63 <= total(exponent + 1) + len(largest)


def test_leaves_of_nothing_and_of_next_to_nothing_have_a_unit() -> None:
    assert part_exponent([0.0, 0.0]) == 0
    assert 2.0 ** -part_exponent([5e-324]) > 0
    assert part_exponent([1.0] * 2**4) == 58  # 2 ** 62, where another power would be 2 ** 63


def test_trees_whose_tables_are_too_large_are_gone_down(monkeypatch: pytest.MonkeyPatch) -> None:
    trees = compiled("blend").trees
    assert trees
    counts = [field.count for field in compiled("blend").fields]
    given = [served("blend").row(applicant) for applicant in applicants(table()[0])]
    before = engine_of(trees, counts)
    assert before.computed_by != "nodes"
    made = build(trees, counts)
    assert made.rows.nbytes + made.weights.nbytes <= size(trees, counts) + 8 * 64 * (sum(counts) + len(counts) + 64)
    monkeypatch.setattr(tables, "BOUND", size(trees, counts) - 1)
    after = engine_of(trees, counts)
    assert after.computed_by == "nodes"
    assert [list(sums) for sums in after.many(given)] == [list(sums) for sums in before.many(given)]


CODE = """
import json, sys
from pathlib import Path
from src.serving.nodes import NodeEngine
from src.serving.tables import TableEngine, build
from src.serving.trees import from_bytes
path = Path(sys.argv[1])
trees, counts, rows = from_bytes(path.read_bytes(), path), json.loads(sys.argv[2]), json.loads(sys.argv[3])
engine = TableEngine(build(trees, counts))
print(json.dumps([engine.many(rows), [engine.replaced(row, rows[0]) for row in rows], NodeEngine(trees).many(rows)]))
"""


def test_processor_without_its_newer_instructions_finds_the_same_sums(tmp_path: Path) -> None:
    trees, rows = random_trees(2), random_rows(3, 20)
    path = tmp_path / "trees.npz"
    path.write_bytes(to_bytes(trees))
    command = [sys.executable, "-c", CODE, str(path), json.dumps(COUNTS), json.dumps(rows)]
    env = os.environ | {"NPY_DISABLE_CPU_FEATURES": FLAGS, "OPENBLAS_CORETYPE": "Prescott"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    engine = engines(trees)[0]
    found = [engine.many(rows), [engine.replaced(row, rows[0]) for row in rows], NodeEngine(trees).many(rows)]
    assert json.loads(done.stdout) == json.loads(json.dumps(found))
