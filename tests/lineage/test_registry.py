"""What is published is DVC's object, once, with the tags, alias and registry.json that others rely on."""

import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from src.files import digest
from src.lineage.folder import StorageError
from src.lineage.lock import LineageError, read_lock
from src.lineage.mlflow_backend import opened
from src.lineage.model_versions import Registry
from src.lineage.registry import publish
from src.lineage.settings import Settings
from src.lineage.storage import Bucket, remote
from src.model.artifact import ArtifactError
from tests.conftest import Project
from tests.lineage.conftest import MADE, Minio, commit, fit, point, point_to_folder, remake


@pytest.fixture
def pushed(small: Project, minio: Minio, bucket: str) -> Project:
    """The small project with its objects in a bucket of its own."""
    point(small.root, minio.remote(bucket))
    remote(small.root).set_up()
    put(small)
    return small


def put(project: Project) -> None:
    """Bring the model's object to the bucket as `dvc push` does, without its seconds."""
    place, md5 = remote(project.root), md5_of(project)
    assert isinstance(place, Bucket)
    key = f"dvc/files/md5/{md5[:2]}/{md5[2:]}"
    place.client.put_object(Bucket=place.name, Key=key, Body=(project.root / "models" / "model.pkl").read_bytes())


def md5_of(project: Project) -> str:
    return digest(project.root / "models" / "model.pkl", "md5")


def another_model(project: Project, seed: int) -> None:
    """Make and push another model."""
    remake(project, seed)
    put(project)


def aliases(settings: Settings) -> dict[str, str]:
    with opened(settings) as mlflow:
        found = mlflow.MlflowClient().get_registered_model("credit-score").aliases
    return {alias: str(version) for alias, version in found.items()}


def version(settings: Settings, number: str | None) -> Any:
    with opened(settings) as mlflow:
        return mlflow.MlflowClient().get_model_version("credit-score", number)


def versions(settings: Settings) -> int:
    with opened(settings) as mlflow:
        return len(mlflow.MlflowClient().search_model_versions("name = 'credit-score'"))


def test_committed_model_becomes_champion_with_all_that_is_known_of_it(
    pushed: Project, settings: Settings, bucket: str
) -> None:
    said = publish(pushed.root, settings)
    head = pushed.run("git", "rev-parse", "HEAD").stdout.strip()
    md5, sha256 = md5_of(pushed), digest(pushed.root / "models" / "model.pkl")
    data = digest(pushed.root / "data/raw/applications.parquet", "md5")
    published = datetime.fromisoformat(said["published"] or "")
    assert timedelta() <= datetime.now(UTC) - published < timedelta(minutes=2)
    assert said == {
        "name": "credit-score",
        "version": "1",
        "sha256": sha256,
        "git_commit": head,
        "data_md5": data,
        "dvc_prefix": f"s3://{bucket}/dvc",
        "published": published.isoformat(),
    }
    assert json.loads(pushed.read("models/registry.json")) == said
    assert aliases(settings) == {"champion": "1"}
    assert version(settings, "1").tags == {
        "dvc.url": f"s3://{bucket}/dvc/files/md5/{md5[:2]}/{md5[2:]}",
        "dvc.md5": md5,
        "model.sha256": sha256,
        "data.md5": data,
        "git.commit": head,
        "git.dirty": "false",
    }
    assert pushed.run("git", "status", "--porcelain").stdout == ""


def test_published_file_is_dvcs_object_byte_for_byte(
    pushed: Project, settings: Settings, bucket: str, tmp_path: Path
) -> None:
    publish(pushed.root, settings)
    place = remote(pushed.root)
    with opened(settings, place.environment()) as mlflow:
        folder = mlflow.artifacts.download_artifacts("models:/credit-score@champion", dst_path=str(tmp_path / "d"))
        source = mlflow.MlflowClient().get_model_version_download_uri("credit-score", "1")
        experiment = mlflow.get_experiment_by_name("credit-score-models")
    assert source.startswith(f"s3://{bucket}/mlflow/")
    assert experiment.artifact_location == f"s3://{bucket}/mlflow"
    assert (Path(folder) / "model.pkl").read_bytes() == (pushed.root / "models" / "model.pkl").read_bytes()
    assert (Path(folder) / "model.json").read_bytes() == (pushed.root / "models" / "model.json").read_bytes()


def test_same_model_twice_is_one_version(pushed: Project, settings: Settings) -> None:
    assert publish(pushed.root, settings) == publish(pushed.root, settings)
    assert versions(settings) == 1
    assert aliases(settings) == {"champion": "1"}


def test_dirty_model_is_champion_only_where_there_is_none(pushed: Project, settings: Settings) -> None:
    another_model(pushed, seed=1)
    first = publish(pushed.root, settings)
    assert first["git_commit"] is None
    assert version(settings, "1").tags["git.dirty"] == "true"
    assert "git.commit" not in version(settings, "1").tags
    assert aliases(settings) == {"champion": "1"}
    another_model(pushed, seed=2)
    publish(pushed.root, settings)
    assert aliases(settings) == {"champion": "1", "challenger": "2"}


def test_dirty_model_that_is_committed_becomes_champion_as_the_same_version(
    pushed: Project, settings: Settings
) -> None:
    publish(pushed.root, settings)
    another_model(pushed, seed=1)
    assert publish(pushed.root, settings)["git_commit"] is None
    assert aliases(settings) == {"champion": "1", "challenger": "2"}
    made = commit(pushed)
    said = publish(pushed.root, settings)
    assert (said["version"], said["git_commit"]) == ("2", made)
    assert aliases(settings) == {"champion": "2"}
    tags = version(settings, "2").tags
    assert (tags["git.commit"], tags["git.dirty"]) == (made, "false")
    assert versions(settings) == 2


def test_champion_whose_files_are_edited_stays_champion_without_a_commit(pushed: Project, settings: Settings) -> None:
    publish(pushed.root, settings)
    (pushed.root / "src" / "new.py").write_text("")
    assert publish(pushed.root, settings)["git_commit"] is None
    tags = version(settings, "1").tags
    assert (tags.get("git.commit"), tags["git.dirty"]) == (None, "true")
    assert aliases(settings) == {"champion": "1"}


def test_version_whose_file_was_lost_is_published_anew(pushed: Project, settings: Settings, bucket: str) -> None:
    publish(pushed.root, settings)
    place = remote(pushed.root)
    assert isinstance(place, Bucket)
    listed = place.client.list_objects_v2(Bucket=bucket, Prefix="mlflow/")["Contents"]
    for item in listed:
        place.client.delete_object(Bucket=bucket, Key=item["Key"])
    assert publish(pushed.root, settings)["version"] == "2"
    assert aliases(settings) == {"champion": "2"}


def test_folder_as_remote_is_checked_and_published_beside_the_runs(
    small: Project, settings: Settings, tmp_path: Path
) -> None:
    point_to_folder(small.root, tmp_path / "objects")
    remote(small.root).set_up()
    with pytest.raises(LineageError, match="not in DVC's remote: `dvc push`"):
        publish(small.root, settings)
    small.run("dvc", "push")
    said = publish(small.root, settings)
    assert publish(small.root, settings) == said
    md5 = md5_of(small)
    assert version(settings, "1").tags["dvc.url"] == str(tmp_path / "objects/files/md5" / md5[:2] / md5[2:])
    [published] = settings.runs_folder.rglob("model.pkl")
    assert digest(published, "md5") == md5


def test_object_that_was_not_pushed_is_named(pushed: Project, settings: Settings) -> None:
    remake(pushed, seed=1)
    with pytest.raises(LineageError, match=f"its object {md5_of(pushed)} is not in DVC's remote: `dvc push`"):
        publish(pushed.root, settings)
    assert not (pushed.root / "models" / "registry.json").exists()


def test_object_of_another_size_is_named(pushed: Project, settings: Settings) -> None:
    place, md5 = remote(pushed.root), md5_of(pushed)
    assert isinstance(place, Bucket)
    place.client.put_object(Bucket=place.name, Key=f"dvc/files/md5/{md5[:2]}/{md5[2:]}", Body=b"cut off")
    with pytest.raises(LineageError, match=r"has 7 bytes, dvc\.lock says"):
        publish(pushed.root, settings)


def test_model_that_is_not_the_cards_is_refused(pushed: Project, settings: Settings) -> None:
    (pushed.root / "models" / "model.pkl").chmod(0o644)
    (pushed.root / "models" / "model.pkl").write_bytes(b"another")
    with pytest.raises(ArtifactError, match="the card names"):
        publish(pushed.root, settings)


def test_model_that_is_not_the_locks_is_refused(pushed: Project, settings: Settings) -> None:
    fit(pushed, seed=1)
    for source, made in MADE.items():
        (pushed.root / made).unlink()
        (pushed.root / made).write_bytes((pushed.root / source).read_bytes())
    with pytest.raises(
        LineageError, match=f"its md5 is .*, dvc.lock names {read_lock(pushed.root).output('models/model.pkl')[0]}"
    ):
        publish(pushed.root, settings)


def test_unreachable_bucket_is_a_sentence(pushed: Project, settings: Settings, minio: Minio) -> None:
    point(pushed.root, minio.remote("none-here"))
    with pytest.raises(StorageError, match="there is no such bucket"):
        publish(pushed.root, settings)


def test_server_lost_in_the_middle_of_publishing_is_a_sentence_and_the_next_time_completes(
    small: Project, own_minio: Minio, bucket: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        own_minio.stop(signal.SIGKILL)

    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    point(small.root, own_minio.remote(bucket))
    remote(small.root).set_up()
    put(small)
    find = Registry.find
    monkeypatch.setattr(Registry, "find", lost)
    with pytest.raises(StorageError, match="no server answers there"):
        publish(small.root, settings)
    assert not (small.root / "models" / "registry.json").exists()
    monkeypatch.setattr(Registry, "find", find)
    own_minio.start()
    assert publish(small.root, settings)["version"] == "1"
