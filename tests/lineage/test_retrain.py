"""Outcomes become a challenger in a worktree: the checkout stays as it was, and a kill costs no more than a new run."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest
from dvc.config import Config

from src.lineage.retrain import main
from src.lineage.retraining import worktree
from src.lineage.retraining.settings import variables
from src.lineage.settings import Settings
from src.lineage.storage import remote
from tests.conftest import ROOT, Project
from tests.lineage.retrained import Retrained, made


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("retrained")
    made(folder)
    return folder


@pytest.fixture
def retrain(_made: Path, tmp_path: Path) -> Retrained:
    """A project with a champion, whose log holds nothing."""
    found = Path(shutil.copytree(_made, tmp_path / "copy"))
    return Retrained(made_project(found), found / "state")


def made_project(folder: Path) -> Project:
    return Project(folder / "project", {"LASTRO_STATE": str(folder / "state")})


def left(retrain: Retrained) -> list[str]:
    """What an attempt has left in the state's folder, but for its lock."""
    folder = retrain.state / "retrain"
    return sorted(path.name for path in [*folder.iterdir(), *(folder / "worktrees").glob("*")] if path.name != "lock")


def test_outcomes_become_a_challenger_whatever_is_killed_and_the_checkout_stays(
    retrain: Retrained, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (retrain.root / "src" / "outcomes").write_text("an edit that is not committed")
    before = retrain.checkout()
    retrain.outcomes("120 rows")
    assert retrain.killed("refresh") == -9  # before its commit: it begins anew
    assert len(left(retrain)) == 3  # attempt.json, worktrees and the one in it
    retrain.outcomes("130 rows")
    assert retrain.killed("publish") == -9  # after it: it goes on with what was committed
    assert retrain.checkout()[:-1] == before[:-1]
    (branch,) = retrain.branches()
    retrain.outcomes("140 rows")  # of the next retraining
    (retrain.state / "stopped").touch()
    with caplog.at_level("INFO"):
        assert retrain("--why", "another reason") == 1
    assert f"retrain: goes on with branch {branch}, begun for this reason: drift" in caplog.messages
    assert f"version 2, challenger, of branch {branch}: a gate stops its promotion\n" in capfd.readouterr().out
    assert retrain.git("log", "--format=%s", f"main..{branch}") == "Retrain: drift"
    assert retrain.git("show", f"{branch}:models/export.json") == "130 rows"
    assert "models/model.pkl" not in retrain.git("ls-tree", "-r", "--name-only", branch)
    published, report = (
        "publish --challenger --why drift --json",
        f"report 2 --output {retrain.state}/validation-2.html",
    )
    assert retrain.asked() == ["refresh", published, published, "gates 2", report]
    pushed = [path.read_text() for path in (retrain.root.parent / "remote").rglob("files/md5/*/*")]
    assert pushed == ["130 rows"]
    assert (left(retrain), retrain.checkout()) == (["worktrees"], before)
    retrain.outcomes("130 rows")  # nothing is trained twice
    assert retrain() == 3
    assert f"nothing new to train on: branch {branch} holds the same data\n" in capfd.readouterr().out
    assert (retrain.branches(), left(retrain)) == ([branch], ["worktrees"])


def test_nothing_new_or_refused_leaves_nothing(retrain: Retrained, capfd: pytest.CaptureFixture[str]) -> None:
    before = retrain.checkout()
    assert retrain("--mixed-base-rates", "--until", "2026-03-01T00:00:00Z") == 3
    assert capfd.readouterr().out == "nothing new to train on\n"
    assert retrain.asked() == ["refresh --until 2026-03-01T00:00:00Z --mixed-base-rates"]
    retrain.outcomes("refused")
    assert retrain() == 2
    said = capfd.readouterr().err.splitlines()
    assert said == ["error: the base rates differ", "error: `python -m src.pipeline.refresh` ended with 1"]
    assert (retrain.checkout(), retrain.branches(), left(retrain)) == (before, [], ["worktrees"])


def test_without_git_champion_or_reason_one_sentence_and_2(
    retrain: Retrained, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["--why", "w"], tmp_path, Settings(state=tmp_path)) == 2
    said = f"error: {tmp_path}: no Git checkout with a commit: retraining works in a worktree of one\n"
    assert capfd.readouterr().err == said
    assert retrain("--why", " ") == 2
    assert capfd.readouterr().err == "error: --why: say why, in a few words: the commit and the chain keep it\n"
    shutil.rmtree(retrain.root.parent / "remote" / "registry")
    assert retrain() == 2
    assert capfd.readouterr().err.startswith("error: there is no champion to retrain: ")


def test_second_one_at_once_is_refused_by_a_sentence(retrain: Retrained, capfd: pytest.CaptureFixture[str]) -> None:
    folder = retrain.state / "retrain"
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert retrain() == 2
    assert "another retraining, or a command that a killed one left, still works there" in capfd.readouterr().err


def test_champion_of_a_branch_that_was_not_merged_is_named(
    retrain: Retrained, caplog: pytest.LogCaptureFixture
) -> None:
    retrain.git("checkout", "-q", "--orphan", "other")
    retrain.project.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "apart")
    assert retrain() == 3
    assert any("is not in HEAD: `git merge` its branch first" in message for message in caplog.messages)


def test_worktree_has_the_checkouts_cache_and_remote_and_goes_even_half_made(retrain: Retrained) -> None:
    trees = retrain.state / "retrain" / "worktrees"
    tree = worktree.opened(retrain.root, trees, "HEAD", "retrain-x")
    local = tree / ".dvc" / "config.local"
    assert local.stat().st_mode & 0o777 == 0o600
    assert remote(tree) == remote(retrain.root)
    assert Config(str(tree / ".dvc"))["cache"]["dir"] == f"{retrain.root}/.dvc/cache"
    half = worktree.opened(retrain.root, trees, "HEAD")
    (half / ".git").unlink()  # as if Git had been killed while it made it
    (retrain.root / ".git" / "worktrees" / half.name / "locked").write_text("initializing")
    shutil.rmtree(tree)
    worktree.closed(retrain.root, trees)
    assert list(trees.iterdir()) == []
    assert len(retrain.git("worktree", "list").splitlines()) == 1


def test_who_commits_where_git_knows_nobody(retrain: Retrained, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    tree = worktree.opened(retrain.root, retrain.state / "worktrees", "HEAD", "retrain-x")
    (tree / "src" / "outcomes").write_text("130 rows")
    worktree.asked(tree, "add", "--all")
    assert worktree.commit(tree, "Retrain: drift") == worktree.tip(retrain.root, "retrain-x")
    assert retrain.git("log", "-1", "--format=%an: %s", "retrain-x") == "retrain: Retrain: drift"


def test_told_to_end_it_ends_what_it_started_and_leaves_nothing(retrain: Retrained) -> None:
    before = retrain.checkout()
    assert retrain.killed("refresh", "15") == 2
    assert (retrain.checkout(), retrain.branches(), left(retrain)) == (before, [], ["worktrees"])
    assert not (retrain.state / "asked").exists()  # `refresh` did not come to that


def test_commands_get_the_checkouts_env_file_state_and_log(
    retrain: Retrained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (retrain.root / ".env").write_text(
        "AWS_ACCESS_KEY_ID=written\nMLFLOW_TRACKING_URI=written\nAWS_PROFILE=\nLASTRO_API_KEYS=secret\n"
    )
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "set")
    found = variables(retrain.root, Path("var"), "sqlite:////log.db")
    assert (found["AWS_ACCESS_KEY_ID"], found["MLFLOW_TRACKING_URI"]) == ("written", "set")
    assert {"AWS_PROFILE", "LASTRO_API_KEYS"}.isdisjoint(found)
    assert (found["LASTRO_STATE"], found["LASTRO_DATABASE_URL"]) == (f"{Path('var').resolve()}", "sqlite:////log.db")
    done = subprocess.run(["python", "-c", "import dvc"], cwd=tmp_path, env=found, check=False)
    assert done.returncode == 0  # `dvc` and `python` are those of this environment


def test_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"], ROOT)
    assert "0 published, its gates pass | 1 published, a gate stops it | 2 could not | 3 nothing new" in " ".join(
        capsys.readouterr().out.split()
    )
