import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops import kernel
from ops.deployment import ROOT

NEEDED = (  # by `python -m ops.kernel`
    *("ops/__init__.py", "ops/errors.py", "ops/kernel.py", "src/__init__.py"),
    *("src/serving/__init__.py", "src/serving/kernel.c", "src/serving/kernel.py"),
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with that and nothing more."""
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def set_up(checkout: Path, **env: str) -> str:
    """Run the command by a Python without any package, as set-up does; return what it says."""
    python = Path(sys.base_prefix) / "bin" / "python3"
    environment = {name: value for name, value in os.environ.items() if name not in {"CC", "LASTRO_KERNEL"}} | env
    command = [python, "-S", "-m", "ops.kernel"]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def made(checkout: Path) -> list[Path]:
    return sorted((checkout / "src/serving").glob("kernel-*"))


def counting(folder: Path, does: str) -> Path:
    """Write a compiler that counts its calls."""
    path = folder / "my-cc"
    path.write_text(f"#!/bin/sh\necho called >> {folder}/calls\n{does}\n")
    path.chmod(0o755)
    return path


def test_kernel_is_compiled_once_by_the_named_compiler(compiler: str, checkout: Path) -> None:
    mine = counting(checkout, f'exec {compiler} "$@"')
    assert [set_up(checkout, CC=f"{mine} -g0") for _ in range(2)] == ["", ""]
    assert (checkout / "calls").read_text() == "called\n"
    (path,) = made(checkout)
    assert path.suffix == ".so"
    path.write_bytes(path.read_bytes()[:100])
    assert set_up(checkout, CC=str(mine)) == ""
    assert (checkout / "calls").read_text() == "called\n" * 2, "one that is broken is made again"


def test_kernel_that_lies_ready_is_taken_where_it_is_of_this_source(compiler: str, checkout: Path) -> None:
    ready = checkout / "ready"
    ready.mkdir()
    assert set_up(checkout, CC=compiler) == ""
    (path,) = made(checkout)
    path.rename(ready / path.name)
    assert set_up(checkout, CC="no-such-compiler", LASTRO_KERNEL=str(ready)) == ""
    assert [found.name for found in made(checkout)] == [path.name]
    with (checkout / "src/serving/kernel.c").open("a") as source:
        source.write("\n")
    assert "no-such-compiler" in set_up(checkout, CC="no-such-compiler", LASTRO_KERNEL=str(ready))


def test_without_a_compiler_set_up_goes_on_and_says_so(checkout: Path) -> None:
    said = set_up(checkout, CC="no-such-compiler")
    assert said == (
        "kernel left out, trees are summed by numpy, which takes longer: there is no C compiler `no-such-compiler`"
        " (on Debian or Ubuntu, `apt install gcc libc6-dev`)\n"
    )
    assert made(checkout) == []


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo 'kernel.c: fatal error: stdint.h: none' >&2; echo ended >&2; exit 1", "kernel.c: fatal error: stdint.h"),
        ("exit 3", "failed: exit code 3"),
        ('for last; do [ "$before" = -o ] && echo no library > "$last"; before=$last; done', "cannot be loaded here"),
    ],
)
def test_compiler_that_fails_leaves_a_sentence_and_nothing_to_load(checkout: Path, does: str, said: str) -> None:
    found = set_up(checkout, CC=str(counting(checkout, does)))
    assert said in found
    assert len(found.splitlines()) == 1
    assert [path for path in made(checkout) if path.is_dir()] == []


def test_folder_that_cannot_be_written_is_a_sentence(compiler: str, tmp_path: Path) -> None:
    assert "No such file or directory" in kernel.build(tmp_path / "none"), compiler
