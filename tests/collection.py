"""Which tests run and in which order: the longest first, what cannot run here is named, and nothing is skipped in CI"""

import gc
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

gc.disable()  # while all is imported there is no garbage, and looking for it is a fourth of the time

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"  # other data sets, where somebody put them; a user has none
R = shutil.which("Rscript") is not None or bool(os.environ.get("CI"))  # where CI runs, it must be there
ROOMS = ("tests/browser", "tests/lineage")  # their files share servers that take long to start: one worker a room
APART = (  # files of a room that want none of its servers, or are long enough to start their own
    "tests/lineage/test_gates.py",
    "tests/lineage/test_pairing.py",
    "tests/lineage/test_comparison.py",
    "tests/lineage/test_policy.py",
    "tests/lineage/test_events.py",
    "tests/lineage/test_publishing.py",
    "tests/lineage/test_registry.py",
    "tests/lineage/test_replay.py",
    "tests/lineage/test_follow.py",
)
LONGEST = (  # a long unit that starts last has one worker wait for it; what is not named is short, and fills the end
    "tests/browser",
    "tests/pipeline/test_determinism.py",
    "tests/lineage",
    "tests/lineage/test_registry.py",
    "tests/lineage/test_publishing.py",
    "tests/lineage/test_replay.py",
    "tests/api/test_main.py",
    "tests/api/test_contract.py",
    "tests/test_style.py",
    "tests/ops/test_run.py",
    "tests/pipeline/test_commands.py",
    "tests/pipeline/test_other_data.py",
    "tests/compile/test_random_tables.py",
    "tests/ops/test_lifecycle.py",
    "tests/frontend/test_score_page.py",
    "tests/r/test_pipeline.py",
    "tests/pipeline/test_renamed.py",
    "tests/pipeline/test_ingest.py",
    "tests/ops/test_bootstrap.py",
    "tests/pipeline/test_bad_input.py",
    "tests/frontend/test_file_page.py",
    "tests/api/test_protocol.py",
    "tests/ops/test_checkout.py",
    "tests/frontend/test_app.py",
    "tests/test_notebook.py",
)


class UntrackedError(BaseException):
    """A test reads what a fresh clone does not have; no code that is tested catches it."""


def untracked() -> frozenset[str]:
    """Return what `dvc repro` makes and Git does not track: a fresh clone, in which tests must pass, has none of it."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    outs = (out if isinstance(out, dict) else {out: {}} for stage in stages for out in stage.get("outs", []))
    return frozenset(str(ROOT / path) for out in outs for path, how in out.items() if how.get("cache", True))


UNTRACKED = untracked()


def refuse_untracked(event: str, words: tuple[Any, ...]) -> None:
    """Raise UntrackedError where a file of the checkout is opened that the pipeline has to make first."""
    if event == "open" and str(words[0]) in UNTRACKED:
        raise UntrackedError(
            f"{words[0]}: no fresh clone has it; take `light_run`'s, or another model that a test made"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Hold the tests of `make test` to what Git tracks; those of other commands may want a pipeline that ran."""
    if "not lifecycle" in config.option.markexpr:
        sys.addaudithook(refuse_untracked)


def unit(nodeid: str) -> str:
    """Return what a worker takes as a whole: a test's file, or its room."""
    path = nodeid.partition("::")[0]
    return path if path in APART else next((room for room in ROOMS if path.startswith(f"{room}/")), path)


def rank(item: pytest.Item) -> int:
    """Return the place of the test's unit in LONGEST, or the end."""
    name = unit(item.nodeid)
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are processors: a third of the time a worker waits for a server or a page."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_report_header() -> list[str]:
    """Say what is left out."""
    shared = [] if SHARED.is_dir() else ["left out, for there is no ../shared: the tests that are marked `shared`"]
    return shared if R else [*shared, "left out, for there is no Rscript: models from R, the tests that are marked `r`"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest first, and leave out what reads a folder that is not here."""
    here = {"shared": SHARED.is_dir(), "r": R}
    left_out = [
        item for item in items if any(item.get_closest_marker(name) and not found for name, found in here.items())
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = sorted((item for item in items if item not in left_out), key=rank)
    gc.enable()
    gc.freeze()  # Streamlit collects all garbage after each run of a page: without what is there already, it is quick


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let a worker take a unit at a time."""
    from xdist.scheduler import LoadScopeScheduling

    class ByUnit(LoadScopeScheduling):
        """The workers' queue."""

        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    config.option.loadscopereorder = False  # that order is by the number of tests, ours by their time
    return ByUnit(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Make a skipped test a failure where CI runs."""
    report: pytest.TestReport = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} is skipped where CI runs: {report.longrepr}"
    return report
