"""a log and the bytes of its archives -> the predictions that left it, whole, as if they were there"""

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from src.errors import LastroError
from src.files import sha256_of
from src.journal.archive_file import entries_of
from src.journal.archive_tables import ARCHIVED, ARCHIVES
from src.journal.tables import Entry

Get = Callable[[str], bytes | None]  # an object's bytes by its key; None where it is not there
Rows = Callable[[sa.Select[Any]], list[dict[str, Any]]]
FOLDER = "archive/predictions/"
OPEN = 2  # archives that are in memory at once
PAGE = 5_000  # identifiers that are


def key_of(content: bytes) -> str:
    """Return the key of an archive: its bytes' hash, so that the same rows are the same object."""
    return f"{FOLDER}{sha256_of(content)}.parquet"


def fetch(get: Get, key: str) -> list[Entry]:
    """Return the rows of an archive; raises LastroError where it is not there, or another file than its name says."""
    content = get(key)
    if content is None:
        raise LastroError(f"{key}: the archive is not in the place of DVC's objects")
    if key_of(content) != key:
        raise LastroError(f"{key}: refused, its sha256 is {sha256_of(content)}")
    try:
        return entries_of(content)
    except LastroError as error:
        raise LastroError(f"{key}: {error}") from None


class Archives:
    """What left a log: `rows` asks it, `get` has the objects' bytes."""

    def __init__(self, rows: Rows, get: Get) -> None:
        self.rows, self.get = rows, get
        self.open: dict[str, dict[tuple[str, str], Entry]] = {}

    def entries(self, *chosen: sa.ColumnElement[bool], newest_first: bool = False) -> Iterator[Entry]:
        """Yield the predictions of which the narrow rows are chosen, by their identifiers."""
        row = ARCHIVED.c
        after: sa.ColumnElement[bool] = sa.true()
        query = sa.select(row.id, row.key_id, ARCHIVES.c.object).join(ARCHIVES, ARCHIVES.c.number == row.archive)
        order = (row.id.desc(), row.key_id.desc()) if newest_first else (row.id, row.key_id)
        place = sa.tuple_(row.id, row.key_id)
        while found := self.rows(query.where(*chosen, after).order_by(*order).limit(PAGE)):
            for one in found:
                yield self.entry(one["object"], (one["key_id"], one["id"]))
            last = sa.tuple_(sa.literal(found[-1]["id"]), sa.literal(found[-1]["key_id"]))
            after = place < last if newest_first else place > last

    def entry(self, key: str, of: tuple[str, str]) -> Entry:
        """Return a prediction of an archive; raises LastroError where that does not hold it."""
        if key not in self.open:
            while len(self.open) >= OPEN:
                del self.open[next(iter(self.open))]
            self.open[key] = {(entry.key_id, entry.id): entry for entry in fetch(self.get, key)}
        if of not in self.open[key]:
            raise LastroError(f"{key}: the archive does not hold the prediction {of[1]}")
        return self.open[key][of]
