"""A further kind of candidate is one entry of the table: it is trained, exported and served like the others"""

import contextlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from src.compile.fitted import NotExportableError
from src.contract.table import read_table
from src.errors import LastroError
from src.model.artifact import load_model
from src.model.formulas import mean_of_trees
from src.model.kinds import KINDS, Kind
from src.params import Candidate, Count
from src.pipeline import export, ingest, train
from src.serving.predictors import load
from tests.conftest import ROOT, Project


class OneTree(Candidate):
    """A decision tree."""

    min_samples_leaf: Count


class Bayes(Candidate):
    """Naive Bayes, which has no serving form."""


TREE = Kind(
    params=OneTree,
    estimator="sklearn.tree:DecisionTreeClassifier",
    arguments=lambda params, setting: {"min_samples_leaf": params.min_samples_leaf, "random_state": setting.seed},
    formula=lambda fitted: mean_of_trees([fitted]),
    library="scikit-learn",
)
BAYES = Kind(params=Bayes, estimator="sklearn.naive_bayes:GaussianNB", arguments=lambda *_: {}, library="threadpoolctl")


@pytest.fixture(autouse=True)
def _unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """No autologging, of which these tests say nothing."""
    monkeypatch.setattr(train.tracking.Run, "watching", lambda *_: contextlib.nullcontext())


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the further kind."""
    monkeypatch.setitem(KINDS, "tree", TREE)


def compete(project: Project, **candidates: dict) -> None:
    """Let these candidates compete, and the first one win that is near enough to the best."""

    def change(params: dict) -> None:
        known = params["train"]["candidates"]
        params["train"] |= {"candidates": {name: known.get(name, given) for name, given in candidates.items()}}
        params["train"] |= {"rule": "one_standard_error"}

    project.edit("params.yaml", change)


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    "others",
    [{}, {"both": {"kind": "blend", "members": ["tree", "bush"]}, "bush": {"kind": "tree", "min_samples_leaf": 50}}],
    ids=["alone", "in a blend"],
)
def test_further_kind_is_trained_exported_and_served_with_the_fitted_pds(worked: Project, others: dict) -> None:
    compete(worked, **others, tree={"kind": "tree", "min_samples_leaf": 20})
    train.main()
    export.main()
    card, model = load_model(worked.root / "models")
    assert card.candidate == ("both" if others else "tree")
    table = read_table(worked.root / "data/processed/test.parquet")[[feature.name for feature in card.features]]
    with threadpool_limits(1):
        fitted = model.predict_proba(table)[:, 1]
    scorer = load(worked.root / "models").scorer
    served = [found.probability_of_default for found in scorer.score_all(applicants(table))]
    assert len(np.unique(fitted)) > 5
    assert np.abs(np.array(served) - fitted).max() < 1e-9


def applicants(table: pd.DataFrame) -> list[dict]:
    plain = table.astype(object).where(table.notna(), None)
    return [dict(zip(plain.columns, row, strict=True)) for row in plain.itertuples(index=False)]


@pytest.mark.usefixtures("tree")
def test_parameter_that_the_further_kind_does_not_know_is_found_by_the_first_stage(worked: Project) -> None:
    compete(worked, tree={"kind": "tree", "min_sample_leaf": 20})
    with pytest.raises(LastroError, match=r"^params.yaml: train.candidates.tree: unknown parameter 'min_sample_leaf'"):
        ingest.main()


def test_first_stage_reads_params_without_scikit_learn() -> None:
    code = "import sys, src.pipeline.ingest; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_kind_without_a_serving_form_is_trained_and_refused_by_export(
    worked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "bayes", BAYES)
    compete(worked, bayes={"kind": "bayes"})
    train.main()
    card, _ = load_model(worked.root / "models")
    assert list(card.libraries) == ["numpy", "pandas", "scikit-learn", "scipy", "threadpoolctl"]
    before = (worked.root / "models/export.json").read_bytes()
    with pytest.raises(NotExportableError) as refused:
        export.main()
    assert str(refused.value) == (
        "no serving form for GaussianNB: candidates of kind 'bayes' can be trained, but not exported"
    )
    assert (worked.root / "models/export.json").read_bytes() == before
