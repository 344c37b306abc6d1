"""Two copies, two paths, two environments: the same bytes, and those that are committed"""

import datetime
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project, fresh_copy
from tests.pipeline.conftest import lock, outputs

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
USUAL = {"PYTHONHASHSEED": "0", "TZ": "America/Sao_Paulo"} | dict.fromkeys(THREADS, "1")


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[Project, Project]:
    """The session's copy, and one at another path in another environment, which runs at the same time."""
    other = fresh_copy(tmp_path_factory.mktemp("b"), **USUAL)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(other.run, "dvc", "repro", "--force")
        reproduced = request.getfixturevalue("reproduced")
        running.result()
    return reproduced, other


def test_two_environments_write_the_same_bytes(twins: tuple[Project, Project]) -> None:
    here, elsewhere = map(outputs, twins)
    assert list(here) == list(elsewhere)
    assert [name for name in here if here[name] != elsewhere[name]] == []


def test_lock_and_card_are_the_committed_ones(twins: tuple[Project, Project]) -> None:
    for project in twins:
        assert project.read("dvc.lock") == (ROOT / "dvc.lock").read_text(encoding="utf-8")
        assert project.read("models/model.json") == (ROOT / "models/model.json").read_text(encoding="utf-8")


def test_everything_that_git_tracks_is_as_committed(twins: tuple[Project, Project]) -> None:
    for project in twins:
        assert project.run("git", "status", "--porcelain").stdout == ""


def test_no_output_holds_a_path_a_host_or_a_time(twins: tuple[Project, Project]) -> None:
    for project in twins:
        told = [str(project.root), str(ROOT), str(Path.home()), tempfile.gettempdir()]
        told += [socket.gethostname()] if len(socket.gethostname()) > 7 else []  # a short one may stand in any bytes
        today = datetime.datetime.now(tz=datetime.UTC).date()
        told += [str(today + datetime.timedelta(days)) for days in (-1, 0, 1)]
        for name, content in outputs(project).items():
            assert [word for word in told if word.encode() in content] == [], name


def test_lock_names_every_output(twins: tuple[Project, Project]) -> None:
    written = {name for name in outputs(twins[0]) if not name.endswith(".gitignore")} - {"dvc.lock"}
    assert {name for name in written if not name.startswith("reports/plots/")} | {"reports/plots"} == set(
        lock(twins[0])
    )
