"""A deployment of Airflow beside a project: `airflow dags test`, what became of each task, processes and their ends"""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import OURS, ROOT

FOREIGN = (*OURS, "AIRFLOW", "PYTEST")


def programs() -> Path:
    """The folder of Airflow's programs, which `python -m ops.airflow` has made."""
    return ROOT / os.environ.get("VENV_AIRFLOW", ".venv-airflow") / "bin"


@dataclass(frozen=True)
class Airflow:
    """Airflow with its home, and the project whose DAGs it knows."""

    home: Path
    project: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What each of its processes has; the project's environment is the one of these tests."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        path = f"{programs()}{os.pathsep}{os.defpath}"
        airflow = {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.project / "deploy" / "airflow" / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",  # seconds, here and below: the machine may be busy
            "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "300",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "900",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db?timeout=120",
            "AIRFLOW_VAR_LASTRO_ENVIRONMENT": sys.prefix,
            "AIRFLOW_VAR_LASTRO_RETRIES": "1",
            "AIRFLOW_VAR_LASTRO_RETRY_SECONDS": "1",
        }
        return kept | {"PATH": path, "DVC_NO_ANALYTICS": "1", "OMP_NUM_THREADS": "1"} | airflow | self.env

    def start(self, *words: str, log: str = "airflow.log") -> subprocess.Popen[bytes]:
        """Start a command of Airflow; what it says is in its home."""
        with (self.home / log).open("ab") as said:
            command = [str(programs() / "airflow"), *words]
            return subprocess.Popen(command, cwd=self.home, env=self.environment, stdout=said, stderr=said)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Airflow; stdout and stderr come back as one text."""
        self.home.mkdir(exist_ok=True)
        return subprocess.run(
            [str(programs() / "airflow"), *words], cwd=self.home, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip

    def test(self, dag: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a DAG in one process."""
        return self.run("dags", "test", dag, *words)

    def states(self, dag: str) -> dict[str, str]:
        """Task (with its place among those that were mapped) -> what became of it in the DAG's last run."""
        found = self.asked(
            "SELECT task_id, map_index, state, try_number FROM task_instance WHERE dag_id = ? AND run_id ="
            " (SELECT run_id FROM dag_run WHERE dag_id = ? ORDER BY id DESC LIMIT 1)", dag, dag,
        )  # fmt: skip
        return {
            name if place < 0 else f"{name} {place}": state if tried < 2 else f"{state} at attempt {tried}"
            for name, place, state, tried in found
        }

    def asked(self, query: str, *values: str) -> list[tuple]:
        """The rows of a query of Airflow's database."""
        with contextlib.closing(sqlite3.connect(self.home / "airflow.db")) as connection:
            return connection.execute(query, values).fetchall()

    def log(self, query: str) -> list[tuple]:
        """The rows of a query of the project's log."""
        with contextlib.closing(sqlite3.connect(self.project / "var" / "api" / "journal.db")) as connection:
            return connection.execute(query).fetchall()


def descendants(pid: int) -> list[int]:
    """A process and all that it has started, those in sessions of their own too."""
    found: list[int] = []
    with contextlib.suppress(OSError):  # it may end meanwhile
        for file in Path(f"/proc/{pid}/task").glob("*/children"):
            found += map(int, file.read_text().split())
    return [pid, *(one for child in found for one in descendants(child))]


def runs(pid: int, words: str) -> bool:
    """Say whether a process or one that it has started runs a command."""
    for one in descendants(pid):
        with contextlib.suppress(OSError):
            if words in Path(f"/proc/{one}/cmdline").read_text().replace("\0", " "):
                return True
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it has started, as a power cut does."""
    for one in descendants(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    process.wait()
