"""params.yaml's `kind: r`: what is refused before anything is fitted, each in a sentence; none of it starts R"""

from pathlib import Path

import numpy as np
import pytest
import yaml

from src.batch.checking import Column
from src.batch.lookup import weights_of
from src.errors import LastroError
from src.model.kinds import KINDS
from src.model.r import keeping
from src.model.r.candidate import RScript, require
from src.params import Params, read_params
from src.serving.codes import FieldCode
from tests.conftest import ROOT

EXAMPLE = "tests/r/main_effects.R"
BLEND = {"kind": "blend", "members": ["glm", "scorecard"]}


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are from the project's root."""
    monkeypatch.chdir(ROOT)


@pytest.fixture
def rscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a program of R's name: none of these tests runs it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "Rscript").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def asked(tmp_path: Path, **candidates: dict) -> Params:
    """Params.yaml with other candidates beside the scorecard."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    known = {"scorecard": content["train"]["candidates"]["scorecard"]}
    content["train"]["candidates"] = known | candidates
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    return read_params(path, KINDS)


def test_params_yaml_names_a_script(tmp_path: Path) -> None:
    found = asked(tmp_path, glm={"kind": "r", "script": EXAMPLE, "min_rows": 10}).train.candidates["glm"]
    assert isinstance(found, RScript)
    assert (found.text, found.takes(9)) == ((ROOT / EXAMPLE).read_text(), False)
    with pytest.raises(LastroError, match="script: Field required"):
        asked(tmp_path, glm={"kind": "r"})


def test_blend_cannot_hold_it(tmp_path: Path) -> None:
    with pytest.raises(LastroError, match="'glm' is of kind r, which no blend can hold"):
        asked(tmp_path, glm={"kind": "r", "script": EXAMPLE}, both=BLEND)


@pytest.mark.usefixtures("rscript")
def test_script_that_dvc_would_not_see_change_is_refused_with_the_line_to_add(tmp_path: Path) -> None:
    require({"glm": RScript(kind="r", script=EXAMPLE), "also": RScript(kind="r", script=f"./{EXAMPLE}")})
    own = Path("src/model/r/program.R")  # any file that is there
    stages = tmp_path / "dvc.yaml"
    stages.write_text("stages: {train: {deps: [src/one.py]}}\n")
    with pytest.raises(LastroError, match=rf"candidates\.glm\.script: .*add the line `- {own}` to its deps in"):
        require({"glm": RScript(kind="r", script=str(own))}, stages)
    with pytest.raises(LastroError, match=r"no/such\.R: no such file; a candidate's `script` is a path from here"):
        require({"glm": RScript(kind="r", script="no/such.R")}, stages)


def test_without_r_the_candidate_is_refused_and_the_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LastroError, match=r"^train\.candidates\.glm: .* no Rscript here \(Debian: r-base-core\)$"):
        require({"glm": RScript(kind="r", script=EXAMPLE)})
    require(read_params(ROOT / "params.yaml", KINDS).train.candidates, tmp_path / "no.yaml")


def test_committed_parameters_do_without_r() -> None:
    known = read_params(ROOT / "params.yaml", KINDS).train.candidates
    assert [name for name, each in known.items() if each.kind == "r"] == []


def test_folder_holds_the_newest_model_alone_and_is_empty_without_one(tmp_path: Path) -> None:
    for name in ("glm", "other"):
        keeping.write(tmp_path / "r", name, name.encode())
        assert {path.name: path.read_bytes() for path in (tmp_path / "r").iterdir()} == {f"{name}.rds": name.encode()}
    keeping.write(tmp_path / "r", "scorecard", None)
    assert list((tmp_path / "r").iterdir()) == []


@pytest.mark.parametrize("values", [[None, 3, 2**60 + 1, "told not", "other"], [*map(float, range(20_000)), None, 0.1]])
def test_columns_have_the_weights_of_rows_to_the_last_bit(values: list) -> None:
    states = {"told not": 1, "other": -1}
    field = FieldCode(name="sum", weights=[0.7, 0.0, 0.3], states=states, slope=0.1234567890123)
    found = weights_of(field, {"sum": Column(values, np.arange(len(values), dtype=np.int32))})
    read = field.weigher()
    assert found.found.tolist() == [read(value) for value in values]
