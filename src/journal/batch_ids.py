"""what a batch run is made of, and a row of it -> identifiers (UUID version 8, RFC 9562); and back

A row's identifier is its run's, but for the last 48 bits: those are the row's number among all rows of the run's files,
from 0. The run's own has ones there. So no table names the rows, and no identifier of the API (version 7) is one.
"""

from uuid import UUID

# RFC 9562's bits from the highest: 48 of one's own, 4 of version, 12 of one's own, 2 of variant, 62 of one's own
VERSION = 8 << 76
VARIANT = 2 << 62  # the bits 10
OWN = ~(0xF << 76 | 3 << 62)  # every bit but those of version and variant
ROW = (1 << 48) - 1  # the bits of the row; all ones in the run's own identifier
MOST_ROWS = ROW  # from 0 to ROW - 1
DIGITS = 12  # in which a row's number is written
VERSION_AT, BATCH = 14, "8"  # where the text has the version's digit, and which one


def run_id(sha256: str) -> str:
    """Return a run's identifier: 74 bits of the SHA-256 (64 hexadecimal digits) of what the run is made of."""
    return str(UUID(int=(int(sha256, 16) >> 128) & OWN & ~ROW | VERSION | VARIANT | ROW))


def ids_of(run: str, first: int, count: int) -> list[str]:
    """Return the identifiers of rows by their numbers; they sort as the rows do. Raises ValueError beyond 2⁴⁸ - 1."""
    if first < 0 or count < 0 or first + count > MOST_ROWS:
        raise ValueError(f"rows {first} to {first + count - 1}: a run has rows from 0 to {MOST_ROWS - 1}")
    head = run[:-DIGITS]
    return [f"{head}{row:012x}" for row in range(first, first + count)]


def of_batch(identifier: str) -> bool:
    """Say whether an identifier, in small letters, may be that of a batch's row."""
    return identifier[VERSION_AT] == BATCH


def run_of(prediction_id: str) -> str:
    """Return the run whose row this is."""
    return f"{prediction_id[:-DIGITS]}{ROW:012x}"


def row_of(prediction_id: str) -> int:
    """Return the row's number; that of a run's own identifier is none of a row, and larger than all of them."""
    return int(prediction_id[-DIGITS:], 16)
