"""A job's clone: at the asked commit or branch, by the secret alone, kept where it is, and told where it cannot be."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.clone import clone, deployed
from ops.errors import SetupError
from tests.git_server import PASSWORD, credentials, serving

COMMIT = ("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "--allow-empty", "-m")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A bare repository of two commits behind a server that wants a password, and the first commit."""
    root, work = tmp_path / "server" / "lastro.git", tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    git(work, *COMMIT, "one")
    first = git(work, "rev-parse", "HEAD")
    git(work, *COMMIT, "two")
    git(work, "clone", "-q", "--bare", ".", str(root))
    monkeypatch.delenv("LASTRO_GIT_COMMIT", raising=False)
    with serving(root.parent) as address:
        monkeypatch.setenv("LASTRO_GIT_REMOTE", f"{address}/lastro.git")
        (tmp_path / "git-credentials").write_text(credentials(address))
        yield root, first


def test_commit_or_branch_is_checked_out_and_can_be_pushed_by_the_secret(
    history: tuple[Path, str], tmp_path: Path
) -> None:
    root, first = history
    found = clone(tmp_path / "clone", first, tmp_path)
    assert git(found, "rev-parse", "HEAD") == first
    (found / "begun").touch()
    assert (clone(found, first, tmp_path) / "begun").exists()  # a killed container's work goes on
    git(found, *COMMIT, "three")
    git(found, "push", "-q", "origin", "HEAD:refs/heads/retrain-x")
    assert git(root, "log", "-1", "--format=%s", "retrain-x") == "three"
    assert not (clone(found, "main", tmp_path) / "begun").exists()
    assert git(found, "log", "-1", "--format=%s") == "two"
    config = (found / ".git" / "config").read_text()
    assert PASSWORD not in config
    assert (tmp_path / "git-credentials").read_text().count("\n") == 1  # Git has not written there


@pytest.mark.usefixtures("history")
def test_what_cannot_be_cloned_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupError, match=r"has no commit or branch 0{40}: push it there\.$"):
        clone(tmp_path / "clone", "0" * 40, tmp_path)
    with pytest.raises(SetupError, match=r"^LASTRO_GIT_REMOTE=http.*: fatal: could not read Username .*\.$"):
        clone(tmp_path / "clone", "main", tmp_path / "nowhere")
    monkeypatch.setenv("LASTRO_GIT_REMOTE", "https://me:secret@example.org/lastro.git")
    with pytest.raises(SetupError, match="holds a password: write it into git-credentials") as told:
        clone(tmp_path / "clone", "main", tmp_path)
    assert "me:secret" not in str(told.value)
    monkeypatch.setenv("LASTRO_GIT_REMOTE", "")
    with pytest.raises(SetupError, match="LASTRO_GIT_REMOTE is empty"):
        clone(tmp_path / "clone", "main", tmp_path)


def test_deployed_commit_is_the_images_or_its_histories(
    history: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, first = history
    assert deployed(root) == git(root, "rev-parse", "HEAD")
    monkeypatch.setenv("LASTRO_GIT_COMMIT", f"{first}-dirty")
    assert deployed(root) == first
    monkeypatch.setenv("LASTRO_GIT_COMMIT", "")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(SetupError, match=r"build it with GIT_COMMIT\.$"):
        deployed(tmp_path / "empty")
