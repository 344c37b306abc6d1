"""A delivered model is the one that dvc.lock and card name, fetched from a real MinIO, or there is none."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from src.errors import LastroError
from src.files import digest, sha256_of
from src.lineage.delivery import REFERENCE, deliver
from src.lineage.folder import Folder
from src.lineage.lock import read_lock
from src.lineage.storage import Bucket, place_of
from src.model import development
from src.serving.export import parted, read_export
from src.serving.predictors import load
from tests.conftest import Project
from tests.lineage.conftest import Minio

FILES = {"model.pkl", "trees.npz", "model.json", "export.json", "evaluation.json", "reference.json"}


def place(minio: Minio, bucket: str) -> Bucket:
    found = place_of(f"s3://{bucket}/dvc", minio.remote(bucket))
    assert isinstance(found, Bucket)
    return found


@pytest.fixture
def release(pushed_run: Project, tmp_path: Path) -> Path:
    """What a commit knows of the model: dvc.lock and the small files."""
    folder = tmp_path / "release"
    (folder / "models").mkdir(parents=True)
    small = [path for path in (pushed_run.root / "models").glob("*.json") if path.name != "codes.json"]
    for path in (pushed_run.root / "dvc.lock", *small):
        shutil.copy(path, folder / path.relative_to(pushed_run.root))
    return folder


def test_delivered_folder_is_the_pipelines(release: Path, pushed_run: Project, minio: Minio, tmp_path: Path) -> None:
    card = deliver(release, place(minio, "pushed"), tmp_path / "to", read_sha(release))
    assert card.sha256 == sha256_of((tmp_path / "to" / "model.pkl").read_bytes())
    assert {path.name for path in (tmp_path / "to").iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / "to" / name).read_bytes() == (pushed_run.root / "models" / name).read_bytes()
    assert load(tmp_path / "to").card == card


def test_registry_entry_goes_along_where_there_is_one(release: Path, minio: Minio, tmp_path: Path) -> None:
    (release / "models" / "registry.json").write_text('{"version": "3"}')
    deliver(release, place(minio, "pushed"), tmp_path / "to")
    assert (tmp_path / "to" / "registry.json").read_text() == '{"version": "3"}'


def test_release_of_before_has_no_reference(release: Path, minio: Minio, tmp_path: Path) -> None:
    assert REFERENCE == development.REFERENCE
    lock = yaml.safe_load((release / "dvc.lock").read_text())
    outs = lock["stages"]["evaluate"]["outs"]
    lock["stages"]["evaluate"]["outs"] = [out for out in outs if out["path"] != f"models/{REFERENCE}"]
    (release / "dvc.lock").write_text(yaml.safe_dump(lock))
    deliver(release, place(minio, "pushed"), tmp_path / "to")
    assert {path.name for path in (tmp_path / "to").iterdir()} == FILES - {REFERENCE}


def read_sha(release: Path) -> str:
    return str(json.loads((release / "models" / "model.json").read_text())["sha256"])


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def other_card(release: Path) -> None:
    edit(release / "models" / "model.json", sha256="0" * 64)
    edit(release / "models" / "export.json", model="0" * 64)
    relock(release, "model.json", "export.json")


def other_trees(release: Path) -> None:
    edit(release / "models" / "export.json", sha256="0" * 64)
    relock(release, "export.json")


def edited_evaluation(release: Path) -> None:
    (release / "models" / "evaluation.json").write_text("{}")


def no_evaluation(release: Path) -> None:
    (release / "models" / "evaluation.json").unlink()


def unpushed(release: Path) -> None:
    lock = release / "dvc.lock"
    lock.write_text(lock.read_text().replace(read_lock(release).output("models/trees.npz")[0], "f" * 32))


def served_from_the_pickle(release: Path) -> None:
    edit(release / "models" / "export.json", file="model.pkl")


def relock(release: Path, *names: str) -> None:
    """Let dvc.lock name these files as they are now."""
    for name in names:
        old = read_lock(release).output(f"models/{name}")[0]
        lock = release / "dvc.lock"
        lock.write_text(lock.read_text().replace(old, digest(release / "models" / name, "md5")))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (other_card, "the sha256 of the object"),
        (other_trees, r"trees\.npz: refused, the sha256"),
        (edited_evaluation, r"evaluation\.json: its md5 is"),
        (no_evaluation, r"evaluation\.json: it is missing"),
        (unpushed, "does not hold the object: `dvc push`"),
        (served_from_the_pickle, r"export\.json: file: Input should be 'trees\.npz' or 'export\.json'"),
    ],
)
def test_release_that_contradicts_itself_delivers_nothing(
    spoil: Callable[[Path], None], said: str, release: Path, minio: Minio, tmp_path: Path
) -> None:
    spoil(release)
    with pytest.raises(LastroError, match=said):
        deliver(release, place(minio, "pushed"), tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_flipped_object_is_refused(pushed_run: Project, release: Path, minio: Minio, tmp_path: Path) -> None:
    bucket = place(minio, "flipped")
    bucket.set_up()
    for name in ("model.pkl", "trees.npz"):
        content = bytearray((pushed_run.root / "models" / name).read_bytes())
        content[len(content) // 2] ^= 1
        md5 = read_lock(release).output(f"models/{name}")[0]
        bucket.client.put_object(Bucket="flipped", Key=f"dvc/files/md5/{md5[:2]}/{md5[2:]}", Body=bytes(content))
    with pytest.raises(LastroError, match=r"model\.pkl: refused, the md5"):
        deliver(release, bucket, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_other_model_than_asked_for_is_refused(release: Path, minio: Minio, tmp_path: Path) -> None:
    with pytest.raises(LastroError, match="was asked for"):
        deliver(release, place(minio, "pushed"), tmp_path / "to", "1" * 64)
    assert not (tmp_path / "to").exists()


def test_folder_without_a_server_delivers_too(pushed_run: Project, release: Path, tmp_path: Path) -> None:
    shutil.copytree(pushed_run.root / ".dvc/cache/files", tmp_path / "remote/files")  # as `dvc push` lays it out
    found = place_of(str(tmp_path / "remote"), {})
    assert isinstance(found, Folder)
    assert deliver(release, found, tmp_path / "to").sha256 == read_sha(release)
    shutil.rmtree(tmp_path / "remote" / "files")
    with pytest.raises(LastroError, match="does not hold the object"):
        deliver(release, found, tmp_path / "again")


def test_cuts_that_git_does_not_hold_are_fetched_and_verified(
    pushed_run: Project, release: Path, tmp_path: Path
) -> None:
    objects = Path(shutil.copytree(pushed_run.root / ".dvc/cache/files/md5", tmp_path / "remote/files/md5"))
    whole = read_export(release / "models/export.json")
    stated, codes = parted(whole, most=0)
    (release / "models/export.json").write_text(stated.model_dump_json())
    (release / "models/codes.json").write_bytes(codes)
    relock(release, "export.json", "codes.json")
    (release / "models/codes.json").unlink()
    md5 = read_lock(release).output("models/codes.json")[0]
    (objects / md5[:2]).mkdir(exist_ok=True)
    (objects / md5[:2] / md5[2:]).write_bytes(codes)
    place = place_of(str(tmp_path / "remote"), {})
    deliver(release, place, tmp_path / "to")
    assert (tmp_path / "to/codes.json").read_bytes() == codes
    assert load(tmp_path / "to").export.fields == whole.fields
    (objects / md5[:2] / md5[2:]).write_bytes(codes.replace(b"1", b"2", 1))
    with pytest.raises(LastroError, match=r"codes\.json: refused, the md5"):
        deliver(release, place, tmp_path / "other")
    assert not (tmp_path / "other").exists()
