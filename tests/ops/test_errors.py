"""Set-up's commands say in one sentence what they cannot read, write or start."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops import configure
from ops.deployment import PORTS, ROOT
from ops.errors import SetupError, run
from tests.ports import free_ports
from tests.test_errors import COMMANDS

STATE = "params.yaml/state"  # below a file nothing can be made
CASES = {  # command -> what it is given, and the file or program that it names
    "configure": ([], "", ".streamlit"),
    "credentials": ([], "", "/secrets/master"),
    "enter": (["no-such-program"], "", "no-such-program"),
    "demo": ([], "", "demo/api/journal.db"),
    "image": ([], "", "docker"),
    "images": ([], "", "docker"),
    "kustomize": (["no-such-overlay"], "", "no-such-overlay"),
    "launch": ([".", "page"], STATE, f"{STATE}/run/page.lock"),
    "manage": (["start"], STATE, STATE),
    "packages": ([], "", "npm"),
    "report": (["HEAD"], "", "dvc"),
    "reproduce": ([], "", "git"),
    "run": ([], STATE, STATE),
    "wait": (["tcp://"], "", "tcp://"),
}
ELSEWHERE = {
    "bootstrap",
    "kernel",
    "minio",
    "pipeline",
}  # their own sentences in tests of their names; paths of an image


@pytest.fixture
def broken(clone: Path, tmp_path: Path) -> Path:
    """A set-up clone in which the programs are missing or do not start."""
    for folder in ("ops", "models", "src/serving"):
        shutil.copytree(ROOT / folder, clone / folder, dirs_exist_ok=True)
    shutil.copytree(ROOT / "tests" / "browser", clone / "tests" / "browser", ignore=shutil.ignore_patterns("node_*"))
    shutil.copy(ROOT / "params.yaml", clone)
    shutil.copy(ROOT / "src" / "__init__.py", clone / "src")
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "npm").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "programs" / "npm").chmod(0o755)
    return clone


def test_every_command_of_set_up_is_tried() -> None:
    commands = {path.stem for path in COMMANDS if path.is_relative_to(ROOT / "ops")} - {"answer"}
    assert commands == CASES.keys() | ELSEWHERE


@pytest.mark.parametrize("command", CASES)
def test_command_that_cannot_go_on_says_so_in_one_sentence(broken: Path, tmp_path: Path, command: str) -> None:
    arguments, state, named = CASES[command]
    if command == "configure":
        shutil.rmtree(broken / ".streamlit")
        (broken / ".streamlit").write_text("in the way")
    else:
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))  # the usual ones may be in use
        configure.write(broken, ports | ({"LASTRO_STATE": state} if state else {}))
    done = subprocess.run(
        [sys.executable, "-m", f"ops.{command}", *arguments],
        cwd=broken, env={"PATH": str(tmp_path / "programs"), "VENV": sys.prefix, "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_hint_says_what_helps_on_a_read_only_disk() -> None:
    with pytest.raises(SystemExit) as caught:
        run(lambda: (_ for _ in ()).throw(OSError(30, "Read-only file system", "/x/.env.7")), "make run: ")
    assert caught.value.code == (
        "make run: /x/.env.7: Read-only file system; work in a copy of the project that can be written."
    )


def test_what_the_user_must_change_is_said_as_it_is() -> None:
    with pytest.raises(SystemExit) as caught:
        run(lambda: (_ for _ in ()).throw(SetupError("A port is taken.")))
    assert caught.value.code == "A port is taken."
