"""A refresh killed before each of its steps: the package is as it was, the next one ends as if nothing had been"""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from src.pipeline import ingest, refresh
from tests.conftest import ROOT, Project
from tests.pipeline.test_refresh import IDS, LOANS, ROWS, files, here, told

__all__ = ["here"]
pytestmark = pytest.mark.lifecycle
STEPS = ("Git's list", "the identifiers", "the rows", "DVC", "the YAML")
KILLED = """
import os, signal, sys
from src.contract import grown
from src.pipeline import refresh
steps = iter(range(9))
def killing(function):
    def step(*given):
        if next(steps) == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
        function(*given)
    return step
grown.write_bytes = killing(grown.write_bytes)
grown.dvc = killing(lambda *_: None)
sys.exit(refresh.main([]))
"""


@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
def test_killed_refresh_leaves_the_package_as_it_was(here: Project, step: int) -> None:
    told(here, 60)
    before = LOANS.read_text()
    command = [sys.executable, "-c", KILLED, str(step)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert LOANS.read_text() == before
    ignored = here.read(f"{LOANS.parent}/.gitignore").split() if step else []
    assert not (ROWS.exists() or IDS.exists()) or ignored == [f"/{ROWS.name}", f"/{IDS.name}"]
    ingest.main()
    assert refresh.main([]) == refresh.JOINED
    once = {name: content for name, content in files(here).items() if not name.startswith(".outcomes")}
    LOANS.write_text(before)
    for path in (ROWS, IDS):
        path.unlink()
    assert refresh.main(["--until", datetime.now(UTC).isoformat()]) == refresh.JOINED
    assert files(here) == once, "the same log is the same bytes"
