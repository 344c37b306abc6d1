"""a run, the numbers of its rows -> their identifiers, as `src.journal.batch_ids` makes them, many at once"""

import numpy as np
import pyarrow as arrow
from numpy.typing import NDArray

DIGITS, WIDTH = 12, 36


def ids_of(run_id: str, rows: NDArray[np.int64]) -> arrow.Array:
    """Return the identifiers of rows of a run by their running numbers."""
    count = len(rows)
    text = np.empty((count, WIDTH), dtype=np.uint8)
    text[:] = np.frombuffer(run_id.encode(), dtype=np.uint8)
    table = np.array([list(f"{number:04x}".encode()) for number in range(1 << 16)], dtype=np.uint8)
    for place, shift in enumerate((32, 16, 0)):
        start = WIDTH - DIGITS + 4 * place
        text[:, start : start + 4] = table[(rows >> shift) & 0xFFFF]
    offsets = np.arange(0, WIDTH * (count + 1), WIDTH, dtype=np.int32)
    return arrow.StringArray.from_buffers(count, arrow.py_buffer(offsets), arrow.py_buffer(text))
