"""What is published is DVC's object, once, with the tags, alias and registry.json that others rely on."""

import json
import signal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from src.files import digest
from src.lineage.chain import REGISTRY, read_chain
from src.lineage.dossier import read_dossier
from src.lineage.folder import StorageError
from src.lineage.lock import LineageError, read_lock
from src.lineage.mlflow_backend import opened
from src.lineage.model_versions import Registry
from src.lineage.publishing import publish
from src.lineage.settings import Settings
from src.lineage.storage import Bucket, remote
from src.model.artifact import ArtifactError
from src.model.card import read_card
from tests.conftest import Project
from tests.lineage.conftest import (
    MADE,
    METRICS,
    Minio,
    commit,
    evaluate,
    fit,
    point,
    point_to_folder,
    remake,
    settings_in,
)
from tests.lineage.pushed import aliases, another_model, md5_of, pushed_to, put, version, versions

BUCKET = "published-once"
LATER = ("signature", "saved_input_example_info")


@dataclass(frozen=True)
class Published:
    """A project whose model is version 1, and the MLflow that knows it."""

    project: Project
    settings: Settings

    def copy(self, folder: Path) -> "Published":
        """Return a copy with a history of its own; the published files in the bucket are the same."""
        assert self.settings.database is not None
        return Published(self.project.copy(folder / "copy"), settings_in(folder, self.settings.database))

    def publish(self) -> dict[str, str | None]:
        """Publish what lies here now."""
        return publish(self.project.root, self.settings)

    @property
    def client(self) -> Any:
        """MLflow's client."""
        with opened(self.settings) as mlflow:
            return mlflow.MlflowClient(self.settings.tracking_uri)

    def find(self) -> str | None:
        """Return the version that says all that is known of the model here."""
        root, place = self.project.root, remote(self.project.root)
        with opened(self.settings, place.environment()) as mlflow:
            card = read_card(root / "models" / "model.json")
            return Registry(mlflow, place, self.settings.runs_folder).find(1, read_dossier(root, card))


@pytest.fixture(scope="module")
def once(_small: Project, minio: Minio, empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A committed, pushed model, published once. Copy it before you change it."""
    folder = tmp_path_factory.mktemp("once")
    project = pushed_to(_small.copy(folder / "project"), minio, BUCKET)
    made = Published(project, settings_in(folder, empty_database))
    made.publish()
    return made


@pytest.fixture
def published(once: Published, tmp_path: Path) -> Iterator[Published]:
    """The same, to be changed; the chain in the bucket is put back."""
    place = remote(once.project.root)
    assert isinstance(place, Bucket)
    before = place.keys(REGISTRY)
    yield once.copy(tmp_path)
    for key in set(place.keys(REGISTRY)) - {*before}:
        place.client.delete_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def pushed(small: Project, minio: Minio, bucket: str) -> Project:
    """The small project with its objects in a bucket of its own."""
    return pushed_to(small, minio, bucket)


def test_committed_model_becomes_champion_with_all_that_is_known_of_it(once: Published) -> None:
    project = once.project
    said = json.loads(project.read("models/registry.json"))
    head = project.run("git", "rev-parse", "HEAD").stdout.strip()
    md5, sha256 = md5_of(project), digest(project.root / "models" / "model.pkl")
    data = digest(project.root / "data/raw/applications.parquet", "md5")
    form = digest(project.root / "models" / "export.json")
    published = datetime.fromisoformat(said["published"])
    assert timedelta() <= datetime.now(UTC) - published < timedelta(minutes=10)
    assert said == {
        "name": "credit-score",
        "version": "1",
        "sha256": sha256,
        "form_sha256": form,
        "git_commit": head,
        "data_md5": data,
        "dvc_prefix": f"s3://{BUCKET}/dvc",
        "published": published.isoformat(),
    }
    assert aliases(once.settings) == {"champion": "1"}
    assert version(once.settings, "1").tags == {
        "dvc.url": f"s3://{BUCKET}/dvc/files/md5/{md5[:2]}/{md5[2:]}",
        "dvc.md5": md5,
        "model.sha256": sha256,
        "form.sha256": form,
        "lastro.version": "1",
        "data.md5": data,
        "git.commit": head,
        "git.dirty": "false",
        "test.roc_auc": "0.8",
        "test.brier": "0.15",
        "test.ece": "0.05",
    }
    assert project.run("git", "status", "--porcelain").stdout == ""


def test_published_file_is_dvcs_object_byte_for_byte(once: Published, tmp_path: Path) -> None:
    models = once.project.root / "models"
    with opened(once.settings, remote(once.project.root).environment()) as mlflow:
        folder = mlflow.artifacts.download_artifacts("models:/credit-score@champion", dst_path=str(tmp_path / "d"))
        source = mlflow.MlflowClient().get_model_version_download_uri("credit-score", "1")
        experiment = mlflow.get_experiment_by_name("credit-score-models")
    assert source.startswith(f"s3://{BUCKET}/mlflow/")
    assert experiment.artifact_location == f"s3://{BUCKET}/mlflow"
    assert (Path(folder) / "model.pkl").read_bytes() == (models / "model.pkl").read_bytes()
    assert (Path(folder) / "model.json").read_bytes() == (models / "model.json").read_bytes()


def test_version_says_what_it_was_made_of_and_how_good_it_is(once: Published) -> None:
    found, client = version(once.settings, "1"), once.client
    run = client.get_run(found.run_id)
    assert found.description == once.project.read("MODEL_CARD.md")
    assert run.data.metrics == METRICS
    [model] = [client.get_logged_model(output.model_id) for output in run.outputs.model_outputs]
    assert {metric.key: metric.value for metric in model.metrics} == METRICS
    [data] = [item.dataset for item in run.inputs.dataset_inputs]
    md5 = found.tags["data.md5"]
    assert (data.name, data.digest) == ("german-credit", md5)
    assert json.loads(data.source) == {"uri": f"s3://{BUCKET}/dvc/files/md5/{md5[:2]}/{md5[2:]}"}


def test_same_model_twice_is_one_version(published: Published, caplog: pytest.LogCaptureFixture) -> None:
    before = json.loads(published.project.read("models/registry.json"))
    assert published.find() == "1"
    with caplog.at_level("INFO", "src.lineage.publishing"):
        assert published.publish() == before
    assert f"credit-score version 1 is champion; made by: commit {before['git_commit'][:12]}" in caplog.text
    assert versions(published.settings) == 1
    assert aliases(published.settings) == {"champion": "1"}


def test_known_form_with_a_further_file_is_the_same_version_of_which_the_chain_knows_more(published: Published) -> None:
    project, place = published.project, remote(published.project.root)
    before = read_chain(place)
    (project.root / "models" / "reference.json").write_text("{}")
    entry = {"md5": digest(project.root / "models" / "reference.json", "md5"), "size": 2}

    def made(stages: dict, out: object) -> None:
        stages["train"]["outs"].append(out)

    project.edit("dvc.yaml", lambda found: made(found["stages"], {"models/reference.json": {"cache": False}}))
    project.edit(
        "dvc.lock", lambda found: made(found["stages"], {"path": "models/reference.json", "hash": "md5", **entry})
    )
    commit(project)
    assert published.publish()["version"] == "1"
    chain = read_chain(place, before)
    assert [event.kind for event in chain.events[len(before.events) :]] == ["publish"]
    assert chain.version(1).files["reference.json"].at == "registry"
    assert "reference.json" not in before.version(1).files
    assert chain.state.champion == 1
    published.publish()
    assert len(read_chain(place, chain).events) == len(chain.events)


def another_signature(published: Published) -> None:
    path = published.project.root / "models" / "model.json"
    card = json.loads(path.read_text())
    card["features"][0]["required"] = False
    path.write_text(json.dumps(card))


def other_metrics(published: Published) -> None:
    evaluate(published.project, digest(published.project.root / "models" / "model.pkl"), roc_auc=0.9)


def another_plot(published: Published) -> None:
    (published.project.root / "reports" / "plots" / "calibration.json").write_text("[]")


def no_data_set(published: Published) -> None:
    with sqlite3.connect(published.settings.database or "") as database:
        database.execute("DELETE FROM inputs WHERE source_type = 'DATASET'")
    database.close()


def no_run(published: Published) -> None:
    published.client.delete_run(version(published.settings, "1").run_id)


@pytest.mark.parametrize("change", [another_signature, other_metrics, another_plot, no_data_set, no_run])
def test_version_that_does_not_say_all_that_is_known_is_not_taken(
    published: Published, change: Callable[[Published], None]
) -> None:
    change(published)
    assert published.find() is None


@pytest.fixture
def former(published: Published) -> Iterator[Published]:
    """A version as a release made it that knew of no signature and no example."""
    place = remote(published.project.root)
    assert isinstance(place, Bucket)
    with opened(published.settings) as mlflow:
        address = mlflow.MlflowClient().get_model_version_download_uri("credit-score", "1")
    key = f"{address}/MLmodel".removeprefix(f"s3://{place.name}/")
    whole = place.client.get_object(Bucket=place.name, Key=key)["Body"].read()
    lacking = {name: value for name, value in yaml.safe_load(whole).items() if name not in LATER}
    place.client.put_object(Bucket=place.name, Key=key, Body=yaml.safe_dump(lacking).encode())
    yield published
    place.client.put_object(Bucket=place.name, Key=key, Body=whole)


def test_version_of_a_former_release_is_followed_by_one_that_says_what_it_is(former: Published) -> None:
    for _ in range(2):
        assert former.publish()["version"] == "1"  # the chain's, and MLflow's second
        assert aliases(former.settings) == {"champion": "2"}
        assert versions(former.settings) == 2


def test_model_card_written_anew_becomes_the_description_of_the_same_version(published: Published) -> None:
    path = published.project.root / "MODEL_CARD.md"
    path.write_text(f"{path.read_text()}\nMore.\n")
    assert published.publish()["version"] == "1"
    assert version(published.settings, "1").description == path.read_text()


def test_database_that_counts_characters_gets_the_sections_that_fit(published: Published) -> None:
    trigger = (
        "CREATE TRIGGER counts BEFORE UPDATE ON model_versions WHEN length(NEW.description) > 5000"
        " BEGIN SELECT RAISE(ABORT, 'value too long for type character varying(5000)'); END"
    )
    with sqlite3.connect(published.settings.database or "") as database:
        database.execute(trigger)
    database.close()
    path = published.project.root / "MODEL_CARD.md"
    path.write_text(f"{path.read_text()}\n## Long\n\n{'word ' * 1000}\n")
    for _ in range(2):
        assert published.publish()["version"] == "1"
        found = version(published.settings, "1").description
        assert found.startswith("# A card")
        assert "## Long" not in found
        assert found.endswith("an artifact of the run that made this version.*\n")


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


def test_dirty_model_that_is_committed_stays_challenger_as_the_same_version(published: Published) -> None:
    another_model(published.project, seed=1)
    assert published.publish()["git_commit"] is None
    assert aliases(published.settings) == {"champion": "1", "challenger": "2"}
    made = commit(published.project)
    said = published.publish()
    assert (said["version"], said["git_commit"]) == ("2", made)
    assert aliases(published.settings) == {"champion": "1", "challenger": "2"}
    tags = version(published.settings, "2").tags
    assert (tags["git.commit"], tags["git.dirty"]) == (made, "false")
    assert versions(published.settings) == 2


def test_champion_whose_files_are_edited_stays_champion_without_a_commit(published: Published) -> None:
    (published.project.root / "src" / "new.py").write_text("")
    assert published.publish()["git_commit"] is None
    tags = version(published.settings, "1").tags
    assert (tags.get("git.commit"), tags["git.dirty"]) == (None, "true")
    assert aliases(published.settings) == {"champion": "1"}


def test_version_whose_file_was_lost_is_published_anew(pushed: Project, settings: Settings, bucket: str) -> None:
    publish(pushed.root, settings)
    place = remote(pushed.root)
    assert isinstance(place, Bucket)
    listed = place.client.list_objects_v2(Bucket=bucket, Prefix="mlflow/")["Contents"]
    for item in listed:
        place.client.delete_object(Bucket=bucket, Key=item["Key"])
    assert publish(pushed.root, settings)["version"] == "1"
    assert aliases(settings) == {"champion": "2"}  # MLflow's second of the chain's first


def test_folder_as_remote_is_checked_and_published_beside_the_runs(
    small: Project, settings: Settings, tmp_path: Path
) -> None:
    point_to_folder(small.root, tmp_path / "objects")
    remote(small.root).set_up()
    with pytest.raises(LineageError, match="not in DVC's remote: `dvc push`"):
        publish(small.root, settings)
    md5 = md5_of(small)
    pushed = tmp_path / "objects/files/md5" / md5[:2] / md5[2:]
    pushed.parent.mkdir(parents=True)
    pushed.write_bytes((small.root / "models" / "model.pkl").read_bytes())  # as `dvc push` does
    said = publish(small.root, settings)
    assert publish(small.root, settings) == said
    assert version(settings, "1").tags["dvc.url"] == str(pushed)
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
