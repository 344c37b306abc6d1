"""rows of places -> the sums of the leaves that they reach in each part of a model of trees"""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.serving import kernel

AT_ONCE = 4096  # rows, where numpy finds their sums


def sums_of(engine: Any, places: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the sums (a column for each part) of rows of places (a column for each feature)."""
    places = np.ascontiguousarray(places, dtype=np.int32)
    if isinstance(engine, kernel.Engine):
        return by_kernel(engine, places)
    parts = [engine.many(places[start : start + AT_ONCE].tolist()) for start in range(0, len(places), AT_ONCE)]
    return np.array([sums for part in parts for sums in part], dtype=np.int64).reshape(len(places), -1)


def by_kernel(engine: kernel.Engine, places: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the sums by the compiled kernel: a call a row, straight from one array into another."""
    found = np.empty((len(places), engine.parts), dtype=np.int64)
    pointer = ctypes.c_void_p
    own = ctypes.PYFUNCTYPE(None, pointer, pointer, pointer)(ctypes.cast(engine.own_of, pointer).value or 0)
    model = ctypes.addressof(engine.model._obj)  # type: ignore[attr-defined]  # what `byref` refers to
    step, wide = places.strides[0], found.strides[0]
    first, to = places.ctypes.data, found.ctypes.data
    for row in range(len(places)):
        own(model, first + row * step, to + row * wide)
    return found
