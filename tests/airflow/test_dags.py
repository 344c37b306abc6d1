"""Each DAG run by `airflow dags test`, on SQLite, against a real MinIO, in a fresh clone"""

import json
from pathlib import Path

from src.files import digest
from tests.airflow.deployment import Airflow, end, runs
from tests.batch.command import split
from tests.batch.conftest import contents
from tests.conftest import Project
from tests.lineage.conftest import PASSWORD, USER, Minio
from tests.ports import wait_until

STAGES = ("ingest", "prepare", "train", "export", "evaluate")
TASKS = (*STAGES, "push", "publish", "gates")
OUTBOX = "SELECT severity, title, text FROM outbox"


def registry(airflow: Airflow, *words: str) -> tuple[int, str]:
    """The exit code and the words of a command of the registry."""
    done = Project(airflow.project).run("python", "-m", "src.lineage.registry", *words, check=False)
    return done.returncode, done.stdout


def test_training_goes_from_a_fresh_clone_to_a_champion(trained: Airflow) -> None:
    assert trained.states("lastro_training") == dict.fromkeys(TASKS, "success")
    assert json.loads((trained.project / "models/registry.json").read_text())["version"] == "1"
    code, said = registry(trained, "history")
    assert (code, [line.split()[2] for line in said.splitlines()]) == (0, ["publish", "promote"])
    assert trained.log(OUTBOX) == []


def test_monitoring_runs(trained: Airflow) -> None:
    done = trained.test("lastro_monitoring")
    assert done.returncode == 0, done.stdout
    assert trained.states("lastro_monitoring") == {"run": "success"}
    assert trained.log("SELECT count(*) FROM monitor_progress WHERE name = 'run'") == [(1,)]


def test_batch_leaves_the_bytes_of_one_command_in_a_bucket_too(trained: Airflow, tmp_path: Path) -> None:
    source = split(tmp_path / "in's", 3)
    project = Project(trained.project)
    project.run("python", "-m", "src.batch", str(source), str(tmp_path / "whole"), LASTRO_STATE=str(tmp_path / "state"))
    for output in (str(tmp_path / "out"), "s3://airflow/scores"):
        done = trained.test("lastro_batch", "--conf", json.dumps({"input": str(source), "output": output}))
        assert done.returncode == 0, done.stdout
        mapped = [f"score {number}" for number in range(3)]
        assert trained.states("lastro_batch") == dict.fromkeys(["parts", *mapped, "manifest"], "success")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    code = "import sys; from src.batch import places; sys.stdout.buffer.write(places.read(sys.argv[1]))"
    there = project.run("python", "-c", code, "s3://airflow/scores/manifest.json").stdout
    assert there == (tmp_path / "whole/manifest.json").read_text()
    assert trained.log("SELECT count(*) FROM batch_runs") == [(1,)]  # the same files by the same model


def test_store_that_is_down_fails_the_push_and_publishes_nothing(pipeline: Airflow, own_minio: Minio) -> None:
    own_minio.stop()
    done = pipeline.test("lastro_training")
    assert done.returncode != 0
    late = {"push": "failed at attempt 2", "publish": "upstream_failed", "gates": "upstream_failed"}
    assert pipeline.states("lastro_training") == dict.fromkeys(STAGES, "success") | late
    assert not (pipeline.project / "models/registry.json").exists()
    ((severity, title, text),) = pipeline.log(OUTBOX)
    assert (severity, title) == ("critical", "lastro_training: push failed")
    assert "Attempt 2 of run manual__" in text
    assert not {USER, PASSWORD} & set((text + done.stdout).split())
    own_minio.start()
    assert pipeline.test("lastro_training").returncode == 0
    code, said = registry(pipeline, "history")
    assert (code, [line.split()[2] for line in said.splitlines()]) == (0, ["publish", "promote"])
    assert registry(pipeline, "verify")[0] == 0


def test_run_killed_in_train_goes_on_at_the_next(pipeline: Airflow) -> None:
    files = [pipeline.project / name for name in ("models/model.json", "models/model.pkl", "dvc.lock")]
    before = [digest(file) for file in files]
    Project(pipeline.project).edit("params.yaml", lambda params: params["train"].update(repeats=2))
    running = pipeline.start("dags", "test", "lastro_training")
    wait_until(lambda: running.poll() is not None or runs(running.pid, "-m src.pipeline.train"), 1200)
    assert running.poll() is None, (pipeline.home / "airflow.log").read_text()
    end(running)
    assert [digest(file) for file in files[:2]] == before[:2]
    pipeline.test("lastro_training")
    states = dict.fromkeys(TASKS, "success") | {"gates": "failed"}  # the changed params.yaml is of no commit
    assert pipeline.states("lastro_training") == states
    assert [title for _, title, _ in pipeline.log(OUTBOX)] == ["lastro_training: gates failed"]
    assert digest(files[-1]) != before[-1]  # which names the changed parameter
    assert registry(pipeline, "verify")[0] == 0
