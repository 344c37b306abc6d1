"""The simulated year from the first model to the second, as `make demo-year` plays it, and as the tutorial tells it"""

import re
from pathlib import Path

import pytest

from src.year.settings import variables
from tests.conftest import ROOT, Project, fresh_copy

pytestmark = pytest.mark.lifecycle
NAMES = re.compile(r"\b[0-9a-f]{7,40}\b|retrain-\S+|/\S+")  # of commits, branches, folders


def told() -> list[str]:
    """What the tutorial says that the command prints."""
    _, hour = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8").split("## The third hour")
    blocks = re.findall(r"```text\n(.*?)```", hour.partition("\n## ")[0], re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.timeout(3600)
def test_year_keeps_its_promises_and_prints_what_the_tutorial_tells(tmp_path: Path) -> None:
    project = fresh_copy(tmp_path / "source")
    done = Project(project.root, variables()).run("python", "-m", "src.year")
    printed = [NAMES.sub("…", line) for line in done.stdout.splitlines()]
    assert [line for line in told() if NAMES.sub("…", line) not in printed] == []
    assert project.run("git", "status", "--porcelain").stdout == ""
