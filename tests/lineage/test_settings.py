"""Where the state lies, for the project itself and for the copies in which its code runs."""

import subprocess
from pathlib import Path

import pytest

from src.lineage import settings
from src.lineage.settings import Settings, home
from tests.conftest import Project

ADDRESS = "sqlite:///var/mlflow/mlflow.db"


@pytest.fixture
def worktree(small: Project, tmp_path: Path) -> Path:
    """A linked worktree of a small project."""
    small.run("git", "worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    return tmp_path / "other"


@pytest.mark.parametrize("name", ["plain", "with a blank", "com acentuação"])
def test_dvcs_temporary_workspace_belongs_to_its_project(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    assert home(root / ".dvc" / "tmp" / "exps" / "standalone" / "tmpabc") == root
    assert home(root / ".dvc" / "tmp" / "exps" / "tmpabc") == root


def test_folder_of_another_kind_is_its_own_home(small: Project, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", small.root, clone], check=True)
    for folder in (tmp_path, small.root, clone, small.root / ".dvc" / "tmp" / "exps"):
        assert home(folder) == folder


def test_worktree_belongs_to_the_main_one_unless_it_was_set_up_for_itself(small: Project, worktree: Path) -> None:
    assert home(worktree) == small.root
    assert home(worktree / "src") == small.root / "src"
    assert home(worktree / ".dvc" / "tmp" / "exps" / "standalone" / "tmpabc") == small.root
    (worktree / ".env").touch()
    assert home(worktree) == worktree


def test_worktree_of_a_bare_repository_is_its_own_home(small: Project, tmp_path: Path) -> None:
    small.run("git", "clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    subprocess.run(["git", "-C", tmp_path / "bare.git", "worktree", "add", "-q", tmp_path / "w"], check=True)
    assert home(tmp_path / "w") == tmp_path / "w"


@pytest.mark.parametrize("given", [{}, {"MLFLOW_TRACKING_URI": ADDRESS}, {"LASTRO_STATE": "var"}])
@pytest.mark.parametrize("name", ["plain", "with a blank", "com acentuação"])
def test_relative_places_are_those_of_the_home_wherever_the_process_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, given: dict[str, str]
) -> None:
    root = tmp_path / name
    workspace = root / ".dvc" / "tmp" / "exps" / "standalone" / "tmpabc"
    workspace.mkdir(parents=True)
    (root / ".env").write_text("LASTRO_STATE=var\n" + "".join(f"{key}={value}\n" for key, value in given.items()))
    for variable in ("LASTRO_STATE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(settings, "ROOT", workspace)
    monkeypatch.chdir(workspace)
    found = settings.read_settings()
    assert found.state == root / "var"
    assert found.database == root / "var" / "mlflow" / "mlflow.db"
    assert found.tracking_uri == f"sqlite:///{found.database}"
    assert found.runs_folder == root / "var" / "mlflow" / "artifacts"


@pytest.mark.parametrize("sign", ["?", "%"])
def test_sign_that_an_address_cannot_hold_is_left_out_by_a_relative_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    root = tmp_path / f"a{sign}b"
    root.mkdir()
    monkeypatch.setattr(settings, "ROOT", root)
    monkeypatch.chdir(root)
    found = Settings(state=Path("var"), tracking_uri="")
    assert (found.tracking_uri, found.database) == (ADDRESS, root / "var" / "mlflow" / "mlflow.db")


def test_server_and_memory_are_taken_as_they_are() -> None:
    for uri in ("http://127.0.0.1:5000", "sqlite:///:memory:", "postgresql://u:p@h/d"):
        assert (Settings(tracking_uri=uri).tracking_uri, Settings(tracking_uri=uri).database) == (uri, None)
