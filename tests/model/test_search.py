"""A search's end follows from its seed, killed or not, at once or bit by bit; the comparison is on other rows"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from src.contract.costs import Costs
from src.contract.package import Package
from src.errors import LastroError
from src.model.candidates import build
from src.model.card import Feature, features_of
from src.model.entrants import Entrants
from src.model.kinds import KINDS, Forest, Scorecard
from src.model.search import Search, half, search
from src.model.selection import cross_validate
from src.params import Candidate, read_params
from tests.conftest import ROOT

COSTS = Costs(false_accept=5, false_reject=1)
GIVEN = Entrants({"points": Scorecard(kind="scorecard", bins=3, C=0.1)}, {})
PAID = {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]}
FIELDS = [{"name": name, "type": "number", "constraints": {"required": True}} for name in ("a", "b")]
RESOURCE = {"name": "t", "path": "t.csv", "schema": {"fields": [*FIELDS, PAID]}}


def features() -> list[Feature]:
    return features_of(Package.model_validate({"name": "two", "resources": [RESOURCE]}))


def over(folder: Path, trials: int, **changes: Any) -> Search:
    """A search on 200 applicants, whose risk rises with one of two numbers."""
    random = np.random.default_rng(2)
    X = pd.DataFrame({name: pd.array(random.normal(size=200), dtype="Float64") for name in ("a", "b")})
    bad = (X["a"].to_numpy(dtype=float) + random.normal(size=200) > 0.7).astype("int64")
    train = read_params(ROOT / "params.yaml", KINDS).train.model_copy(update={"folds": 2})
    made = partial(build, features=features(), seed=1)
    return replace(Search(made, X, bad, train, trials, COSTS, 7, folder, {"train": "of no file"}), **changes)


def counting(calls: list[str], then: Callable[[int], object] = id) -> Callable[..., Mapping[str, Pipeline]]:
    """Build pipelines, note whose, and do something at each."""

    def made(candidates: Mapping[str, Candidate]) -> Mapping[str, Pipeline]:
        calls.extend(candidates)
        then(len(calls))
        return build(candidates, features(), 1)

    return made


def killed(folder: str) -> None:
    """Search until the fourth trial, then be killed; before, look at what training without a search imports."""
    from src.pipeline import train

    params = read_params(ROOT / "params.yaml", KINDS)
    found = over(Path(folder), 6)
    train.tuned(GIVEN, found.build, found.X, found.bad, COSTS, params)
    sys.stdout.write(f"{'optuna' in sys.modules}\n")
    sys.stdout.flush()
    build = counting([], lambda calls: os.kill(os.getpid(), signal.SIGKILL) if calls == 4 else None)
    search(GIVEN, replace(found, build=build))


def test_killed_search_goes_on_to_where_an_unbroken_one_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"from tests.model.test_search import killed; killed({str(tmp_path / 'a')!r})"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "False\n"), done.stderr
    (study,) = (tmp_path / "a").iterdir()
    assert study.read_bytes().count(b"\n") == 4, "the study, and three trials"
    with study.open("ab") as file:
        file.write(b'{"op_code":4,"worker')
    Path(f"{study}.lock").symlink_to(study)
    calls: list[str] = []
    resumed = search(GIVEN, over(tmp_path / "a", 6, build=counting(calls)))
    assert calls == ["points"] * 3, "what is in the study is not tried again"
    unbroken = search(GIVEN, over(tmp_path / "b", 6))
    assert resumed.trials == unbroken.trials
    assert resumed.entered == unbroken.entered
    assert unbroken.trials[0].candidate == GIVEN.present["points"]
    assert len({(trial.candidate.bins, trial.candidate.C) for trial in unbroken.trials}) == 6


def test_study_of_another_number_of_trials_is_used_and_of_anything_else_is_not(tmp_path: Path) -> None:
    calls: list[str] = []
    made = counting(calls)
    eleven, five, twelve = (search(GIVEN, over(tmp_path, trials, build=made)) for trials in (11, 5, 12))
    assert len(calls) == 12
    assert (five.trials, twelve.trials[:11]) == (eleven.trials[:5], eleven.trials)
    assert twelve.trials == search(GIVEN, over(tmp_path / "anew", 12)).trials, "the sampler learns, and all the same"
    base = over(tmp_path, 1)
    others = [
        replace(base, seed=8),
        replace(base, data={"train": "of another file"}),
        replace(base, train=base.train.model_copy(update={"metric": "brier"})),
        replace(base, costs=Costs(false_accept=4, false_reject=1)),
    ]
    for number, other in enumerate(others):
        search(GIVEN, other)
        assert len(list(tmp_path.glob("*.journal"))) == number + 2
    search(GIVEN, replace(base, train=base.train.model_copy(update={"repeats": 9})))
    assert len(list(tmp_path.glob("*.journal"))) == len(others) + 1


def test_best_trial_is_the_candidate_and_the_given_one_where_none_is_better(tmp_path: Path) -> None:
    found = search(GIVEN, over(tmp_path, 8))
    best = max(found.trials, key=lambda trial: np.mean(trial.scores["roc_auc"]))
    assert found.entered.present["points"] == best.candidate
    told = found.told("roc_auc")["points"]
    assert told["rows"] == 100
    assert (told["trials"], told["best"]) == (8, best.number + 1)
    assert told["given"] == found.trials[0].mean("roc_auc") <= told["found"] == best.mean("roc_auc")
    least = search(GIVEN, over(tmp_path, 8, train=over(tmp_path, 8).train.model_copy(update={"metric": "brier"})))
    assert least.best("brier")["points"].mean("brier") == min(trial.mean("brier") for trial in least.trials)


def test_comparison_is_on_rows_that_the_search_did_not_see(tmp_path: Path) -> None:
    given = over(tmp_path, 2)
    found = search(GIVEN, given)
    assert found.rows is not None
    assert given.bad[found.rows].sum() == pytest.approx(given.bad.sum() / 2, abs=1)
    nonsense = given.X.copy()
    nonsense.loc[~found.rows] = -9.0
    assert search(GIVEN, replace(given, X=nonsense, folder=tmp_path / "b")).trials == found.trials
    present, X, bad = found.entered.present, given.X, given.bad
    compared = cross_validate(given.build(present), present, X, bad, 4, 2, 7, lambda _: None, None, found.rows)
    assert (np.isnan(compared.pd["points"]) == found.rows).all()
    assert ((compared.fold == -1) == found.rows).all()
    assert all(np.bincount(folds[folds >= 0]).tolist() == [25] * 4 for folds in compared.fold)
    assert {int((rows & found.rows).sum()) for _, rows in compared.parts()} == {0}


def test_too_large_trial_is_no_candidate(tmp_path: Path) -> None:
    entered = Entrants({"trees": Forest(kind="forest", trees=4, min_samples_leaf=1, max_features=1.0)}, {})
    train = over(tmp_path, 5).train
    few = search(entered, over(tmp_path, 5, train=train.model_copy(update={"max_nodes": 60})))
    assert not few.trials[0].scores
    assert few.entered.present["trees"].min_samples_leaf > 1
    assert few.told("roc_auc")["trees"]["given"] is None
    none = search(entered, over(tmp_path, 2, train=train.model_copy(update={"max_nodes": 1})))
    assert (none.entered, none.told("roc_auc")) == (entered, {})


def test_half_with_too_few_of_an_outcome_is_refused(tmp_path: Path) -> None:
    assert half(np.array([1] * 4 + [0] * 196), 0).sum() == 100
    for bads in (2, 3):  # of three, one half has two
        with pytest.raises(LastroError, match=r"^train.search: 2 folds of half of the training rows need as many rows"):
            search(GIVEN, over(tmp_path, 2, bad=np.array([1] * bads + [0] * (200 - bads))))


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.space])
def test_ends_of_a_space_are_values_that_params_may_have(kind: str) -> None:
    given = read_params(ROOT / "params.yaml", KINDS).train.candidates[kind]
    for end in ("low", "high"):
        ends = {name: getattr(values, end) for name, values in KINDS[kind].space.items()}
        assert given.model_validate(given.model_dump() | ends).model_dump().items() >= ends.items()
