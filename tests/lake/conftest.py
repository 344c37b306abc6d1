"""A project whose data were ingested, a remote in a folder, a log, and the lake made of them"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pytest
import sqlalchemy as sa
import yaml
from pyarrow.parquet import read_table, write_table
from pyiceberg.catalog import Catalog

from src.files import digest
from src.journal.tables import PREDICTIONS, Entry
from src.lake.catalog import open_catalog
from src.lake.query import answer
from src.lake.settings import Settings
from src.lake.sync import sync
from src.lineage.chain import Place, append, read_chain
from src.lineage.folder import Folder
from src.lineage.lock import DATA
from src.lineage.storage import Bucket
from src.pipeline import ingest
from tests.conftest import ROOT
from tests.monitoring.conftest import engine, migrated, sqlite
from tests.monitoring.test_run import address_of

__all__ = ["engine", "migrated", "sqlite"]
PACKAGE = "data/external/german_credit"


@dataclass
class Lake:
    """What a sync reads, and the catalog that it writes."""

    root: Path
    place: Place
    settings: Settings
    log: sa.Engine

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog."""
        return open_catalog(self.settings, self.place)

    def sync(self, **options: Any) -> dict[str, Any]:
        """Bring the tables up to date."""
        return sync(self.catalog, self.settings, self.root, self.place, **options)

    def ask(self, sql: str, version: int | None = None) -> list[tuple[Any, ...]]:
        """The rows that answer a question."""
        return [row for rows in answer(self.catalog, sql, version).rows for row in rows]

    def add(self, entries: Sequence[Entry]) -> None:
        """Write predictions into the log."""
        with self.log.begin() as connection:
            connection.execute(PREDICTIONS.insert(), [entry._asdict() for entry in entries])

    def publish(self, version: int, table: arrow.Table) -> str:
        """Publish a version that was trained on a table; return the table's md5."""
        content = arrow.BufferOutputStream()
        write_table(table, content)
        data = content.getvalue().to_pybytes()
        md5 = hashlib.md5(data).hexdigest()
        start = f"s3://{self.place.name}/" if isinstance(self.place, Bucket) else f"{self.place.path}/"
        self.place.create(self.place.url_of(md5).removeprefix(start), data)
        facts = {"form_sha256": "f" * 64, "sha256": "d" * 64, "data_md5": md5, "metrics": {"roc_auc": 0.8}}
        append(self.place, read_chain(self.place), kind="publish", version=version, by="t", why="a test", **facts)
        return md5


def lock_of(root: Path) -> None:
    """Write the dvc.lock of an ingested project."""
    made = [{"path": DATA, "hash": "md5", "md5": digest(root / DATA, "md5"), "size": (root / DATA).stat().st_size}]
    named = f"{PACKAGE}/datapackage.yaml"
    deps = [{"path": named, "hash": "md5", "md5": digest(root / named, "md5")}]
    stage = {"cmd": "python -m src.pipeline.ingest", "deps": deps, "outs": made}
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"ingest": stage}}))


@pytest.fixture(scope="session")
def _ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ingested") / "project"
    shutil.copytree(ROOT / PACKAGE, root / PACKAGE)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        ingest.main()
    lock_of(root)
    return root


@pytest.fixture
def root(_ingested: Path, tmp_path: Path) -> Path:
    """The project, to be changed."""
    return shutil.copytree(_ingested, tmp_path / "project")


@pytest.fixture
def typed(root: Path) -> arrow.Table:
    """The typed rows of the project."""
    return read_table(root / DATA)


@pytest.fixture
def lake(root: Path, tmp_path: Path, engine: sa.Engine) -> Iterator[Lake]:
    """A lake in a folder, its log in SQLite or PostgreSQL."""
    place = Folder(tmp_path / "remote")
    place.set_up()
    address = address_of(engine)
    found = Lake(root, place, Settings(_env_file=None, state=tmp_path / "state", database_url=address), engine)
    yield found
    found.catalog.close()


def at(day: int, hour: int = 12) -> datetime:
    """A moment of a month."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)
