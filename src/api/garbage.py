"""what a process holds when it begins to serve -> never looked through for cycles again; requests' objects seldom"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 10_000  # new objects from which on they are looked through (Python's own: 700)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the collector of cycles rest while much is made and hardly anything thrown away; what was made is old then.

    As young objects they would all be looked through at once.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()  # into the oldest generation, whatever they were in
        gc.enable()


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
