"""The kernel in C finds the sums that its definition says, however it was compiled; where it is not, there is none."""

import functools
import operator
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.kernel import FLAGS, build
from src.serving import kernel
from src.serving.kernel import Kernel, digits, load
from tests.serving.test_trees import COUNTS, random_trees, walked

WAYS = {"as it is built": FLAGS, "plain C, not optimised": ("-O0", "-std=c99", "-DPLAIN", "-fPIC", "-shared")}


@pytest.fixture(scope="module")
def built(compiler: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each way of compiling, the kernel in it."""
    folders = {way: tmp_path_factory.mktemp("kernel") for way in WAYS}
    said = {way: build(folder, WAYS[way]) for way, folder in folders.items()}
    assert said == dict.fromkeys(WAYS, ""), compiler
    return folders


@pytest.fixture(scope="module")
def kernels(built: dict[str, Path]) -> list[Kernel]:
    """The same kernel, compiled in several ways."""
    found = [load(folder) for folder in built.values()]
    assert None not in found
    return [one for one in found if one]


def random_tables(random: np.random.Generator) -> tuple[Any, list[int]]:
    """Tables of any size, most bits set, and how many places each feature has."""
    places = random.integers(1, 5, size=random.integers(1, 7)).tolist()
    ends = random.integers(0, 40, size=random.integers(0, 5)).cumsum()
    words, blocks, parts = int(ends[-1]) if len(ends) else 0, len(ends), int(random.integers(1, 4))
    rows = random.integers(0, 2**64, (2, sum(places), words), dtype=np.uint64)
    tables = SimpleNamespace(
        rows=rows[0] | rows[1],
        base=np.cumsum([0, *places[:-1]]),
        block_part=random.integers(0, parts, blocks, dtype=np.int32),
        block_first=np.array([0, *ends[:-1]][:blocks], dtype=np.int32),
        block_end=ends.astype(np.int32),
        block_one=random.choice([0, 1, -3, 2**60], blocks).astype(np.int64),
        weights=random.integers(-(2**63), 2**63, 64 * words),
        parts=parts,
    )
    return tables, places


def sums_by_tables(tables: Any, row: Sequence[int]) -> list[int]:
    """What the tables mean, bit by bit."""
    sums = [0] * tables.parts
    blocks = zip(tables.block_part, tables.block_first, tables.block_end, tables.block_one, strict=True)
    for part, first, end, one in blocks:
        for word in range(first, end):
            rows = (int(tables.rows[base + place, word]) for base, place in zip(tables.base, row, strict=True))
            left = functools.reduce(operator.and_, rows)
            bits = (bit for bit in range(64) if left >> bit & 1)
            sums[part] += sum(int(one) or int(tables.weights[64 * word + bit]) for bit in bits)
    return [wrapped(each) for each in sums]


def wrapped(value: int) -> int:
    """The number in 64 bits, as C and numpy add."""
    return (value + 2**63) % 2**64 - 2**63


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_tables_and_nodes_give_the_sums_of_their_definition(kernels: list[Kernel], seed: int) -> None:
    random = np.random.default_rng(seed)
    cases = ((random_tables(random), sums_by_tables), ((random_trees(seed), [count + 1 for count in COUNTS]), walked))
    for (model, places), plain in cases:
        rows = [[int(random.integers(count)) for count in places] for _ in range(3)]
        row, reference = rows[0], rows[-1]
        differing = [place for place, own in enumerate(row) if own != reference[place]]
        exchanged = [[*row[:place], reference[place], *row[place + 1 :]] for place in differing]
        for one in kernels:
            engine = one.nodes(model, len(places)) if plain is walked else one.tables(model)
            assert engine.own(row) == plain(model, row)
            assert engine.many(rows) == [plain(model, each) for each in rows]
            replaced = engine.replaced(row, reference)
            assert replaced == [(plain(model, each), at) for each, at in zip(exchanged, differing, strict=True)]
            assert replaced == [(engine.own(each), at) for each, at in zip(exchanged, differing, strict=True)]
            assert engine.replaced(row, row) == []


def test_kernel_of_another_source_is_not_loaded(
    built: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(built["as it is built"], tmp_path / "folder")
    assert load(folder) is not None
    changed = tmp_path / "kernel.c"
    changed.write_text(kernel.SOURCE.read_text() + "\n")
    monkeypatch.setattr(kernel, "SOURCE", changed)
    assert load(folder) is None
    assert build(folder) == ""
    assert load(folder) is not None
    assert len(list(folder.iterdir())) == 1, "the former source's is of no use"


def test_without_source_or_file_there_is_no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(tmp_path) is None
    monkeypatch.setattr(kernel, "SOURCE", tmp_path / "kernel.c")
    assert load(tmp_path) is None


@pytest.mark.parametrize("named_anew", [False, True])
def test_broken_kernel_is_none(built: dict[str, Path], tmp_path: Path, named_anew: bool) -> None:
    (whole,) = built["as it is built"].iterdir()
    half = whole.read_bytes()[: 10_000 if not named_anew else 50]  # more of it would end the process when it is loaded
    (tmp_path / whole.name).write_bytes(half)
    if named_anew:
        (tmp_path / whole.name).rename(tmp_path / f"kernel-{digits(kernel.SOURCE)}-{digits(tmp_path / whole.name)}.so")
    assert load(tmp_path) is None


def test_library_with_other_functions_is_none(compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "kernel.c"
    other.write_text("int kernel_step = 1;\n")
    monkeypatch.setattr(kernel, "SOURCE", other)
    assert build(tmp_path) == "what was made cannot be loaded here", compiler
