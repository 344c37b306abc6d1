"""A model answers where neither scikit-learn nor pandas is installed"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.serving.kinds import typical
from tests.serving.test_predictors import folder_of

CODE = """
import importlib, json, sys
from pathlib import Path

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"sklearn", "pandas"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
for module in Path("src/serving").glob("*.py"):
    importlib.import_module(f"src.serving.{module.stem}")
predictors = sys.modules["src.serving.predictors"]
scored = predictors.load(Path(sys.argv[1])).scorer.score(json.loads(sys.argv[2]), reasons=True)
assert not {"sklearn", "pandas"} & set(sys.modules)
print(scored.probability_of_default, len(scored.reasons))
"""


@pytest.mark.parametrize("name", ["scorecard", "blend"])
def test_serving_scores_without_scikit_learn_and_pandas(name: str, tmp_path: Path) -> None:
    applicant = typical() | {"income": 5.0, "job": "none"}
    command = [sys.executable, "-c", CODE, str(folder_of(name, tmp_path)), json.dumps(applicant)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    pd, reasons = done.stdout.split()
    assert float(pd) > 0.5
    assert int(reasons) >= 2
