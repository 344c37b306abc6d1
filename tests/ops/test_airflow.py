"""Airflow's environment is made once, and its server is told of project and password by no word on a command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops import airflow
from ops.deployment import ROOT
from ops.errors import SetupError

UV = """#!/bin/sh
echo "$@" >>"$(dirname "$0")/said"
[ ! -e "$(dirname "$0")/fails" ] || { echo no network >&2; exit 2; }
"""
BECOME = "import sys; from pathlib import Path; from ops.airflow import become; become(*map(Path, sys.argv[1:]))"


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_environment_is_made_once_and_a_failure_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv, own = tmp_path / "airflow", tmp_path / "own"
    monkeypatch.setenv("VENV", str(own))
    with pytest.raises(SetupError, match=r"There is no environment in .*own, whose uv makes Airflow's"):
        airflow.make_environment(venv)
    program(own / "bin" / "uv", UV)
    (own / "bin" / "fails").touch()
    with pytest.raises(SetupError, match="Airflow's environment cannot be made: no network"):
        airflow.make_environment(venv)
    assert not (venv / airflow.STAMP).exists()
    (own / "bin" / "fails").unlink()
    (own / "bin" / "said").unlink()
    (venv / "bin").mkdir(parents=True)
    for _ in range(2):
        airflow.make_environment(venv)
        program(venv / "bin" / "airflow", "")
    said = (own / "bin" / "said").read_text().splitlines()
    assert [line.split()[:2] for line in said] == [["venv", "--quiet"], ["pip", "sync"]]
    assert {"--require-hashes", "--compile-bytecode"} < set(said[1].split())


def test_server_learns_its_project_and_keeps_its_secrets_in_files(tmp_path: Path) -> None:
    venv = tmp_path / "airflow"
    program(venv / "bin" / "airflow", '#!/bin/sh\necho "$@"\nenv\n')
    words = [sys.executable, "-c", BECOME, str(venv), "/work", str(tmp_path / "home")]
    secrets = {"LASTRO_AIRFLOW_PASSWORD": "a-word", "LASTRO_AIRFLOW_DATABASE_URL": "postgresql+psycopg2://u@h/a"}
    env = {"PATH": os.environ["PATH"], "AIRFLOW_PORT": "8181", "VENV": "/opt/own", **secrets}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    first, *lines = done.stdout.splitlines()
    assert first == f"Airflow: the password of admin stands in {tmp_path / 'home' / airflow.PASSWORDS}"
    assert lines[0] == "standalone"
    told = dict(line.split("=", 1) for line in lines[1:])
    assert told["AIRFLOW__CORE__DAGS_FOLDER"] == "/work/deploy/airflow/dags"
    assert told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == secrets["LASTRO_AIRFLOW_DATABASE_URL"]
    assert told["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8181/execution/"
    assert told["AIRFLOW_VAR_LASTRO_ENVIRONMENT"] == "/opt/own"
    assert "a-word" not in done.stdout
    file = tmp_path / "home" / airflow.PASSWORDS
    assert (json.loads(file.read_text()), file.stat().st_mode & 0o777) == ({"admin": "a-word"}, 0o600)


def test_other_word_is_refused_in_a_sentence() -> None:
    words = [sys.executable, "-m", "ops.airflow", "serve"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ("python -m ops.airflow: nothing, `standalone` or `container` is asked for, nothing else.\n")
