"""The same in the bucket: a catalog in PostgreSQL, one in Glue (moto's server), asked by the commands themselves"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from moto.server import ThreadedMotoServer
from openlineage.client.event_v2 import RunEvent, RunState
from pyiceberg.catalog import load_catalog

from src.journal.tables import PREDICTIONS as LOG
from src.lake import commands, forget
from src.lake.__main__ import main
from src.lineage.storage import Bucket, remote
from tests.conftest import ROOT
from tests.journal.rows import entry
from tests.lake.conftest import at
from tests.lineage.conftest import PASSWORD, USER, Minio, bucket, minio, minio_program, point
from tests.monitoring.test_run import address_of
from tests.ports import free_port
from tests.postgresql import Postgres

__all__ = ["bucket", "minio", "minio_program"]


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that answers as AWS Glue is the lake's catalog."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=(port := free_port()))
    server.start()
    for name, value in {
        "LASTRO_LAKE_CATALOG": "glue",
        "AWS_ENDPOINT_URL_GLUE": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "moto",
        "AWS_SECRET_ACCESS_KEY": "moto",
    }.items():
        monkeypatch.setenv(name, value)
    yield
    server.stop()


@pytest.fixture
def project(root: Path, minio: Minio, bucket: str, sqlite: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ingested project with its remote in MinIO, whose log has a prediction."""
    (root / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc/config", root / ".dvc/config")
    point(root, minio.remote(bucket))
    place = remote(root)
    place.set_up()
    with sqlite.begin() as connection:
        connection.execute(LOG.insert(), [entry(time=at(1), inputs='{"purpose": "secret"}')._asdict()])
    monkeypatch.setattr(commands, "ROOT", root)
    monkeypatch.setenv("LASTRO_STATE", str(root / "var"))
    monkeypatch.setenv("LASTRO_DATABASE_URL", address_of(sqlite))
    return root


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints."""
    code = main(words)
    found = capsys.readouterr()
    assert (code, found.err) == (0, "")
    return found.out


@pytest.mark.usefixtures("glue")
def test_glue_and_minio_hold_what_the_commands_say(
    project: Path, minio: Minio, bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = project / "told" / "events.jsonl"
    monkeypatch.setenv("LASTRO_OPENLINEAGE_URL", str(told))
    found = json.loads(asked(capsys, "sync", "--json"))
    assert {"bronze.applications": 1000, "silver.applications": 1000, "gold.predictions": 1}.items() <= found.items()
    assert asked(capsys, "sync") == "nothing new\n"
    sql = "SELECT count(*) AS rows, sum(credit_amount) AS amount FROM silver.applications"
    assert json.loads(asked(capsys, "query", "--json", sql)) == {"rows": 1000, "amount": 3271258}
    assert asked(capsys, "query", sql).splitlines() == ["rows\tamount", "1000\t3271258"]
    tables = json.loads(asked(capsys, "tables", "--json"))
    assert {one["location"].startswith(f"s3://{bucket}/lake/") for one in tables} == {True}
    keys = {"s3.endpoint": minio.url, "s3.access-key-id": USER, "s3.secret-access-key": PASSWORD}
    other = load_catalog("lastro", type="glue", **keys, **{"s3.region": "us-east-1"})  # as others open it
    assert other.load_table("gold.predictions").scan().to_arrow().num_rows == 1
    client = other.glue
    parameters = client.get_table(DatabaseName="silver", Name="applications")["Table"]["Parameters"]
    assert parameters["table_type"] == "ICEBERG", "what Athena looks for"
    events = [json.loads(line) for line in told.read_text().splitlines()]
    assert [one["eventType"] for one in events] == ["START", "COMPLETE"] * 2
    back = [RunEvent(**{**one, "eventType": RunState[one["eventType"]]}) for one in without_names(events)]
    assert back[1].run["runId"] == back[0].run["runId"] != back[2].run["runId"]
    written = {one["name"]: one["facets"]["version"]["datasetVersion"] for one in events[-1]["outputs"]}
    snapshot = other.load_table("gold.predictions").metadata.current_snapshot_id
    assert (len(written), written["lake/gold.db/predictions"]) == (5, str(snapshot)), "no outcome was told yet"


def without_names(events: list[dict]) -> list[dict]:
    """Events as the client's own class takes them: the schema's address is the class's own."""
    return [{name: value for name, value in one.items() if name != "schemaURL"} for one in events]


def test_forgotten_inputs_are_in_no_version_of_an_object(
    project: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LASTRO_LAKE_CATALOG", postgres.url)
    asked(capsys, "sync")
    place = remote(project)
    assert isinstance(place, Bucket)
    (prediction,) = asked(capsys, "query", "SELECT prediction_id FROM gold.predictions").splitlines()[1:]
    before = versions(place)
    monkeypatch.setattr(forget, "ROOT", project)
    assert forget.forget([prediction], dry_run=False)
    assert {name for name in before if name.endswith(".parquet")} - versions(place), "the file is gone for good"
    assert asked(capsys, "query", "SELECT count(*), count(inputs) FROM gold.predictions").splitlines()[1:] == ["1\t0"]
    assert len(json.loads(asked(capsys, "tables", "--json"))) == 6


def versions(place: Bucket) -> set[str]:
    """Every object of gold.predictions of which any version is there."""
    found = place.client.list_object_versions(Bucket=place.name, Prefix="lake/gold/predictions/data")
    return {one["Key"] for kind in ("Versions", "DeleteMarkers") for one in found.get(kind, ())}


@pytest.mark.usefixtures("project")
def test_wrong_settings_and_servers_that_are_gone_are_sentences(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value, says in (
        (
            "LASTRO_LAKE_CATALOG",
            "mysql://u:secret@h/d",
            "error: LASTRO_LAKE_CATALOG: is not sqlite, postgresql",
        ),
        ("LASTRO_LAKE_CATALOG", "postgresql", "error: LASTRO_LAKE_CATALOG: postgresql is the prediction log's own"),
        ("LASTRO_LAKE_CATALOG", "postgresql://u:secret@127.0.0.1:1/d", "error: the lake's catalog: "),
        ("LASTRO_LAKE_WAREHOUSE", "gs://bucket", "error: LASTRO_LAKE_WAREHOUSE: is neither"),
        ("LASTRO_OPENLINEAGE_URL", "kafka://x", "error: LASTRO_OPENLINEAGE_URL: is neither a file nor"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert main(["sync"]) == 2
            said = capsys.readouterr().err
            assert said.startswith(says)
            assert "secret" not in said
            assert said.count("\n") == 1
