"""A small project of every kind of field, in whose folder a test runs"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from src.contract.package import Package
from src.feature_store.table import open_table
from tests.conftest import ROOT
from tests.postgresql import Postgres

FIELDS = [
    {"name": "client", "role": "id"},
    {"name": "made", "type": "date", "format": "%d/%m/%Y", "role": "time"},
    {"name": "amount", "type": "number", "decimalChar": ",", "constraints": {"required": True, "minimum": 0}},
    {"name": "term", "type": "integer", "missingValues": [{"value": -9, "label": "not asked"}, ""]},
    {"name": "owner", "type": "boolean", "trueValues": ["Y"], "falseValues": ["N"]},
    {"name": "since", "type": "date", "format": "%d/%m/%Y"},
    {"name": "home", "categories": [{"value": "A1", "label": "rented"}, {"value": "A2", "label": "owned"}]},
    {"name": "sex", "role": "protected", "constraints": {"required": True}},
    {"name": "paid", "role": "target", "bad": "n", "categories": [{"value": "n", "label": "no"}, "yes"]},
]
HEADER = "client;made;amount;term;owner;since;home;seen;known"
ROWS = [
    "a;;1,5;12;Y;31/12/2001;A1;2026-01-02;2026-01-02",
    "b;;20;-9;N;;A2;2026-01-03T12:00:00+02:00;2026-01-09",
    'c;;0,25;;;01/02/1999;"";2026-01-04;2026-01-04',
]


def data_package() -> dict[str, object]:
    """The data package as YAML has it."""
    schema = {"fields": FIELDS}
    resource = {"name": "loans", "path": "loans.csv", "dialect": {"delimiter": ";"}, "schema": schema}
    return {"name": "small-loans", "resources": [resource]}


@pytest.fixture
def package() -> Package:
    return Package.model_validate(data_package())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, which a test is in; its state is there too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path / "var"))
    for name in ("LASTRO_FEATURES_URL", "LASTRO_FEATURES_MAX_AGE_DAYS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "datapackage.yaml").write_text(yaml.safe_dump(data_package(), sort_keys=False))
    params = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"dataset": "datapackage.yaml"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    return tmp_path


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an online table that is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/online.db"
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.empty()
    return postgres.url


@pytest.fixture
def engine(address: str) -> Iterator[sa.Engine]:
    """An empty online table."""
    found = open_table(address)
    yield found
    found.dispose()


def write_rows(path: Path, *rows: str, header: str = HEADER) -> Path:
    """Write a file as the package's own are written."""
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path
