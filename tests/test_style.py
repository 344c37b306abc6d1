"""Style and types, beside the other tests: on one processor of several they would be waited for"""

import subprocess

from tests.conftest import ROOT


def test_nothing_is_said_against_style_and_types() -> None:
    done = subprocess.run(["make", "lint"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
