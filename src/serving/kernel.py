"""kernel.c, compiled by `python -m ops.kernel` -> the sums of trees, as numpy finds them and many times as fast

Where it was not compiled, or not from this very source, or for another machine, there is none, and numpy does the same.
"""

import ctypes
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from src.serving.tables import Tables
    from src.serving.trees import Trees

SOURCE = Path(__file__).with_name("kernel.c")
Row = Sequence[int]


def load(folder: Path = SOURCE.parent) -> "Kernel | None":
    """Return the compiled kernel of a folder; None where there is none of this source, whole, for this machine."""
    made = sorted(folder.glob(f"kernel-{digits(SOURCE)}-*.so")) if SOURCE.is_file() else []
    return next(filter(None, map(opened, made)), None)


def opened(path: Path) -> "Kernel | None":
    """Return the kernel of a file whose name ends with its own hash: half a file is no error, it ends the process."""
    try:
        if path.stem.endswith(digits(path)):
            return Kernel(ctypes.PyDLL(str(path)))  # keeps the interpreter's lock: a call is shorter than its hand-over
    except (OSError, AttributeError, ValueError):  # another machine's, or not what its name says
        pass
    return None


def digits(path: Path) -> str:
    """Return the first digits of a file's SHA-256."""
    return sha256(path.read_bytes()).hexdigest()[:16]


class Kernel:
    """The functions of a compiled kernel."""

    def __init__(self, library: ctypes.PyDLL) -> None:
        self.step = ctypes.c_int64.in_dll(library, "kernel_step").value
        self.of_tables = library.tables_own, library.tables_replaced
        self.of_nodes = library.nodes_own, library.nodes_replaced

    def tables(self, tables: "Tables") -> "Engine":
        """Return what sums by tables."""
        import numpy as np

        whole, features = np.int64, len(tables.base)
        blocks = [tables.block_part, tables.block_first, tables.block_end, tables.block_one]
        arrays: list[Any] = [tables.rows, tables.base, *blocks, tables.weights]
        arrays.append(np.empty((features + 1) * self.step, np.uint64))
        sizes = [tables.rows.shape[1], features, len(tables.block_part), tables.parts]
        kinds = [np.uint64, whole, np.int32, np.int32, np.int32, whole, whole, np.uint64]
        return Engine("kernel", self.of_tables, described(arrays, kinds, sizes), features, tables.parts)

    def nodes(self, trees: "Trees", features: int) -> "Engine":
        """Return what sums by a pass over the nodes of trees, for rows of so many features."""
        import numpy as np

        nodes = np.stack([trees.column, trees.split, trees.left, trees.right], axis=1)
        asked = [trees.feature, trees.starts, trees.codes]
        scratch = np.empty(2 * (len(trees.feature) + features), np.int32)
        arrays: list[Any] = [nodes, trees.weight, trees.roots, trees.part, *asked, scratch]
        sizes = [len(trees.roots), len(trees.feature), features, trees.parts]
        kinds = [np.int32, np.int64, *[np.int32] * 6]
        return Engine("nodes", self.of_nodes, described(arrays, kinds, sizes), features, trees.parts)


class Engine:
    """Sums of rows of places, by one way of the kernel; every thread may ask."""

    def __init__(
        self, computed_by: str, functions: tuple[Any, Any], model: ctypes.Structure, features: int, parts: int
    ) -> None:
        self.computed_by = computed_by
        self.own_of, self.replaced_of = functions  # without `argtypes`: pointers alone go in, a microsecond sooner
        self.model, self.parts, self.wide = ctypes.byref(model), parts, parts + 1
        self.pack = Struct(f"{features}i").pack
        self.sums = ctypes.c_int64 * parts
        self.found = ctypes.c_int64 * (self.wide * (features + 1))

    def own(self, row: Row) -> list[int]:
        """Return the sums of a row."""
        sums = self.sums()
        self.own_of(self.model, self.pack(*row), sums)
        return sums[:]

    def replaced(self, row: Row, reference: Row) -> list[tuple[list[int], int]]:
        """Return the sums with each place in turn as the reference has it, where it differs."""
        found, parts, wide = self.found(), self.parts, self.wide
        count = self.replaced_of(self.model, self.pack(*row), self.pack(*reference), found)
        flat = found[: count * wide]
        return [(flat[at : at + parts], flat[at + parts]) for at in range(0, count * wide, wide)]

    def many(self, rows: Sequence[Row]) -> list[list[int]]:
        """Return the sums of several rows."""
        return [self.own(row) for row in rows]


def described(arrays: Sequence["NDArray[Any]"], kinds: Sequence[Any], sizes: Sequence[int]) -> ctypes.Structure:
    """Return what C reads: pointers to arrays of these kinds, which are kept, and sizes."""
    import numpy as np

    kept = [np.ascontiguousarray(array, dtype=kind) for array, kind in zip(arrays, kinds, strict=True)]
    fields: list[tuple[str, Any]] = [(f"array_{place}", ctypes.c_void_p) for place in range(len(kept))]
    fields += [(f"size_{place}", ctypes.c_int64) for place in range(len(sizes))]
    model = type("Model", (ctypes.Structure,), {"_fields_": fields, "kept": kept})
    found: ctypes.Structure = model(*(array.ctypes.data for array in kept), *sizes)
    return found
