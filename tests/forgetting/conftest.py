"""A log of applications of two years with outcomes and groups, and a folder for its archives"""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from src.forgetting.desk import Desk, opened
from src.journal.identifiers import first_id
from src.journal.journal import Journal
from src.journal.outcomes import Told, predicted, record
from src.journal.reader import Reader
from src.journal.settings import Settings
from src.journal.tables import Entry
from src.lineage.folder import Folder
from tests.conftest import ROOT
from tests.journal.conftest import address
from tests.journal.rows import entry

__all__ = ["address"]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=700)
BEFORE = NOW - timedelta(days=400)
REASONS = '[{"feature":"a","title":"A","value":"%s","points":-7.5}]'


@dataclass
class Log:
    """A log in use, and the project whose bucket has its archives: by the journal as the API writes, by a reader."""

    address: str
    root: Path
    journal: Journal

    @property
    def settings(self) -> Settings:
        return Settings(_env_file=None, database_url=self.address)

    @property
    def folder(self) -> Folder:
        return Folder(self.root / "objects")

    @property
    def objects(self) -> list[str]:
        return sorted(path.name for path in (self.folder.path / "archive" / "predictions").glob("*"))

    def desk(self) -> AbstractContextManager[Desk]:
        return opened(self.settings, self.root)

    def reader(self) -> Reader:
        return Reader(self.address, 5.0, self.folder.get)

    def write(self, rows: int, start: datetime, name: str, **about: Any) -> list[Entry]:
        """Add applications, one an hour, each of whom says something that nobody else says."""
        made = [said(start + timedelta(hours=hour), f"{name}-{hour}", **about) for hour in range(rows)]
        self.journal.writer.commit(made)
        return made

    def tell(self, entries: list[Entry], group: str = "g") -> None:
        """Tell what became of applicants, and a group that only they belong to."""
        told = [
            Told(one.id, "good", one.time + timedelta(days=90), {"sex": f"{group}-{one.id[-6:]}"}) for one in entries
        ]
        with self.journal.transaction() as connection:
            known = predicted(connection, [one.id for one in entries])
        with self.journal.transaction() as connection:
            record(connection, told, known, "web", NOW)

    def all(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.journal.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), values)]


def said(moment: datetime, what: str, **about: Any) -> Entry:
    """An application in which somebody said something."""
    one = str(UUID(int=UUID(first_id(moment)).int + hash(what) % 2**60))
    values: dict[str, Any] = {
        "id": one,
        "time": moment,
        "inputs": f'{{"a":"says {what}"}}',
        "reasons": REASONS % f"says {what}",
    }
    return entry(**(values | about))


@pytest.fixture
def log(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    root = tmp_path / "project"
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path / "state"))  # where no lake and no feature table is
    monkeypatch.setenv("LASTRO_LAKE_CATALOG", "sqlite")
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc" / "config").write_text(f"[core]\nremote = local\n['remote \"local\"']\nurl = {root / 'objects'}\n")
    (root / "objects").mkdir()
    shutil.copy(ROOT / "policy.yaml", root)
    monkeypatch.chdir(root)
    journal = Journal(address, 5.0)
    journal.start()
    yield Log(address, root, journal)
    journal.close()
