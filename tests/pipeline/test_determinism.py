"""Another path, kernel, hash seed, time zone and thread count: the bytes that are committed

`make reproduce` (ops/reproduce.py) does it again in a usual environment, and with every Python.
"""

import datetime
import socket
import tempfile
from pathlib import Path

from tests.conftest import ROOT, Project
from tests.pipeline.conftest import lock, outputs


def test_lock_and_card_are_the_committed_ones(reproduced: Project) -> None:
    for name in ("dvc.lock", "models/model.json"):
        assert reproduced.read(name) == (ROOT / name).read_text(encoding="utf-8")


def test_everything_that_git_tracks_is_as_committed(reproduced: Project) -> None:
    assert reproduced.run("git", "status", "--porcelain").stdout == ""


def test_no_output_holds_a_path_a_host_or_a_time(reproduced: Project) -> None:
    told = [str(reproduced.root), str(ROOT), str(Path.home()), tempfile.gettempdir()]
    told += [socket.gethostname()] if len(socket.gethostname()) > 7 else []  # a short one may stand in any bytes
    today = datetime.datetime.now(tz=datetime.UTC).date()
    told += [str(today + datetime.timedelta(days)) for days in (-1, 0, 1)]
    for name, content in outputs(reproduced).items():
        assert [word for word in told if word.encode() in content] == [], name


def test_lock_names_every_output(reproduced: Project) -> None:
    written = {name for name in outputs(reproduced) if not name.endswith(".gitignore")} - {"dvc.lock"}
    files = {name for name in written if not name.startswith("reports/plots/")}
    assert files | {"reports/plots"} == set(lock(reproduced))
