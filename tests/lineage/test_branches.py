"""Retraining with a Git remote: the branch is there before its model is published, and a lost run's is gone on with."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.lineage.retrained import Retrained, made


@pytest.fixture
def retrain(tmp_path: Path) -> Retrained:
    """A project with a champion and a Git remote `origin`."""
    found = made(tmp_path / "here")
    found.git("clone", "-q", "--bare", ".", str(tmp_path / "here" / "origin.git"))
    found.git("remote", "add", "origin", str(tmp_path / "here" / "origin.git"))
    return found


def branches(retrain: Retrained) -> list[str]:
    return retrain.git("ls-remote", "--refs", "origin", "refs/heads/retrain-*").split()


def again(retrain: Retrained) -> Retrained:
    """A fresh clone beside the first checkout, which knows nothing of what that had begun; the log is the same."""
    root = retrain.root.with_name("elsewhere")
    shutil.rmtree(root, ignore_errors=True)
    retrain.git("clone", "-q", str(retrain.root.with_name("origin.git")), str(root))
    for name in (".dvc/config.local",):
        shutil.copy(retrain.root / name, root / name)
    shutil.rmtree(retrain.state / "retrain", ignore_errors=True)
    return Retrained(Project(root, retrain.project.env), retrain.state)


def test_branch_of_a_lost_run_is_published_by_the_next_and_then_nothing_is_new(
    retrain: Retrained, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    assert retrain("--remote", "origin") == 3
    assert branches(retrain) == []
    retrain.outcomes("120 rows")
    assert retrain("--remote", "origin") == 0
    pushed = branches(retrain)
    assert pushed == [retrain.git("rev-parse", retrain.branches()[0]), f"refs/heads/{retrain.branches()[0]}"]
    elsewhere = again(retrain)  # no version of the chain has that commit: it was lost before it published
    with caplog.at_level("INFO"):
        assert elsewhere("--remote", "origin", "--why", "another reason") == 0
    assert any(
        f"goes on with branch {pushed[1][11:]}, begun for this reason: drift" in each for each in caplog.messages
    )
    assert retrain.asked().count("publish --challenger --why drift --json") == 2
    assert branches(retrain) == pushed
    capfd.readouterr()


def test_branch_that_cannot_be_pushed_is_not_published(retrain: Retrained, capfd: pytest.CaptureFixture[str]) -> None:
    retrain.outcomes("120 rows")
    hook = retrain.root.with_name("origin.git") / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert retrain("--remote", "origin") == 2
    assert "error: git push --quiet: " in capfd.readouterr().err
    assert retrain.asked() == ["refresh"]
    hook.unlink()
    assert retrain("--remote", "origin") == 0  # it goes on, without training again
    assert retrain.asked()[:2] == ["refresh", "publish --challenger --why drift --json"]
    shutil.rmtree(retrain.root.with_name("origin.git"))
    assert retrain("--remote", "origin") == 2
    assert "error: git fetch --quiet: " in capfd.readouterr().err
