"""Airflow's own database may be a PostgreSQL, by its address"""

import json
from pathlib import Path

from tests.airflow.deployment import Airflow
from tests.conftest import ROOT
from tests.postgresql import Postgres


def test_postgresql_holds_what_airflow_knows_of_the_dags(postgres: Postgres, tmp_path: Path) -> None:
    address = postgres.url.replace("postgresql://", "postgresql+psycopg2://", 1)
    airflow = Airflow(tmp_path / "home", ROOT, {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address})
    for words in (("db", "migrate"), ("dags", "reserialize")):
        done = airflow.run(*words)
        assert done.returncode == 0, done.stdout
    listed = airflow.run("dags", "list", "--output", "json").stdout
    dags = json.loads(listed[listed.index("[{") :])
    assert {dag["dag_id"] for dag in dags} == {"lastro_training", "lastro_monitoring", "lastro_batch"}
    assert not (airflow.home / "airflow.db").exists()
