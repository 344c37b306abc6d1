"""a run, the numbers of its rows -> their identifiers, as `src.journal.batch_ids` makes them, many at once"""

import functools

import numpy as np
import pyarrow as arrow
from numpy.typing import NDArray

from src.journal.batch_ids import DIGITS

WIDTH, WORD = 36, 4  # signs of an identifier, and those that are written at once
DIGIT = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def ids_of(run_id: str, rows: NDArray[np.int64]) -> arrow.Array:
    """Return the identifiers of rows of a run by their running numbers."""
    count, first = len(rows), (WIDTH - DIGITS) // WORD
    text = np.empty((count, WIDTH // WORD), dtype=np.uint32)
    text[:] = np.frombuffer(run_id.encode(), dtype=np.uint32)
    for place in range(DIGITS // WORD):
        text[:, first + place] = words().take((rows >> (32 - 16 * place)) & 0xFFFF)
    offsets = np.arange(0, WIDTH * (count + 1), WIDTH, dtype=np.int32)
    return arrow.StringArray.from_buffers(count, arrow.py_buffer(offsets), arrow.py_buffer(text))


@functools.cache
def words() -> NDArray[np.uint32]:
    """Return the four signs of each number below 2¹⁶."""
    numbers = np.arange(1 << 16)
    signs = np.stack([DIGIT[(numbers >> shift) & 15] for shift in (12, 8, 4, 0)], axis=1)
    return signs.view(np.uint32).ravel()
