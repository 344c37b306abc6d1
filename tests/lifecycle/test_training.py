"""The Job training as an image runs it: a Git server that wants a password, MinIO, a small pipeline, a log"""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Project, fresh_copy, put_database
from tests.git_server import PASSWORD, credentials, serving
from tests.lifecycle.test_retrain_kills import UNTIL, few, fill
from tests.lineage.conftest import PASSWORD as KEY
from tests.lineage.conftest import USER, Minio, commit, minio, minio_program, point  # noqa: F401
from tests.monitoring.seeded import opened

pytestmark = pytest.mark.lifecycle
IMAGE = """
import os, sys
from pathlib import Path
from ops import pipeline
pipeline.WORK, pipeline.STATE, pipeline.SECRETS = map(Path, sys.argv[1:4])
pipeline.ROOT = Path.cwd()
del sys.argv[1:4]
pipeline.main()
"""
RETRAIN = ("training", "--mixed-base-rates", "--until", UNTIL)


@pytest.fixture
def image(minio: Minio, empty_database: Path, tmp_path: Path) -> Iterator[tuple[Project, Path]]:  # noqa: F811
    """The project with a published champion in MinIO, and its history behind a Git server."""
    project = fresh_copy(tmp_path / "project", LASTRO_STATE=str(tmp_path / "state"))
    project.edit("params.yaml", few)
    put_database(empty_database, tmp_path / "state")
    project.run("dvc", "repro")
    commit(project)
    point(project.root, minio.remote("training"))
    project.run("python", "-m", "src.lineage.storage")
    project.run("dvc", "push")
    project.run("python", "-m", "src.lineage.registry", "publish")
    project.run("git", "clone", "-q", "--bare", ".", str(tmp_path / "git" / "lastro.git"))
    with serving(tmp_path / "git") as address:
        (tmp_path / "git-credentials").write_text(credentials(address))
        project.env.update(
            LASTRO_GIT_REMOTE=f"{address}/lastro.git", AWS_ENDPOINT_URL_S3=minio.url, LASTRO_BUCKET="training",
            AWS_ACCESS_KEY_ID=USER, AWS_SECRET_ACCESS_KEY=KEY, AWS_DEFAULT_REGION="us-east-1",
        )  # fmt: skip
        yield project, tmp_path


def started(project: Project, folder: Path, *words: str) -> str:
    """What the Job says, as a pod of its own: with an empty folder to work in."""
    places = [str(folder / name) for name in ("state", ".")]
    work = folder / f"work-{len(list(folder.glob('work-*')))}"
    work.mkdir()
    return project.run("python", "-c", IMAGE, str(work), *places, *words).stdout


@pytest.mark.timeout(1800)
def test_nothing_new_ends_well_and_outcomes_become_a_pushed_branch_and_a_challenger_once(
    image: tuple[Project, Path],
) -> None:
    project, folder = image
    listed: Callable[[], str] = lambda: project.run("python", "-m", "src.lineage.registry", "list").stdout  # noqa: E731
    opened(f"sqlite:///{folder / 'state' / 'api' / 'journal.db'}").dispose()  # a log that holds nothing yet
    before = listed()
    said = started(project, folder, *RETRAIN)
    assert "nothing new to train on" in said
    assert listed() == before
    fill(project, folder / "state" / "api" / "journal.db")
    said += started(project, folder, *RETRAIN)
    bare = ("git", "--git-dir", str(folder / "git" / "lastro.git"))
    (line,) = subprocess.run(
        [*bare, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/retrain-*"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    branch, tip = line.split()
    assert f"version 2, challenger, of branch {branch}" in said
    assert tip[:12] in project.run("python", "-m", "src.lineage.registry", "show", "2").stdout
    after = listed()
    said += started(project, folder, *RETRAIN)
    assert f"nothing new to train on: branch {branch} holds the same data" in said
    assert listed() == after
    assert PASSWORD not in said
