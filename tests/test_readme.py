"""README.md -> true of the tree: its commands exist, its files exist, its picture is dvc.yaml's graph"""

import functools
import importlib.util
import re
import shlex
import shutil
import subprocess
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.cli import parse_args

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARROW = re.compile(r"-\.?->(?:\|([^|]*)\|)?")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    split = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]
    return [words for words in split if words]


def mentions() -> list[str]:
    prose = re.sub(r"^```.*?^```", "", README, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", prose)


@functools.cache
def pipeline() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    return loaded


def paths(entries: list[Any]) -> set[str]:
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def produced(stage: dict[str, Any]) -> set[str]:
    return paths([*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])])


def stage_edges() -> dict[tuple[str, str], set[str]]:
    """Return (stage, later stage) -> the files that the first writes and the second reads."""
    stages = pipeline()["stages"]
    shared = {
        (first, later): {Path(path).name for path in produced(stages[first]) & paths(stages[later].get("deps", []))}
        for first in stages
        for later in stages
    }
    return {edge: files for edge, files in shared.items() if files}


def drawn_edges() -> dict[tuple[str, str], set[str]]:
    """Return the picture's arrows between stages -> the files that they name."""
    drawn = {}
    for line in blocks("mermaid")[0].splitlines():
        parts = ARROW.split(line)  # node, label, node, label, ... node
        nodes = [re.findall(r"\w+", node)[0] for node in parts[::2]]
        for edge, label in zip(pairwise(nodes), parts[1::2], strict=True):
            if set(edge) <= set(pipeline()["stages"]):
                drawn[edge] = set((label or "").split(", "))
    return drawn


@functools.cache
def known_paths() -> set[str]:
    """Return the tree's files that Git has or could have, and what stages make."""
    made = {path for stage in pipeline()["stages"].values() for path in produced(stage)}
    return made | set(git("ls-files", "--cached", "--others", "--exclude-standard").stdout.split())


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True, text=True)


def is_parameter(name: str) -> bool:
    found: Any = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for key in name.split("."):
        if not isinstance(found, dict) or key not in found:
            return False
        found = found[key]
    return True


def is_path(name: str) -> bool:
    """Whether `name` is a file, a folder, a pattern or a bare file name of the tree, or is told to Git as ignored."""
    patterns = (name, f"{name.rstrip('/')}/*", f"*/{name}")
    known = any(fnmatch(path, pattern) for path in known_paths() for pattern in patterns)
    return known or git("check-ignore", "-q", name).returncode == 0


def has_target(name: str) -> bool:
    return re.search(rf"^{name}:", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE) is not None


def test_picture_shows_the_stages_and_files_of_dvc_yaml() -> None:
    assert drawn_edges() == stage_edges()


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_command_exists(words: list[str]) -> None:
    if words[0] == "make":
        assert has_target(words[1])
    elif words[0] == "dvc":
        parse_args(words[1:])  # exits on an unknown command or option
    elif words[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(words[2]) is not None
    elif words[0] == ".":
        assert (ROOT / words[1]).is_file()
    else:
        assert shutil.which(words[0])


@pytest.mark.parametrize("words", [words for words in commands() if "-S" in words], ids=" ".join)
def test_parameter_on_a_command_line_exists(words: list[str]) -> None:
    assert is_parameter(words[words.index("-S") + 1].split("=")[0])


@pytest.mark.parametrize("target", sorted({m.split()[1] for m in mentions() if m.startswith("make ")}))
def test_make_target_in_the_text_exists(target: str) -> None:
    assert has_target(target)


@pytest.mark.parametrize("name", sorted({m for m in mentions() if " " not in m and re.search(r"[/.]", m)}))
def test_path_or_parameter_in_the_text_exists(name: str) -> None:
    assert is_path(name) or is_parameter(name)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_link_leads_to_a_file(link: str) -> None:
    assert (ROOT / link).is_file()


def test_folders_of_the_table_are_those_in_git() -> None:
    files = [path for path in git("ls-files").stdout.split() if "/" in path and "/." not in f"/{path}"]
    rooms = {"/".join(path.split("/")[:2]) for path in files if re.match(r"src/\w+/|data/\w+/", path)}
    folders = {path.split("/")[0] for path in files} - {"src", "data"}
    assert set(re.findall(r"^\| `([^`]+)/` \|", README, flags=re.MULTILINE)) == folders | rooms
