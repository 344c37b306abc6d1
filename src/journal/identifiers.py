"""time -> identifiers that sort by it (UUID version 7, RFC 9562)"""

import time
from datetime import datetime
from random import getrandbits
from uuid import UUID

VERSION = 7 << 76
VARIANT = 2 << 62


def new_id() -> str:
    """A UUID of version 7: 48 bits of milliseconds, 12 bits of their fraction, 62 random bits.

    It is unique but no secret: Python's generator is seeded by the system, again after a fork, and needs no call to it.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    number = milliseconds << 80 | VERSION | (rest << 12) // 1_000_000 << 64 | VARIANT | getrandbits(62)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_id(moment: datetime) -> str:
    """The smallest identifier that a moment (with its zone) or a later one can have."""
    microseconds = round(moment.timestamp() * 1_000_000)
    milliseconds, rest = divmod(max(0, microseconds), 1000)
    return str(UUID(int=min(milliseconds, 2**48 - 1) << 80 | VERSION | (rest << 12) // 1000 << 64 | VARIANT))
