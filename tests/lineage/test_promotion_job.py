"""What the cluster runs after a sync: the image's project, a clone's history, a chain in the store."""

import os
from pathlib import Path

import pytest

from ops import pipeline
from src.lineage.chain import append, read_chain
from src.lineage.promotion import Reason, put
from src.lineage.settings import Settings
from src.lineage.storage import remote
from tests.conftest import OURS, Project
from tests.lineage.conftest import PASSWORD, USER, Minio, point
from tests.lineage.deployed import Deployed


@pytest.fixture
def origin(tmp_path: Path) -> Deployed:
    """The repository that is deployed: its overlay `local` names version 1."""
    found = Deployed(tmp_path / "origin", Settings(state=tmp_path))
    found.root.mkdir()
    found.git("init", "--quiet", "-b", "release")
    found.commit(1, "Pin", "local")
    return found


@pytest.fixture
def job(project: Project, minio: Minio, bucket: str, origin: Deployed, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The image's project with what its pod is given, over a chain whose champion is version 1."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    point(project.root, minio.remote(bucket))
    place = remote(project.root)
    place.set_up()
    chain = append(place, read_chain(place), kind="publish", version=1, by="t", why="w", form_sha256="f")
    put(place, chain, "promote", 1, Reason("t", "first"))
    given = {"AWS_ENDPOINT_URL_S3": minio.url, "LASTRO_BUCKET": bucket, "AWS_ACCESS_KEY_ID": USER}
    given |= {"AWS_SECRET_ACCESS_KEY": PASSWORD, "AWS_DEFAULT_REGION": "us-east-1", "LASTRO_GIT_BRANCH": "release"}
    given |= {"LASTRO_GIT_REMOTE": f"file://{origin.root}", "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    for name, value in {**given, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}.items():
        monkeypatch.setenv(name, value)
    for name in ("WORK", "STATE", "SECRETS"):
        monkeypatch.setattr(pipeline, name, project.root.parent / name)
    monkeypatch.setattr(pipeline, "ROOT", project.root)
    monkeypatch.chdir(project.root)
    return project


def test_job_finds_the_commit_by_the_namespace_and_writes_one_event(job: Project, origin: Deployed) -> None:
    pipeline.promotion(["lastro-local"])
    events = read_chain(remote(job.root)).events
    commit = origin.git("rev-parse", "HEAD")
    assert [event.why for event in events[2:]] == [f"commit {commit}, overlay local: Pin"]


def test_job_tells_apart_what_another_try_may_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pipeline, "WORK", tmp_path)
    monkeypatch.setenv("LASTRO_GIT_REMOTE", f"file://{tmp_path}/nowhere")
    with pytest.raises(SystemExit) as ended:
        pipeline.promotion(["lastro-local"])
    assert ended.value.code == 2
    said = capfd.readouterr().err
    assert said.startswith("LASTRO_GIT_REMOTE=file://")
    assert "Traceback" not in said
