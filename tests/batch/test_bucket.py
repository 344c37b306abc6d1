"""Input and output in a bucket of a real MinIO: the same parts as on this machine."""

import json
from pathlib import Path

import pytest

from src.batch.command import Asked, score_files
from src.files import sha256_of
from src.lineage.storage import Bucket, remote
from tests.batch.command import split
from tests.batch.test_cluster import ASKED
from tests.batch.test_places import in_bucket  # noqa: F401
from tests.conftest import Project
from tests.lineage.conftest import PASSWORD, USER, Minio, _small, bucket, minio, minio_program, small  # noqa: F401


def test_bucket_holds_what_a_folder_would(
    in_bucket: str,  # noqa: F811  # the fixtures above
    small: Project,  # noqa: F811
    model: Path,
    state: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert not state.exists()
    dvcs = remote(small.root)
    assert isinstance(dvcs, Bucket)
    place = Bucket(in_bucket.removeprefix("s3://"), "", dvcs.options)
    split(tmp_path / "in", 3)
    for path in (tmp_path / "in").iterdir():
        place.replace(f"applicants/{path.name}", path.read_bytes())
    assert score_files(Asked(str(tmp_path / "in"), str(tmp_path / "out"), models=model, **ASKED)) == 0
    assert (
        score_files(Asked(f"{in_bucket}/applicants/may-*.csv", f"{in_bucket}/scores/may", models=model, **ASKED)) == 0
    )
    assert [word for word in (USER, PASSWORD) if word in "".join(capfd.readouterr())] == []
    kept = {key.removeprefix("scores/may/"): place.get(key) or b"" for key in place.keys("scores/may/")}
    manifest, beside = json.loads(kept["manifest.json"]), json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest == beside | {"input": manifest["input"]}
    assert [one["path"] for one in manifest["input"]] == [f"{in_bucket}/applicants/may-0{n}.csv" for n in range(3)]
    assert {part["path"]: part["sha256"] for part in manifest["parts"]} == {
        name: sha256_of(content) for name, content in kept.items() if name.endswith(".parquet")
    }
