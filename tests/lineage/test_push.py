"""DVC against a real MinIO: what is pushed comes back, and no failure loses anything."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from src.lineage.folder import StorageError
from src.lineage.storage import Bucket, probe, remote
from tests.conftest import Project
from tests.lineage.conftest import Minio, point

FILES, SIZE = 100, 100_000


def set_up(project: Project, minio: Minio, bucket: str) -> Bucket:
    point(project.root, minio.remote(bucket))
    place = remote(project.root)
    assert isinstance(place, Bucket)
    place.set_up()
    return place


def clone(project: Project, to: Path) -> Project:
    """Return what a colleague has after `git clone` and set-up: no cache, no outputs."""
    project.run("git", "clone", "-q", str(project.root), str(to))
    (to / ".dvc" / "config.local").write_text(project.read(".dvc/config.local"))
    return Project(to)


def many_files(project: Project) -> None:
    """Let DVC track a folder large enough to be stopped within."""
    (project.root / "data" / "many").mkdir()
    for number in range(FILES):
        (project.root / "data" / "many" / str(number)).write_bytes(os.urandom(SIZE))
    project.run("dvc", "add", "-q", "data/many")


def test_wrong_credentials_change_nothing_and_with_the_right_ones_a_second_clone_gets_the_same_bytes(
    small: Project, minio: Minio, bucket: str, tmp_path: Path
) -> None:
    place = set_up(small, minio, bucket)
    point(small.root, minio.remote(bucket, secret_access_key="another"))
    with pytest.raises(StorageError, match="wrong credentials"):
        probe(small.root)
    assert small.run("dvc", "push", check=False).returncode != 0
    assert contents(place) == {}
    point(small.root, minio.remote(bucket))
    small.run("dvc", "push")
    assert len(contents(place)) == 2
    other = clone(small, tmp_path / "clone")
    assert not (other.root / "models" / "model.pkl").exists()
    other.run("dvc", "pull")
    assert "in sync" in other.run("dvc", "status", "-c").stdout
    for file in ("models/model.pkl", "data/raw/applications.parquet"):
        assert (other.root / file).read_bytes() == (small.root / file).read_bytes()
    assert other.run("git", "status", "--porcelain").stdout == ""


def test_server_killed_in_the_middle_of_a_push_loses_nothing(small: Project, own_minio: Minio, bucket: str) -> None:
    place = set_up(small, own_minio, bucket)
    many_files(small)
    environment = os.environ | {"AWS_MAX_ATTEMPTS": "1"}
    dvc = str(Path(sys.executable).with_name("dvc"))
    push = subprocess.Popen(
        [dvc, "push", "-j", "1"], cwd=small.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    objects = own_minio.data / bucket / "dvc" / "files" / "md5"
    while push.poll() is None and len(list(objects.glob("*/*"))) < 10:
        time.sleep(0.01)
    own_minio.stop(signal.SIGKILL)
    said = push.communicate()[0].decode()
    assert push.returncode != 0, said
    assert own_minio.url in said
    assert "Traceback" not in said
    with pytest.raises(StorageError, match="no server answers there"):
        probe(small.root)

    own_minio.start()
    before = contents(place)
    assert 10 <= len(before) < FILES
    assert all(hashlib.md5(body).hexdigest() in key.replace("/", "") for key, body in before.items())
    small.run("dvc", "push")
    after = contents(place)
    assert before.items() <= after.items()
    assert len(after) == FILES + 3  # the folder's list, the model and its data


def contents(place: Bucket) -> dict[str, bytes]:
    """Return every object of the bucket."""
    pages = place.client.get_paginator("list_objects_v2").paginate(Bucket=place.name)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {key: place.client.get_object(Bucket=place.name, Key=key)["Body"].read() for key in keys}
