"""what a process holds when it begins to serve -> never looked through for cycles again; requests' objects seldom"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 10_000  # new objects from which on they are looked through (Python's own: 700); a request makes hundreds


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let the collector of cycles rest where it finds nothing: what a request makes is freed when its last name goes.

    Cycles that do arise are still found, by thousands.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
