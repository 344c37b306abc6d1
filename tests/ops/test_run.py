"""`make run` in a copy of the project; the whole of it, with light parameters"""

import fcntl
import json
import shutil
import socket
import sys
from pathlib import Path

import pytest

from ops import run
from ops.deployment import PORTS
from tests.conftest import Project
from tests.ports import free_ports


@pytest.fixture
def variables() -> dict[str, str]:
    """Free ports and the environment that runs the tests."""
    return {"VENV": sys.prefix, **dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))}


def test_taken_port_stops_make_run_at_once_with_a_sentence(project: Project, variables: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(variables["MLFLOW_PORT"]))):
        done = project.run("make", "run", check=False, **variables)
    assert done.returncode != 0
    assert "make run: MLflow, runs and models cannot start" in done.stdout
    assert "set MLFLOW_PORT in .env to a free one" in done.stdout
    assert "Traceback" not in done.stdout


def test_second_make_run_at_the_same_time_is_refused(project: Project, variables: dict[str, str]) -> None:
    busy = project.root / "var" / "run" / "make-run.busy"
    busy.parent.mkdir(parents=True)
    with busy.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = project.run("make", "run", check=False, **variables)
    assert "another `make run` of this folder is in progress" in done.stdout


@pytest.mark.parametrize(("changed", "said"), [("dvc.lock", True), ("params.yaml", False)])
def test_other_lock_from_the_same_inputs_is_said_to_be_the_platforms(
    project: Project, changed: str, said: bool
) -> None:
    for name in {"dvc.lock", changed}:
        path = project.root / name
        path.write_text(path.read_text() + "# changed\n")
    done = project.run(sys.executable, "-c", "from ops import run; run._compare_lock()")
    assert ("dvc.lock differs from the committed one: this platform rounds differently" in done.stdout) is said


def test_set_up_of_a_folder_that_is_no_git_checkout_goes_on(project: Project, tmp_path: Path) -> None:
    (project.root / ".git").rename(tmp_path / "git")
    project.run(sys.executable, "-c", "from ops import run; run._compare_lock()")


@pytest.mark.parametrize(
    ("champion", "said"),
    [
        ("2", ""),
        (
            "1",
            "\nThe champion is version 1, which answers; this folder's model is version 2:\n"
            '  python -m src.lineage.registry promote 2 --why "..."\n',
        ),
    ],
)
def test_promote_line_is_there_where_this_folders_model_is_not_the_champion(champion: str, said: str) -> None:
    assert run._challenger({"version": "2", "champion": champion}) == said


def test_make_run_ends_with_a_real_score_and_leaves_the_services_running(
    light_run: Project, tmp_path: Path, variables: dict[str, str]
) -> None:
    project = light_run.copy(tmp_path / "run")
    project.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qam", "light")
    try:
        said = project.run("make", "run", **variables).stdout
        status = project.run("make", "status", **variables).stdout
        command = next(line for line in said.splitlines() if line.strip().startswith("curl "))
        again = json.loads(project.run("sh", "-c", command).stdout)
    finally:
        project.run("make", "stop", **variables)
    answer = json.loads(said.splitlines()[-1])
    assert 0 <= answer["probability_of_default"] <= 1
    assert answer["model"]["version"] == "1"
    assert answer["model"]["git_commit"] == project.run("git", "rev-parse", "HEAD").stdout.strip()
    metrics = json.loads(project.read("reports/metrics.json"))
    assert f"roc_auc        {metrics['roc_auc']:.3f}  (" in said
    assert "To work here:" in said
    assert again["probability_of_default"] == answer["probability_of_default"]
    for name in ("MINIO_PORT", "MLFLOW_PORT", "API_PORT", "PAGE_PORT"):
        assert f"http://127.0.0.1:{variables[name]}" in said
    names = ("minio", "mlflow", "delivery", "api", "monitor", "page")
    assert [line.split()[:2] for line in status.splitlines()] == [[name, "RUNNING"] for name in names]
    assert len(list((project.root / "src/serving").glob("kernel-*.so"))) == (shutil.which("cc") is not None)
    assert project.run("git", "status", "--porcelain").stdout == ""
    assert project.run("make", "status", **variables).stdout.count("STOPPED") == 6
