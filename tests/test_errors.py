"""What stops a command is one sentence: every command goes through one of two doors, and these hold."""

import ast
import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import ops.errors
import src.errors
from tests.conftest import ROOT, Project

DOORS = {"src": src.errors.run, "ops": ops.errors.run}
COMMANDS = [
    path
    for room in DOORS
    for path in sorted((ROOT / room).rglob("*.py"))
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8") and path.name != "app.py"  # Streamlit's script
]
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing file": (lambda folder: (folder / "none").read_text(), "none: No such file or directory"),
    "folder for a file": (lambda folder: folder.read_text(), ": Is a directory"),
    "file for a folder": (lambda folder: (folder / "file" / "x").write_text(""), "x: Not a directory"),
    "folder that is a file": (lambda folder: (folder / "file").mkdir(), "file: File exists"),
    "kernel's own folder": (lambda _: Path("/proc/self/x").mkdir(), "/proc/self/x: No such file or directory"),
    "read-only": (lambda folder: refuse(errno.EROFS, folder / "x"), "x: Read-only file system"),
    "another user's": (lambda folder: refuse(errno.EACCES, folder / "x"), "x: Permission denied"),
    "missing program": (lambda _: subprocess.run(["no-such-program"]), "no-such-program: No such file or directory"),
    "no program": (lambda folder: subprocess.run([folder / "file"]), "file: Permission denied"),
    "another machine's program": (lambda folder: subprocess.run([folder / "alien"]), "alien: Exec format error"),
    "without a name": (lambda _: os.close(10**6), "Bad file descriptor"),
}


def refuse(number: int, path: Path) -> None:
    """Raise what the system would: for root no folder is read-only but on such a disk."""
    raise OSError(number, os.strerror(number), str(path))


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: str(path.relative_to(ROOT)))
def test_command_goes_through_its_rooms_door(path: Path) -> None:
    last = ast.parse(path.read_text(encoding="utf-8")).body[-1]
    assert isinstance(last, ast.If)
    assert [ast.unparse(line).split("(")[0] for line in last.body] == ["run"]


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_the_system_refuses_is_one_line_that_names_it(
    tmp_path: Path, door: Callable[[Callable[[], object]], None], kind: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "alien").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "alien").chmod(0o755)
    action, said = REFUSED[kind]
    with pytest.raises(SystemExit) as caught:
        door(lambda: action(tmp_path))
    assert said in str(caught.value.code)
    assert "\n" not in str(caught.value.code)


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_fault_of_the_program_keeps_its_traceback(door: Callable[[Callable[[], object]], None]) -> None:
    with pytest.raises(KeyError):
        door(lambda: {}["x"])


def test_stage_that_cannot_write_is_one_sentence(light_run: Project, tmp_path: Path) -> None:
    project = light_run.copy(tmp_path / "project")
    project.run("rm", "-r", "data/processed")
    (project.root / "data" / "processed").write_text("in the way")
    done = project.run("python", "-m", "src.pipeline.prepare", check=False)
    assert (done.returncode, done.stdout) == (1, "error: data/processed: File exists\n")
