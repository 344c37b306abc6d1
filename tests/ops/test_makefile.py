import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ops.deployment import ROOT

COMMANDS = (
    *("run", "start", "stop", "status", "logs", "test", "coverage", "lint", "format", "test-tables", "test-containers"),
    *(
        "test-lifecycle",
        "test-airflow",
        "bench",
        "pictures",
        "demo-monitoring",
        "demo-year",
        "reproduce",
        "lock",
        "help",
    ),
)


def make(*arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    program = shutil.which("make") or "make"
    environment = {**inherited, "PATH": path}
    return subprocess.run([program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def fake_python(folder: Path, name: str, version: str) -> Path:
    """Write a program that answers like a Python of that version."""
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$2" = "${{2%{version}*}}" ] && exit 1\nexit 1\n')
    path.chmod(0o755)
    return path


def test_help_is_the_default_and_names_every_command() -> None:
    shown = make().stdout
    assert shown == make("help").stdout
    assert set(COMMANDS) <= {line.split()[1] for line in shown.splitlines()}


def test_too_old_python_is_a_sentence(tmp_path: Path) -> None:
    old = fake_python(tmp_path, "python3", "3.9")
    done = make("run", f"PYTHON={old}")
    assert done.returncode != 0
    assert f"Python 3.11 to 3.14 is needed, and {old} is none: install one, or name it, make run PYTHON=" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_first_python_that_fits_is_taken(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", "3.9")
    fits = tmp_path / "python3.12"
    fits.write_text("#!/bin/sh\nexit 0\n")
    fits.chmod(0o755)
    for name in ("sh", "awk"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    assert "python3.12 -m ops.run" in make("--dry-run", "run", path=str(tmp_path)).stdout


def test_makefile_uses_nothing_newer_than_make_3_81() -> None:
    text = (ROOT / "Makefile").read_text()
    for newer in (".ONESHELL", "::=", "!=", "$(file ", "private ", "define ="):
        assert newer not in text


@pytest.mark.parametrize("script", ["activate", ".ci/run"])
def test_scripts_are_valid_for_every_shell_here(script: str) -> None:
    for shell in filter(shutil.which, ("sh", "bash", "dash", "zsh")):
        subprocess.run([shell, "-n", script], cwd=ROOT, check=True)


def test_automatic_check_is_make_test_with_ci_set_and_nothing_more() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert [line for line in lines if not line.startswith("#")] == [
        "set -eu",
        'cd "$(dirname "$0")/.."',
        "CI=1 make test",
    ]
