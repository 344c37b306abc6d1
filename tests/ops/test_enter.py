"""An image's first process: secrets become variables, a refused model no service, AWS keys stay outside of it."""

import subprocess
import sys
from pathlib import Path

from ops import enter
from tests.conftest import ROOT

SHOW = "import os; print(*sorted(n for n in os.environ if n.startswith(('LASTRO_', 'AWS_'))))"


def run(**env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.enter", sys.executable, "-c", SHOW]
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": "/usr/bin"} | env, capture_output=True, text=True, check=False
    )


def test_files_become_variables(tmp_path: Path) -> None:
    (tmp_path / "LASTRO_API_KEYS").write_text("web:00\n")
    (tmp_path / "credentials").write_text("[default]\n")
    assert enter.secrets(tmp_path) == {"LASTRO_API_KEYS": "web:00"}
    assert enter.secrets(tmp_path / "nowhere") == {}


def test_command_gets_all_but_the_credentials() -> None:
    done = run(LASTRO_STATE="/tmp", AWS_SECRET_ACCESS_KEY="x", AWS_SHARED_CREDENTIALS_FILE="/x")
    assert (done.returncode, done.stdout.split()) == (0, ["LASTRO_STATE"])


def test_command_does_not_start_without_its_model(tmp_path: Path) -> None:
    done = run(LASTRO_RELEASE=str(tmp_path), LASTRO_REMOTE=str(tmp_path), LASTRO_MODELS=str(tmp_path / "models"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "dvc.lock: no such file" in done.stderr


def test_fetch_names_only_what_is_given() -> None:
    words = enter.fetch(
        {"LASTRO_RELEASE": "r", "LASTRO_REMOTE": "s3://b/p", "LASTRO_MODELS": "m", "AWS_DEFAULT_REGION": ""}
    )
    assert words[1:] == ["-m", "src.lineage.delivery", "--release", "r", "--remote", "s3://b/p", "--to", "m"]
