"""German Credit by R: the same model as Python's, read, filed and kept; what R cannot score is counted"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from src.compile.compiler import compile_model
from src.contract.package import Package, read_package
from src.contract.table import read_table
from src.errors import LastroError
from src.model import filing
from src.model.artifact import to_bytes
from src.model.candidates import build
from src.model.card import Feature, features_of
from src.model.inputs import inputs
from src.model.r import keeping
from src.model.r.candidate import RScript
from src.model.r.classifier import RClassifier
from src.model.r.keeping import Kept, kept
from src.params import Scale
from tests.conftest import ROOT, Project
from tests.pipeline.conftest import PACKAGE

pytestmark = pytest.mark.r

SCALE = Scale(points=600, odds=20, pdo=40, minimum=300, maximum=850)
UNSEEN = {"purpose": ["education"]}  # nobody in the data set borrows for it


@dataclass(frozen=True)
class German:
    """The data set's rows, and what R made of those of the training split."""

    package: Package
    features: list[Feature]
    X: pd.DataFrame
    bad: NDArray[np.int64]
    test: pd.DataFrame
    test_bad: NDArray[np.int64]
    fitted: Pipeline

    def keep(self, base: Pipeline) -> Kept | None:
        """What is kept of a model, checked on the whole data set."""
        whole = pd.concat([self.X, self.test], ignore_index=True)
        return kept(base, self.X, self.bad, lambda: whole, self.features, 7)

    def by(self, text: str) -> Pipeline:
        """The model of another script."""
        found = clone(self.fitted)
        found[-1].set_params(script=text)
        return found.fit(self.X, self.bad)


@pytest.fixture(scope="module")
def german(light_run: Project) -> German:
    package = read_package(ROOT / PACKAGE)
    features = features_of(package)
    tables = [read_table(light_run.root / f"data/processed/{name}.parquet") for name in ("train", "test")]
    rows = [inputs(table, features, None) for table in tables]
    bad = [package.is_bad(table[package.target.name]).to_numpy().astype("int64") for table in tables]
    script = RScript(kind="r", script=str(ROOT / "tests/r/main_effects.R"))
    fitted = clone(build({"glm": script}, features, 20)["glm"]).fit(rows[0], bad[0])  # as training does
    return German(package, features, rows[0], bad[0], rows[1], bad[1], fitted)


@pytest.fixture(scope="module")
def found(german: German) -> Kept:
    made = german.keep(german.fitted)
    assert made is not None
    return made


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer random applicants, where it is not about them."""
    monkeypatch.setattr(keeping, "RANDOM_ROWS", 50)


def columns(german: German, X: pd.DataFrame) -> NDArray[np.float64]:
    """The same columns for Python: numbers, and an indicator of each label."""
    names = [feature for feature in german.features if feature.numeric]
    numbers = [X[feature.name].to_numpy(dtype=np.float64) for feature in names]
    center = [german.X[feature.name].to_numpy(dtype=np.float64) for feature in names]
    scaled = [(column - known.mean()) / known.std() for column, known in zip(numbers, center, strict=True)]
    labels = [(X[f.name] == label).to_numpy(np.float64) for f in german.features for label in f.categories or ()]
    return np.column_stack([*scaled, *labels])


def test_auc_is_that_of_the_unpenalised_regression_in_python(german: German) -> None:
    python = LogisticRegression(C=np.inf, solver="newton-cg", tol=1e-8, max_iter=1000)
    python.fit(columns(german, german.X), german.bad)
    theirs = python.predict_proba(columns(german, german.test))[:, 1]
    ours = german.fitted.predict_proba(german.test)[:, 1]
    assert np.abs(ours - theirs).max() < 1e-4
    assert abs(roc_auc_score(german.test_bad, ours) - roc_auc_score(german.test_bad, theirs)) < 0.002


def test_r_says_the_same_of_whom_it_can_score_and_the_others_are_counted(german: German, found: Kept) -> None:
    facts = found.facts
    assert (facts.parity.dataset_rows, facts.parity.random_rows) == (1000, 10_000)
    assert facts.parity.largest_difference <= 1e-9
    assert 0.08 < facts.parity.not_scored / facts.parity.random_rows < 0.11  # one purpose of ten, and nothing missing
    assert facts.unseen == UNSEEN
    assert (facts.version, facts.script) == (facts.version.strip(), german.fitted[-1].path)
    assert facts.base["housing"] == german.fitted[0].categories["housing"][0]
    assert facts.medians == {name: german.fitted[0].medians_[name] for name in german.fitted[-1].slopes_}


def test_unseen_level_weighs_as_the_base_and_a_missing_number_as_the_median(german: German) -> None:
    compiled = compile_model(german.fitted, german.features)
    by_name = {field.name: field for field in compiled.fields}
    purpose, amount = by_name["purpose"], by_name["credit_amount"]
    assert purpose.weigher()("education") == purpose.weigher()(None) == 0
    assert amount.weigher()(None) == amount.weigher()(german.fitted[0].medians_["credit_amount"])
    assert amount.weigher()(None) != 0
    changed = german.test.head(1).assign(purpose=["education"])
    first = german.test.head(1).assign(purpose=[german.fitted[0].categories["purpose"][0]])
    assert german.fitted.predict_proba(changed).tolist() == german.fitted.predict_proba(first).tolist()


def test_points_of_an_applicant_add_up_to_the_score(german: German) -> None:
    rows = filing.filed(german.fitted, german.X, german.bad, german.features, SCALE)
    points = {(row["feature"], row["bin"]): row["points"] for row in rows}
    pd_of = german.fitted.predict_proba(german.X.head(20))[:, 1]
    for pd_one, (_, who) in zip(pd_of, german.X.head(20).iterrows(), strict=True):
        total = 0.0
        for feature in german.features:
            value = who[feature.name]
            total += points.get((feature.name, str(value)), 0.0)
            if feature.numeric:
                total += points[feature.name, "any"] + float(value) * points[feature.name, "+ 1"]
        assert total == pytest.approx(600 + 40 * math.log2((1 - pd_one) / pd_one / 20), abs=1e-6)
    shares = pd.DataFrame(rows).groupby("feature")["applicants"].sum()
    assert set(shares) == {len(german.X)}


def test_clone_fits_the_same_bytes_and_r_saves_the_same_wherever_it_runs(
    german: German, found: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("elsewhere")))
    again = clone(german.fitted).fit(german.X, german.bad)
    assert to_bytes(again) == to_bytes(german.fitted)
    assert german.keep(again) == found


@pytest.mark.usefixtures("few")
def test_other_predictions_than_the_coefficients_make_are_refused(german: German) -> None:
    text = "fit <- function(train) {\n  m <- glm(bad ~ age_years, binomial, train)\n"
    odd = german.by(text + "  m$family$linkinv <- function(eta) plogis(eta) / 2\n  m\n}\n")
    with pytest.raises(LastroError, match=r"the table differs from R's own predictions by 0\.\d+ \(at most 1e-09\)"):
        german.keep(odd)


@pytest.mark.usefixtures("few")
def test_script_that_draws_other_rows_each_time_is_refused(german: German) -> None:
    text = "fit <- function(train) {{\n  {}\n  glm(bad ~ age_years, binomial, train[sample(nrow(train), 500), ])\n}}\n"
    assert german.keep(german.by(text.format(""))) is not None  # R's seed is the pipeline's
    with pytest.raises(LastroError, match="fitted to the same rows twice, it gives two models"):
        german.keep(german.by(text.format("set.seed(Sys.getpid())")))


@pytest.mark.usefixtures("few")
def test_another_blas_is_named_in_the_log(
    german: German, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ask: Callable[..., object] = RClassifier.ask
    other = partial(replace, blas="openblas-pthread/libopenblasp-r0.3.21.so")  # which is not installed here
    monkeypatch.setattr(RClassifier, "ask", lambda *words: other(ask(*words)))
    with caplog.at_level(logging.WARNING):
        assert german.keep(german.fitted) is not None
    assert "R computes with openblas-pthread/libopenblasp-r0.3.21.so; with its reference BLAS" in caplog.text
