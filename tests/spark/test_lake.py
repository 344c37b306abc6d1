"""Spark with Iceberg's own runtime reads catalog and bucket and finds what this project says; it writes, and we read

`make test-spark`: JDK 17 and Maven, which brings the jars of jars.txt; each is taken by its sha256.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pytest
import sqlalchemy as sa

from ops.go_program import cache_folder
from src.files import digest
from src.lake.settings import Settings
from src.lineage.storage import Bucket, place_of
from tests.conftest import ROOT
from tests.lake.conftest import Lake, _ingested, migrated, root, sqlite, typed
from tests.lake.environments import environment
from tests.lake.questions import SHARED, fill, ours, plain
from tests.lineage.conftest import PASSWORD, USER, Minio, bucket, minio, minio_program
from tests.monitoring.test_run import address_of

__all__ = ["_ingested", "bucket", "migrated", "minio", "minio_program", "root", "sqlite", "typed"]
pytestmark = pytest.mark.spark
GET = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get"
CATALOG = "spark.sql.catalog.lastro"  # the catalog's rows carry this name


def jars() -> list[str]:
    """The jars, brought by Maven where they are not there; raises where one is not the one that is named."""
    repository, found = cache_folder() / "maven", []
    for line in (ROOT / "tests/spark/jars.txt").read_text().splitlines():
        sha256, named = line.split()
        group, artifact, version = named.split(":")
        file = repository / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.jar"
        if not file.is_file():
            command = ["mvn", "-q", "-B", f"-Dmaven.repo.local={repository}", GET, f"-Dartifact={named}"]
            subprocess.run([*command, "-Dtransitive=false"], check=True)
        assert digest(file) == sha256, file
        found.append(str(file))
    return found


def spark(lake: Lake, minio: Minio, *questions: str) -> tuple[str, list[Any]]:
    """Spark's version, and its answers."""
    settings = {
        CATALOG: "org.apache.iceberg.spark.SparkCatalog",
        f"{CATALOG}.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        f"{CATALOG}.uri": f"jdbc:sqlite:{lake.settings.state}/lake/catalog.db",
        f"{CATALOG}.jdbc.schema-version": "V1",
        f"{CATALOG}.warehouse": f"{lake.place.address.removesuffix('/dvc')}/lake",
        f"{CATALOG}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{CATALOG}.s3.endpoint": minio.url,
        f"{CATALOG}.s3.path-style-access": "true",
        f"{CATALOG}.s3.access-key-id": USER,
        f"{CATALOG}.s3.secret-access-key": PASSWORD,
        f"{CATALOG}.client.region": "us-east-1",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    }
    done = subprocess.run(
        [environment(ROOT / "tests/spark/requirements.txt"), ROOT / "tests/spark/reader.py"],
        input=json.dumps({"jars": jars(), "settings": settings, "questions": questions}),
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    release, answers = json.loads(done.stdout.splitlines()[-1])
    return release, answers


def test_spark_agrees_and_writes_what_we_read(
    root: Path, typed: arrow.Table, sqlite: sa.Engine, minio: Minio, bucket: str, tmp_path: Path
) -> None:
    options = minio.remote(bucket)
    place = place_of(options["url"], options)
    assert isinstance(place, Bucket)
    place.set_up()
    lake = Lake(root, place, Settings(_env_file=None, state=tmp_path, database_url=address_of(sqlite)), sqlite)
    fill(lake, typed)
    questions = [sql.replace("{", "lastro.").replace("}", "") for sql in SHARED]
    then = questions[0] + " VERSION AS OF 'credit-score-1'"
    expected = ours(lake) + ours(lake, version=1)
    added = "INSERT INTO lastro.gold.outcomes VALUES ('p', 'good', current_timestamp(), current_timestamp(), 'spark')"
    release, answers = spark(lake, minio, *questions, then, added)
    assert release == "4.0.1"
    assert plain(answers[:-1]) == expected
    assert lake.ask("SELECT count(*), max(key_id) FROM gold.outcomes") == [(8, "web")]
    assert lake.sync()["gold.outcomes"] == 0
    lake.catalog.close()
