import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.collection import APART, LONGEST, ROOMS, UNTRACKED, UntrackedError, unit
from tests.conftest import ROOT

SKIPPED = "import pytest\n\ndef test_left_out():\n    pytest.skip('no server')\n"


def test_units_that_start_first_exist() -> None:
    assert [name for name in (*LONGEST, *ROOMS, *APART) if not (ROOT / name).exists()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_room_is_one_unit_but_for_what_is_apart() -> None:
    assert {unit(f"{room}/test_any.py::test_one") for room in ROOMS} == set(ROOMS)
    assert {unit(f"{path}::test_one") for path in APART} == set(APART)
    assert unit("tests/test_files.py::test_one[a::b]") == "tests/test_files.py"


@pytest.mark.parametrize(("ci", "code", "said"), [("", 0, "1 skipped"), ("1", 1, "is skipped where CI runs: ")])
def test_skip_is_a_failure_where_ci_runs(tmp_path: Path, ci: str, code: int, said: str) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = shared\n")
    (tmp_path / "test_one.py").write_text(SKIPPED)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.collection", "test_one.py"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT), "CI": ci}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout


def test_no_test_reads_what_a_fresh_clone_does_not_have() -> None:
    assert f"{ROOT}/models/model.pkl" in UNTRACKED
    for path in UNTRACKED:
        with pytest.raises(UntrackedError, match="no fresh clone has it"), open(path, "rb"):  # noqa: PTH123
            pytest.fail("it was opened")
