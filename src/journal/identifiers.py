"""time -> identifiers that sort by it (UUID version 7, RFC 9562)"""

import time
from collections.abc import Callable
from datetime import datetime
from random import getrandbits
from uuid import UUID

# RFC 9562's bits from the highest: 48 of milliseconds, 4 of version, 12 of their fraction, 2 of variant, 62 random
VERSION = 7 << 76
VARIANT = 2 << 62  # the bits 10


def new_id(time_ns: Callable[[], int] = time.time_ns) -> str:
    """Return a UUID of version 7: 48 bits of milliseconds, 12 bits of their fraction, 62 random bits.

    It is unique but no secret: Python's generator is seeded by the system, again after a fork, and needs no call to it.
    """
    milliseconds, rest = divmod(time_ns(), 1_000_000)
    # (rest << 12) // 1_000_000 is the rest of the millisecond in 4096ths, rounded down: time never sorts backwards
    text = f"{milliseconds << 80 | VERSION | (rest << 12) // 1_000_000 << 64 | VARIANT | getrandbits(62):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_id(moment: datetime) -> str:
    """Return the smallest identifier that a moment (with its zone) or a later one can have."""
    milliseconds, rest = divmod(max(0, microseconds_of(moment)), 1000)  # no sign: before 1970 is 1970; 9999 fits
    # rounded down as in new_id, all random bits 0: no identifier of this microsecond or a later one is smaller
    return str(UUID(int=milliseconds << 80 | VERSION | (rest << 12) // 1000 << 64 | VARIANT))


def microseconds_of(moment: datetime) -> int:
    """Return the microseconds from 1970 until a moment (with its zone)."""
    return round(moment.timestamp() * 1_000_000)  # a float of seconds holds them whole until the year 2242
