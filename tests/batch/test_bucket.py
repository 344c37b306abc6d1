"""Input and output in a bucket of a real MinIO: the same parts as on this machine."""

import json
import shutil
from pathlib import Path

import pytest

from src.files import sha256_of
from src.lineage.storage import Bucket, remote
from tests.batch.command import split
from tests.conftest import ROOT, Project
from tests.lineage.conftest import PASSWORD, USER, Minio, bucket, minio, minio_program, point  # noqa: F401


@pytest.fixture
def place(project: Project, minio: Minio, bucket: str) -> Bucket:  # noqa: F811  # the fixtures above
    """The bucket of DVC's remote, to which the project points."""
    point(project.root, minio.remote(bucket))
    found = remote(project.root)
    assert isinstance(found, Bucket)
    found.set_up()
    return found


def test_bucket_holds_what_a_folder_would(project: Project, place: Bucket, tmp_path: Path) -> None:
    split(tmp_path / "in", 3)
    for path in (tmp_path / "in").iterdir():
        place.replace(f"applicants/{path.name}", path.read_bytes())
    shutil.copytree(ROOT / "models", project.root / "models", dirs_exist_ok=True)
    addresses = f"s3://{place.name}/applicants/may-*.csv", f"s3://{place.name}/scores/may"
    project.run("python", "-m", "src.batch", str(tmp_path / "in"), str(tmp_path / "out"), "--models", "models")
    there = project.run("python", "-m", "src.batch", *addresses, "--models", "models")
    assert [word for word in (USER, PASSWORD) if word in there.stdout] == []
    kept = {key.removeprefix("scores/may/"): place.get(key) or b"" for key in place.keys("scores/may/")}
    manifest, beside = json.loads(kept["manifest.json"]), json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest == beside | {"input": manifest["input"]}
    assert [one["path"] for one in manifest["input"]] == [f"{addresses[0][:-9]}may-0{n}.csv" for n in range(3)]
    assert {part["path"]: part["sha256"] for part in manifest["parts"]} == {
        name: sha256_of(content) for name, content in kept.items() if name.endswith(".parquet")
    }
