from pathlib import Path

import pytest
import yaml

from src.errors import LastroError
from src.model.kinds import KINDS
from src.params import read_params
from tests.conftest import ROOT


def written(folder: Path, change) -> Path:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    change(content)
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    return folder / "params.yaml"


def test_committed_parameters_are_valid() -> None:
    assert read_params(ROOT / "params.yaml", KINDS).train.candidates


def test_reader_without_the_table_of_kinds_learns_only_the_kinds(tmp_path: Path) -> None:
    path = written(tmp_path, lambda p: p["train"]["candidates"]["forest"].update(tree=3))
    forest = read_params(path).train.candidates["forest"]
    assert forest.model_dump() == {"kind": "forest", "min_rows": None, "max_rows": None}
    assert read_params(ROOT / "params.yaml", KINDS).train.candidates["forest"].model_dump().keys() > {"kind", "trees"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.update(sead=1), "unknown parameter 'sead'; the nearest known one is 'seed'"),
        (lambda p: p["train"].update(fold=3), "train: unknown parameter 'fold'; the nearest known one is 'folds'"),
        (
            lambda p: p["train"]["candidates"]["forest"].update(tree=3),
            "train.candidates.forest: unknown parameter 'tree'; the nearest known one is 'trees'",
        ),
        (
            lambda p: p["train"]["candidates"]["forest"].update(kind="forrest"),
            "train.candidates.forest: unknown kind 'forrest'; the nearest known one is 'forest'",
        ),
        (lambda p: p["train"]["candidates"]["forest"].pop("kind"), "train.candidates.forest.kind: Field required"),
        (lambda p: p["train"]["candidates"]["forest"].update(kind=["forest"]), "train.candidates.forest.kind: Input"),
        (
            lambda p: p["train"]["candidates"].update(forest="forest"),
            "train.candidates.forest: a candidate is a",
        ),
        (lambda p: p["train"]["candidates"]["forest"].pop("trees"), "train.candidates.forest.trees: Field required"),
        (lambda p: p["train"]["candidates"].clear(), "train.candidates: Dictionary should have at least 1 item"),
        (lambda p: p["train"].update(folds=1), "train.folds: Input should be greater than or equal to 2 (given: 1)"),
        (lambda p: p["train"].update(metric="auc"), "train.metric: Input should be 'roc_auc'"),
        (lambda p: p["train"].update(search=20), "train.search: a search is null, or {trials: N} (given: 20)"),
        (lambda p: p["train"].update(search={}), "train.search.trials: Field required"),
        (
            lambda p: p["train"].update(search={"trial": 3}),
            "train.search: unknown parameter 'trial'; the nearest known one is 'trials'",
        ),
        (
            lambda p: p["train"].update(search={"trials": 0}),
            "train.search.trials: Input should be greater than or equal to 1 (given: 0)",
        ),
        (
            lambda p: p["train"].update(directions="bound"),
            "train.directions: Input should be 'bind', 'ignore' or 'best' (given: 'bound')",
        ),
        (
            lambda p: p["train"]["candidates"]["scorecard"].update(least_iv=-1),
            "train.candidates.scorecard.least_iv: Input should be greater than or equal to 0 (given: -1)",
        ),
        (lambda p: p["split"].update(test_share=1.5), "split.test_share: Input should be less than 1"),
        (lambda p: p["split"].update(by="day"), "split.by: Input should be 'seed' or 'time' (given: 'day')"),
        (lambda p: p["train"]["candidates"]["blend"].update(members=["x", "forest"]), "'x' is none of the candidates"),
        (lambda p: p.pop("seed"), "seed: Field required"),
        (lambda p: p.update(costs={"false_accept": -1, "false_reject": 1}), "costs.false_accept"),
    ],
)
def test_wrong_parameter_is_one_line_naming_place_and_rule(tmp_path: Path, change, said: str) -> None:
    path = written(tmp_path, change)
    with pytest.raises(LastroError) as caught:
        read_params(path, KINDS)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
