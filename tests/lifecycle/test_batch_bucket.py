"""A bucket's files are scored by a cluster, of which a worker is killed; the command, interrupted, goes on."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from src.lineage.storage import Bucket, remote
from tests.batch.clusters import Cluster
from tests.batch.command import batch, split
from tests.conftest import ROOT, Project
from tests.lineage.conftest import Minio, bucket, minio, minio_program, point  # noqa: F401
from tests.ports import wait_until

pytestmark = pytest.mark.lifecycle
MODELS = ["--models", "models"]


@pytest.fixture
def place(project: Project, minio: Minio, bucket: str) -> Bucket:  # noqa: F811  # the fixtures above
    """The bucket of DVC's remote, to which the project points."""
    point(project.root, minio.remote(bucket))
    found = remote(project.root)
    assert isinstance(found, Bucket)
    found.set_up()
    return found


def test_bucket_is_scored_by_a_cluster_and_goes_on(
    project: Project,
    place: Bucket,
    tmp_path: Path,
) -> None:
    split(tmp_path / "in", 60)
    for path in (tmp_path / "in").iterdir():
        place.replace(f"applicants/{path.name}", path.read_bytes())
    shutil.copytree(ROOT / "models", project.root / "models", dirs_exist_ok=True)
    assert batch(tmp_path, "quiet").wait() == 0
    started = Cluster(tmp_path / "cluster", {}, "tcp", root=project.root)
    started.start(2)
    addresses = [f"s3://{place.name}/applicants", f"s3://{place.name}/scores"]
    command = ["python", "-m", "src.batch", *addresses, *MODELS, "--scheduler", started.address]
    try:
        asked = subprocess.Popen([sys.executable, *command[1:]], cwd=project.root, stderr=subprocess.DEVNULL)
        wait_until(lambda: len(place.keys("scores/_parts/")) > 5, 120)
        started.processes[-1].kill()
        asked.send_signal(signal.SIGINT)
        assert asked.wait(60) == 130
        there = len(place.keys("scores/_parts/"))
        assert there < 60
        project.run(*command)
    finally:
        started.stop()
    found, quiet = (json.loads(one) for one in (place.get("scores/manifest.json"), read(tmp_path / "quiet")))
    assert found == quiet | {"input": found["input"]}
    versions = place.client.list_object_versions(Bucket=place.name, Prefix="scores/_parts/")["Versions"]
    assert 60 <= len(versions) <= 60 + 4  # what was under way when it was interrupted may have been written again


def read(output: Path) -> bytes:
    """Return a local run's manifest."""
    return (output / "manifest.json").read_bytes()
