"""A joined data set trains, and a materialization that is killed again and again ends as a quiet one does"""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.conftest import Project

pytestmark = pytest.mark.lifecycle
GERMAN = "data/external/german_credit/german.data"
STORE = ("python", "-m", "src.feature_store")
KILLS = 12


@pytest.fixture
def project(light_run: Project, tmp_path: Path) -> Project:
    """A project in which the pipeline ran, with its applicants added as they were known in 1994."""
    found = light_run.copy(tmp_path / "project", LASTRO_STATE=str(tmp_path / "state"))
    found.run(*STORE, "add", GERMAN, "--id", "row", "--time", "1994-01-01", "--known", "1994-01-01")
    return found


def test_what_was_known_then_trains(project: Project) -> None:
    lines = [line.split() for line in project.read(GERMAN).splitlines()]
    early = {str(row) for row in range(0, len(lines), 10)}  # of whom nothing was known when they applied
    rows = [
        f"{row},{'1993-06-01' if str(row) in early else '1994-06-01'},{cells[-1]}" for row, cells in enumerate(lines)
    ]
    (project.root / "events.csv").write_text("\n".join(["id,time,credit_risk", *rows, ""]))
    said = project.run(*STORE, "join", "events.csv", "data/external/joined").stdout
    assert f"{len(lines) - len(early)} event(s) joined; left out: {len(early)} of whom nothing was known then" in said
    project.edit("params.yaml", lambda params: params.update(dataset="data/external/joined/datapackage.yaml"))
    project.run("dvc", "repro")
    metrics = yaml.safe_load(project.read("reports/metrics.json"))
    assert metrics["roc_auc"] > 0.6
    assert yaml.safe_load(project.read("reports/ingest.json"))["rows"] == len(lines) - len(early)


def content(state: Path) -> str:
    """The hash of all rows of the online table."""
    connection = sqlite3.connect(state / "features" / "online.db")
    rows = connection.execute("SELECT id, event_time, known_at, features FROM feature_rows ORDER BY id").fetchall()
    connection.close()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_killed_again_and_again_it_ends_as_a_quiet_run_does(project: Project, tmp_path: Path) -> None:
    lines = project.read(GERMAN).splitlines()
    (project.root / "many.data").write_text("\n".join([*(lines * 120), ""]))  # several parts
    project.run(*STORE, "add", "many.data", "--id", "row", "--time", "1995-01-01", "--known", "1995-01-01")
    project.run(*STORE, "materialize", LASTRO_STATE=str(tmp_path / "quiet"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LASTRO_")}
    environment = kept | {"LASTRO_STATE": str(tmp_path / "killed")}
    stopped = 0
    for number in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, *STORE[1:], "materialize"], cwd=project.root, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(0.6 + 0.25 * number)
        stopped += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert stopped >= KILLS // 3
    project.run(*STORE, "materialize", LASTRO_STATE=str(tmp_path / "killed"))
    assert content(tmp_path / "killed") == content(tmp_path / "quiet")
    status = yaml.safe_load(project.run(*STORE, "status", "--json", LASTRO_STATE=str(tmp_path / "killed")).stdout)
    assert status["waiting"] == []
    assert status["online"][0]["rows"] == 120_000
