"""A commit is named only where its code, parameters and data make this very model."""

from pathlib import Path

import pytest

from src.errors import LastroError
from src.files import digest
from src.lineage import lock
from src.lineage.lock import DATA, MODEL, LineageError, read_lock
from tests.conftest import Project
from tests.lineage.conftest import commit, remake


def another_model(project: Project) -> str:
    """Make and commit another model; returns the commit."""
    remake(project, seed=1)
    return commit(project)


def head(project: Project) -> str:
    return project.run("git", "rev-parse", "HEAD").stdout.strip()


def test_newest_commit_whose_lock_names_the_model_is_named(small: Project) -> None:
    first = head(small)
    assert read_lock(small.root).provenance() == (first, f"commit {first[:12]}")
    (small.root / "README.md").write_text("a change that makes no other model")
    second = commit(small)
    assert read_lock(small.root).provenance()[0] == second != first


@pytest.mark.parametrize("path", ["src/fitted", "src/new.py", "dvc.yaml", "dvc.lock", "params.yaml"])
def test_changed_file_takes_the_commit_away(small: Project, path: str) -> None:
    with (small.root / path).open("a") as file:
        file.write("\n")
    found, why = read_lock(small.root).provenance()
    assert found is None
    assert why.startswith(f"changed since commit {head(small)[:12]}: {path}")


def test_changed_file_that_makes_no_model_leaves_the_commit(small: Project) -> None:
    (small.root / "README.md").write_text("not committed")
    assert read_lock(small.root).provenance()[0] == head(small)


def test_source_outside_of_src_counts_too(small: Project) -> None:
    package = small.root / "data" / "package.yaml"
    package.write_text("name: one")
    named = {"path": "data/package.yaml", "md5": digest(package, "md5")}
    small.edit("dvc.lock", lambda lock: lock["stages"]["ingest"]["deps"].append(named))
    made = commit(small)
    assert read_lock(small.root).provenance()[0] == made
    package.write_text("name: two")
    assert read_lock(small.root).provenance()[0] is None


@pytest.mark.parametrize(("path", "named"), [("src/fitted", "src/fitted"), ("params.yaml", "params.yaml: train.folds")])
def test_commit_without_repro_is_not_named_because_it_makes_another_model(
    small: Project, path: str, named: str
) -> None:
    (small.root / path).write_text("train: {folds: 6}\n")
    commit(small)
    assert read_lock(small.root).provenance() == (None, f"changed since `dvc repro`: {named}")


def test_former_model_brought_back_is_of_its_former_commit(small: Project) -> None:
    first = head(small)
    second = another_model(small)
    assert read_lock(small.root).provenance()[0] == second
    small.run("git", "checkout", "-q", first, "--", ".")
    assert read_lock(small.root).provenance()[0] == first


def test_model_that_was_never_committed_has_no_commit(small: Project) -> None:
    remake(small, seed=1)
    assert read_lock(small.root).provenance() == (None, "no commit's dvc.lock names it")


def test_folder_that_is_no_checkout_has_no_commit(small: Project, tmp_path: Path) -> None:
    (small.root / ".git").rename(tmp_path / "git")
    assert read_lock(small.root).provenance() == (None, "no commit's dvc.lock names it")


def test_repository_without_a_commit_has_no_commit(small: Project, tmp_path: Path) -> None:
    (small.root / ".git").rename(tmp_path / "git")
    small.run("git", "init", "-q")
    assert read_lock(small.root).provenance()[0] is None


def test_more_commits_than_git_takes_at_once_are_looked_through(
    small: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "MANY", 1)
    first = head(small)
    another_model(small)
    small.run("git", "checkout", "-q", first, "--", ".")
    assert read_lock(small.root).provenance()[0] == first


def test_output_is_md5_and_size(small: Project) -> None:
    found = read_lock(small.root)
    assert found.output(MODEL)[1] == (small.root / MODEL).stat().st_size
    assert found.output(DATA)[1] == (small.root / DATA).stat().st_size


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "no such file"), ("", "no stages in it"), ("a: [", "not YAML"), ("stages: {}", "not name")],
)
def test_unusable_lock_is_a_sentence(small: Project, text: str | None, said: str) -> None:
    (small.root / "dvc.lock").unlink()
    if text is not None:
        (small.root / "dvc.lock").write_text(text)
    with pytest.raises((LineageError, LastroError), match=said):
        read_lock(small.root).output(MODEL)
