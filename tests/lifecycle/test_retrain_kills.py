"""The real retraining, killed -9 in each of its steps and at random: the checkout stays, and one version comes of it"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from src.contract.table import read_table
from src.lineage.pairing import TEST
from src.lineage.settings import Settings
from src.model.development import read_development
from src.monitoring.demo import write
from src.monitoring.traffic import pool_of, traffic_of
from src.serving.predictors import load
from tests.conftest import Project, fresh_copy, light, put_database
from tests.lineage.conftest import Minio, commit, minio, minio_program, point  # noqa: F401
from tests.lineage.retrained import Retrained, free
from tests.monitoring.seeded import opened
from tests.ports import wait_until

pytestmark = pytest.mark.lifecycle
REFRESH, REGISTRY = "retrain: python -m src.pipeline.refresh", "retrain: python -m src.lineage.registry"
STAGES = ("ingest", "prepare", "train", "export", "evaluate")
MOMENTS = (  # what was said last
    REFRESH, *(f"Running stage '{name}'" for name in STAGES), "retrain: git commit", "retrain: dvc push",
    f"{REGISTRY} publish", f"{REGISTRY} gates", f"{REGISTRY} report",
)  # fmt: skip
ALONE = {REFRESH, "Running stage 'train'", "retrain: dvc push"}  # what it started goes on, and ends by itself
ROWS, RANDOM, LONGEST = 300, 8, 12.0
DAY, UNTIL = date(2024, 3, 4), "2026-01-01T00:00:00Z"
RETRAIN = [sys.executable, "-m", "src.lineage.retrain", "--why", "drift", "--mixed-base-rates", "--until", UNTIL]


def few(params: dict[str, Any]) -> None:
    """Train the scorecard alone."""
    light(params)
    params["train"]["candidates"] = {"scorecard": params["train"]["candidates"]["scorecard"]}


def fill(project: Project, file: Path) -> None:
    """Let a log hold a day's applicants of long ago, and what became of them."""
    models = project.root / "models"
    development = read_development(models)
    assert development is not None
    chance = np.random.default_rng(7)
    pool = pool_of(load(models), development, read_table(project.root / "data/processed" / TEST), chance)
    traffic = traffic_of(pool, DAY, chance.choice(len(pool.weights), ROWS, p=pool.weights), chance, 1.0)
    engine = opened(f"sqlite:///{file}")
    write(engine, [traffic], traffic.outcomes)
    engine.dispose()


@dataclass
class Retraining(Retrained):
    """The real project."""

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LASTRO_", "MLFLOW_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**kept, "LASTRO_STATE": str(self.state), "PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"}

    def start(self) -> "subprocess.Popen[str]":
        """Retrain in a process of its own, whose words can be read."""
        return subprocess.Popen(
            RETRAIN, cwd=self.root, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def killed_after(self, moment: str, seconds: float, *, alone: bool) -> bool:
        """Kill a retraining so long after it said something, `alone` or with all that it started.

        Returns whether it was at work then.
        """
        process = self.start()
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(moment):
                break
        else:
            pytest.fail(f"it ended with {process.wait()} without {moment}")
        time.sleep(seconds)
        started = [] if alone else psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        for each in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        killed = process.wait() == -signal.SIGKILL
        process.stdout.close()
        wait_until(lambda: free(self.state / "retrain"), 300.0)  # a command that it left ends first
        return killed

    def registry(self, *words: str) -> Any:
        """What the registry answers."""
        return json.loads(
            self.project.run("python", "-m", "src.lineage.registry", *words, "--json", check=False).stdout
        )


@pytest.fixture(scope="module")
def retrain(minio: Minio, empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retraining]:  # noqa: F811
    """The real project of a small pipeline with a champion in MinIO, a log, and a policy that would promote."""
    folder = tmp_path_factory.mktemp("retraining")
    project = fresh_copy(folder / "project", LASTRO_STATE=str(folder / "state"))
    project.edit("params.yaml", few)
    project.edit("policy.yaml", lambda policy: policy.update(on_publish="promote"))
    put_database(empty_database, folder / "state")
    project.run("dvc", "repro")
    commit(project)
    point(project.root, minio.remote("retraining"))
    project.run("python", "-m", "src.lineage.storage")
    project.run("dvc", "push")
    project.run("python", "-m", "src.lineage.registry", "publish")
    fill(project, folder / "state" / "api" / "journal.db")
    return Retraining(project, Settings(state=folder / "state").state)


@pytest.mark.timeout(3600)
def test_killed_at_every_step_it_leaves_the_checkout_and_comes_to_its_end(retrain: Retraining) -> None:
    before, chance, kills = retrain.checkout(), random.Random(8), 0
    for moment in MOMENTS:
        kills += retrain.killed_after(moment, chance.uniform(0, 0.8), alone=moment in ALONE)
        assert retrain.checkout()[:-1] == before[:-1], moment
        assert len(retrain.branches()) == 1
    assert kills >= len(MOMENTS) - 1  # the last may have been done by then
    done = retrain.start()
    said = done.communicate()[0]
    assert done.returncode in (0, 1), said
    assert retrain.checkout() == before
    (branch,) = retrain.branches()
    champion, challenger = retrain.registry("list")
    assert (champion["alias"], challenger["alias"], challenger["git_dirty"]) == ("champion", "challenger", False)
    assert challenger["git_commit"] == retrain.git("rev-parse", branch)
    assert [event["kind"] for event in retrain.registry("history")] == ["publish", "promote", "publish"]
    found = retrain.registry("verify")
    assert (found["broken"], found["missing"], found["aliases"]["standing"]) == ([], [], "same")
    assert {"outcomes.data", "outcomes.predictions.csv"}.isdisjoint(retrain.git("ls-tree", "-r", "--name-only", branch))
    for end in ("html", "md"):
        assert (retrain.state / f"validation-2.{end}").stat().st_size > 10_000
    again = retrain.start()
    assert f"branch {branch} holds the same data" in again.communicate()[0]
    assert again.returncode == 3


@pytest.mark.timeout(3600)
def test_killed_at_random_it_comes_to_the_same_bytes(retrain: Retraining) -> None:
    """The branch of a run that nobody disturbed is taken away, and made again by runs that are killed."""
    if not retrain.branches():  # the test before left one
        retrain.start().communicate()
    (branch,) = retrain.branches()
    model, before, chance = retrain.git("show", f"{branch}:dvc.lock"), retrain.checkout(), random.Random(9)
    retrain.git("branch", "-D", branch)
    for _ in range(RANDOM):
        retrain.killed_after("retrain: ", chance.uniform(0, LONGEST), alone=chance.random() < 0.3)
        assert retrain.checkout()[:-1] == before[:-1]
    done = retrain.start()
    said = done.communicate()[0]
    assert done.returncode in (0, 1, 3), said
    (branch,) = retrain.branches()
    assert retrain.git("show", f"{branch}:dvc.lock") == model
    assert [one["alias"] for one in retrain.registry("list")] == ["champion", "challenger"]
    assert retrain.checkout() == before
