"""The clone in which the year is played: of a commit, with a store of its own, quickly trained, and nothing of ours"""

from pathlib import Path

import pytest
import yaml

from src.errors import LastroError
from src.lineage.policy import read_policy
from src.params import read_params
from src.year import settings
from src.year.project import TERM, Project, cloned
from tests.conftest import Project as Copy
from tests.conftest import fresh_copy


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return fresh_copy(tmp_path_factory.mktemp("year") / "source")


@pytest.fixture(scope="module")
def made(source: Copy, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return cloned(source.root, tmp_path_factory.mktemp("year") / "folder")


def test_one_candidate_remains_and_loans_are_due_after_a_month(made: Project, source: Copy) -> None:
    found = read_params(made.root / "params.yaml")
    before = yaml.safe_load(source.read("params.yaml"))
    assert list(found.train.candidates) == [next(iter(before["train"]["candidates"]))]
    assert found.dataset == before["dataset"]
    policy, theirs = read_policy(made.root / "policy.yaml"), read_policy(source.root / "policy.yaml")
    assert policy.monitoring.maturity_days == TERM
    assert policy.model_copy(update={"monitoring": theirs.monitoring}) == theirs, "the gates are the project's"


def test_its_store_and_its_history_are_its_own(made: Project, source: Copy) -> None:
    head = source.run("git", "rev-parse", "HEAD").stdout.strip()
    assert made.run("git", "rev-parse", "HEAD").strip() == head
    assert str(made.root.parent / "store") in made.run("dvc", "remote", "list")
    assert source.run("git", "status", "--porcelain").stdout == ""


def test_command_that_fails_is_a_sentence_with_its_last_line(made: Project) -> None:
    with pytest.raises(LastroError, match=r"`git nothing` ended with 1: .*nothing"):
        made.run("git", "nothing")
    assert "$ git nothing" in (made.root / "var/commands.log").read_text()


def test_without_git_it_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LastroError, match="no Git checkout with a commit"):
        cloned(tmp_path, tmp_path / "folder")


def test_folder_that_holds_something_is_a_sentence(source: Copy, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "file").touch()
    with pytest.raises(LastroError, match="`git clone` ended with 128: fatal: destination path"):
        cloned(source.root, tmp_path)


def test_nothing_of_this_deployment_reaches_its_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LASTRO_DATABASE_URL", "MLFLOW_TRACKING_URI", "AWS_SHARED_CREDENTIALS_FILE", "GIT_DIR"):
        monkeypatch.setenv(name, "ours")
    assert "ours" not in settings.variables().values()
