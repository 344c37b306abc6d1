"""A checkout is the same bytes whatever Git was told of line ends, and works without Git too."""

import subprocess
import sys
from pathlib import Path

import pytest

from src.contract import published
from src.contract.package import read_package
from tests.conftest import Project

PACKAGE = "data/external/german_credit/datapackage.yaml"
FOREIGN = "data/external/elsewhere/rows.csv"  # published with the line ends of another system


@pytest.mark.parametrize("setting", ["core.autocrlf=true", "core.eol=crlf"])
def test_clone_has_the_bytes_that_were_committed(project: Project, tmp_path: Path, setting: str) -> None:
    (project.root / FOREIGN).parent.mkdir()
    (project.root / FOREIGN).write_bytes(b"a,b\r\n1,2\r\n")
    project.run("git", "add", "-A")
    project.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "rows")
    clone = tmp_path / "clone"
    subprocess.run(["git", "-c", setting, "clone", "-q", "--config", setting, project.root, clone], check=True)
    names = project.run("git", "ls-files").stdout.splitlines()
    assert {"activate", "dvc.yaml", "docs/score.png", FOREIGN} < set(names)
    assert [name for name in names if (clone / name).read_bytes() != (project.root / name).read_bytes()] == []
    package = read_package(clone / PACKAGE)
    published.verify(published.fetch(package, (clone / PACKAGE).parent), package)
    assert subprocess.run(["git", "-C", clone, "status", "--porcelain"], capture_output=True).stdout == b""


def test_copy_without_git_is_set_up_so_that_the_pipeline_runs(project: Project, tmp_path: Path) -> None:
    archive, copy = tmp_path / "archive.tar", Project(tmp_path / "copy")
    project.run("git", "archive", "--output", str(archive), "HEAD")
    copy.root.mkdir()
    copy.run("tar", "--extract", "--file", str(archive))
    assert "is not a git repository" in copy.run("dvc", "repro", "prepare", check=False).stdout
    said = copy.run(sys.executable, "-m", "ops.configure", VENV=sys.prefix).stdout
    assert "no Git here, so DVC works without it (core.no_scm)" in said
    copy.run("dvc", "repro", "prepare")
    assert (copy.root / "data/processed/train.parquet").is_file()
    copy.run("git", "init", "-q")
    assert "no Git" not in copy.run(sys.executable, "-m", "ops.configure", VENV=sys.prefix).stdout
    assert "no_scm" not in copy.read(".dvc/config.local")
