"""The tutorial tells the steps of the day that `make test-day` walks, in their order"""

import re

from tests.conftest import ROOT
from tests.day.steps import STEPS


def test_tutorial_tells_every_step() -> None:
    _, told = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8").split("## A newcomer's day")
    rows = re.findall(r"^\| ([a-z ]+) \|", told.partition("\n## ")[0], re.MULTILINE)
    assert [name for name in rows if name != "step"] == [step.__name__.replace("_", " ") for step in STEPS]
