"""An image's first process: secrets and the image's commit become variables."""

import subprocess
import sys
from pathlib import Path

from ops import enter
from tests.conftest import ROOT

SHOW = "import os; print(*sorted(n for n in os.environ if n.startswith('LASTRO_')))"


def test_files_become_variables(tmp_path: Path) -> None:
    (tmp_path / "LASTRO_API_KEYS").write_text("web:00\n")
    (tmp_path / "credentials").write_text("[default]\n")
    assert enter.secrets(tmp_path) == {"LASTRO_API_KEYS": "web:00"}
    assert enter.secrets(tmp_path / "nowhere") == {}


def test_command_gets_its_variables() -> None:
    command = [sys.executable, "-m", "ops.enter", sys.executable, "-c", SHOW]
    environment = {"PATH": "/usr/bin", "LASTRO_STATE": "/tmp"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["LASTRO_STATE"]


def test_commit_of_the_image_becomes_a_variable_where_it_is_known(tmp_path: Path) -> None:
    file = tmp_path / "commit"
    for commit in ("a" * 40, f"{'b' * 40}-dirty"):
        file.write_text(f"{commit}\n")
        assert enter.built_from(file) == {"LASTRO_GIT_COMMIT": commit}
    file.write_text("\n")
    assert enter.built_from(file) == enter.built_from(tmp_path / "none") == {}
