"""A thousand answers of three versions, by live services with two workers, computed again from Git and MinIO alone"""

import json
import random
import resource
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

import httpx
import pytest

from ops.minio import find_or_build
from src.lineage.storage import Bucket, remote
from src.model.card import read_card
from tests.api.live import HEADERS, Server
from tests.conftest import Project
from tests.lineage.conftest import Minio, commit, point
from tests.lineage.test_replay import other_threshold

pytestmark = pytest.mark.lifecycle
ROWS = (334, 333, 333)  # of each version
ONE, THOUSAND = 6.0, 10.0  # seconds that a replay may take


@dataclass
class Life:
    """A project whose three versions have answered, each from a commit of its own, and when the last one began."""

    project: Project
    commits: list[str]
    last: datetime

    def replay(self, *words: str) -> tuple[int, list[dict[str, Any]], float]:
        """Return a replay's exit code, its lines and the CPU seconds of all its processes."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = self.project.run("python", "-m", "src.lineage.replay", *words, "--json", check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line[0] == "{"], seconds


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minio]:
    server = Minio(tmp_path_factory.mktemp("minio") / "data", find_or_build())
    server.start()
    yield server
    server.stop()


def applicants(project: Project, count: int, seed: int) -> list[dict[str, Any]]:
    """Random applicants within the contract."""
    draw = random.Random(seed)
    features = read_card(project.root / "models" / "model.json").features
    return [
        {
            each.name: draw.choice(each.categories or each.enum or [])
            if each.categories or each.enum
            else draw.randint(int(each.minimum or 1), int(each.maximum or 20_000))
            for each in features
        }
        for _ in range(count)
    ]


def answer(project: Project, count: int, seed: int) -> None:
    """Let the project's own service answer so many, most of them together, some one by one with their reasons."""
    folder = project.root / "var"
    folder.mkdir(exist_ok=True)
    server = Server(folder, project.root / "models", workers=2, root=project.root).start()
    try:
        rows = applicants(project, count, seed)
        with httpx.Client(base_url=server.url, headers=HEADERS, timeout=60) as client:
            client.post("/predict/batch", json={"applicants": rows[20:]}).raise_for_status()
            for row in rows[:20]:
                client.post("/predict?reasons=true", json=row).raise_for_status()
    finally:
        server.signal(signal.SIGTERM)


def fewer_trees(params: dict[str, Any]) -> None:
    params["train"]["candidates"]["forest"]["trees"] = 10
    params["train"]["candidates"]["boosting"]["iterations"] = 10


@pytest.fixture(scope="module")
def life(light_run: Project, minio: Minio, tmp_path_factory: pytest.TempPathFactory) -> Life:
    project = light_run.copy(tmp_path_factory.mktemp("life") / "project")
    point(project.root, minio.remote("replay"))
    remote(project.root).set_up()
    commits = [commit(project)]
    answer(project, ROWS[0], seed=1)
    other_threshold(project)
    scorer = project.root / "src" / "serving" / "scorer.py"
    scorer.write_text(scorer.read_text() + "# another code, the same numbers\n")
    commits.append(commit(project))
    answer(project, ROWS[1], seed=2)
    project.edit("params.yaml", fewer_trees)
    project.run("dvc", "repro")
    commits.append(commit(project))
    last = datetime.now(UTC)
    answer(project, ROWS[2], seed=3)
    project.run("dvc", "push", "--all-commits")
    return Life(project, commits, last)


def test_thousand_of_three_versions_are_equal(life: Life) -> None:
    code, lines, _ = life.replay("--since", "2026-01-01T00:00:00Z")
    assert (code, Counter(line["verdict"] for line in lines)) == (0, {"equal": sum(ROWS)})
    versions = Counter((line["lineage"]["git_commit"], line["lineage"]["code_commit"]) for line in lines)
    assert versions == {(each, each): count for each, count in zip(life.commits, ROWS, strict=True)}
    assert len({line["lineage"]["form_sha256"] for line in lines}) == 3
    assert len({line["lineage"]["model_sha256"] for line in lines}) == 2


def test_one_and_a_thousand_of_one_version_take_seconds(life: Life) -> None:
    answer(life.project, 1000 - ROWS[2], seed=4)
    code, lines, seconds = life.replay("--since", life.last.isoformat())
    assert (code, len(lines)) == (0, 1000)
    assert seconds <= THOUSAND
    code, lines, seconds = life.replay(lines[0]["id"])
    assert (code, len(lines)) == (0, 1)
    assert seconds <= ONE


def test_lock_of_the_commit_is_installed_where_that_is_asked_for(life: Life) -> None:
    code, lines, _ = life.replay("--since", life.last.isoformat(), "--limit", "3", "--rebuild")
    assert (code, [line["verdict"] for line in lines]) == (0, ["equal"] * 3)
    (made,) = (life.project.root / "var" / "replay").iterdir()
    again = made.stat().st_mtime_ns
    assert life.replay("--since", life.last.isoformat(), "--limit", "1", "--rebuild")[0] == 0
    assert made.stat().st_mtime_ns == again


def test_flipped_byte_and_missing_object_in_the_bucket_are_named(life: Life) -> None:
    bucket = remote(life.project.root)
    assert isinstance(bucket, Bucket)
    content = (life.project.root / "models" / "model.pkl").read_bytes()
    key = bucket.url_of(md5(content).hexdigest()).removeprefix(f"s3://{bucket.name}/")
    about = {"Bucket": bucket.name, "Key": key}
    bucket.client.put_object(**about, Body=content[:-1] + bytes([content[-1] ^ 1]))
    code, (line,), _ = life.replay("--since", life.last.isoformat(), "--limit", "1")
    assert (code, line["verdict"], line["missing"]) == (2, "cannot", "object")
    assert "models/model.pkl: refused, its md5 is " in line["says"][-1]
    bucket.client.delete_object(**about)
    code, (line,), _ = life.replay("--since", life.last.isoformat(), "--limit", "1")
    assert (code, line["verdict"], line["missing"]) == (2, "cannot", "object")
    bucket.client.put_object(**about, Body=content)
    assert life.replay("--since", life.last.isoformat(), "--limit", "1")[0] == 0
