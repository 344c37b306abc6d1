"""Every kind of model, fitted on a table with every kind of feature, beside its predictor"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from src.compile.compiler import Compiled, compile_model
from src.contract.package import Package
from src.model import additive, kinds
from src.model.candidates import build
from src.model.card import Card, Feature, features_of, read_card
from src.model.entrants import entrants
from src.model.r.candidate import RScript
from src.params import Candidate, read_params
from src.serving.predictors import predictor_of
from src.serving.scorer import Applicant, Predictor
from tests.collection import R
from tests.conftest import ROOT

KINDS = tuple(kind for kind in kinds.KINDS if kind != "r" or R)
NAMES = (*KINDS, *(f"{kind}, calibrated" for kind in KINDS))
ROWS = 400


@cache
def package() -> Package:
    required = {"required": True}
    fields: list[dict[str, Any]] = [
        {"name": "income", "type": "number", "direction": "decreasing", "constraints": required | {"minimum": 0}},
        {"name": "rate", "type": "integer", "constraints": required | {"enum": [1, 2, 4]}},
        {"name": "years", "type": "integer", "constraints": {"minimum": 0, "maximum": 60}},
        {"name": "ratio", "type": "number"},
        {"name": "owner", "type": "boolean", "constraints": required},
        {"name": "member", "type": "boolean"},
        {"name": "region", "categories": [{"value": "n", "label": "North"}, {"value": "s", "label": "South"}]},
        {"name": "job", "categories": ["none", "some", "good"], "constraints": required},
        {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]},
    ]
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": fields}}
    return Package.model_validate({"name": "small", "resources": [resource]})


@cache
def features() -> list[Feature]:
    return features_of(package())


@cache
def table() -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Applicants whose risk falls with income and job; what may be missing sometimes is."""
    random = np.random.default_rng(7)
    income = random.lognormal(3, 0.5, ROWS)  # as many digits as a float has
    job = random.integers(3, size=ROWS)
    bad = (random.random(ROWS) < 1 / (1 + np.exp((income - 25) / 6 + job - 1))).astype("int64")
    few = random.random((4, ROWS)) < 0.1
    X = pd.DataFrame(
        {
            "income": pd.array(income, dtype="Float64"),
            "rate": pd.array(random.choice([1, 2, 4], ROWS), dtype="Int64"),
            "years": pd.Series(random.integers(0, 61, ROWS)).astype("Int64").mask(few[0]),
            "ratio": pd.Series(random.normal(0, 1, ROWS)).astype("Float64").mask(few[1]),
            "owner": pd.array(random.random(ROWS) < 0.5, dtype="boolean"),
            "member": pd.Series(random.random(ROWS) < 0.5).astype("boolean").mask(few[2]),
            "region": pd.Series(np.where(random.random(ROWS) < 0.4, "North", "South")).astype("str").mask(few[3]),
            "job": pd.Series(np.array(["none", "some", "good"])[job]).astype("str"),
        }
    )
    return X, bad


@cache
def committed() -> dict[str, Candidate]:
    """Params.yaml's candidates, with fewer trees."""
    fewer = {"forest": {"trees": 15}, "boosting": {"iterations": 15}, "additive": {"iterations": 15, "pairs": 4}}
    known = entrants(read_params(ROOT / "params.yaml", kinds.KINDS).train.candidates, ROWS).present
    return {name: candidate.model_copy(update=fewer.get(name, {})) for name, candidate in known.items()}


def from_r() -> RScript:
    """A candidate from R."""
    return RScript(kind="r", script=str(ROOT / "tests/r/main_effects.R"))


@cache
def fitted(name: str) -> Any:
    """One of the candidates, calibrated as training does where its name says so."""
    kind, _, calibrated = name.partition(", ")
    model = build(committed() | {"r": from_r()}, features(), seed=3)[kind]
    if calibrated:
        folds = StratifiedKFold(3, shuffle=True, random_state=1)
        model = CalibratedClassifierCV(model, method="isotonic", cv=folds, ensemble=False)
    with threadpool_limits(1), pytest.MonkeyPatch.context() as patch:
        patch.setattr(additive, "LEAST_GAIN", -math.inf)  # so few rows hold no pair that is more than chance
        return model.fit(*table())


@cache
def compiled(name: str) -> Compiled:
    return compile_model(fitted(name), features())


@cache
def served(name: str) -> Predictor:
    """The predictor of what `export` leaves for the API."""
    return predictor_of(compiled(name), compiled(name).trees)


def applicants(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as the API reads them: plain values, None where one is missing."""
    plain = rows.astype(object).where(rows.notna(), None)
    return [dict(zip(plain.columns, values, strict=True)) for values in plain.itertuples(index=False)]


def served_pds(predictor: Predictor, given: list[dict[str, Any]]) -> NDArray[np.float64]:
    return np.array(predictor.probabilities([predictor.row(applicant) for applicant in given]))


def fitted_pds(name: str, given: list[dict[str, Any]]) -> NDArray[np.float64]:
    rows = pd.DataFrame(given, columns=list(table()[0].columns)).astype(table()[0].dtypes.to_dict())
    with threadpool_limits(1):
        found: NDArray[np.float64] = fitted(name).predict_proba(rows)[:, 1]
    return found


def typical() -> dict[str, Any]:
    """A reference applicant of little risk."""
    return {"income": 40.0, "rate": 2, "years": 20, "ratio": 0.1, "owner": True, "member": False, "region": "South",
            "job": "good"}  # fmt: skip


def card(threshold: float = 0.3, reference: Applicant | None = None) -> Card:
    """The committed card, of these features."""
    changes: Mapping[str, Any] = {
        "features": features(),
        "reference": dict(reference or typical()),
        "threshold": threshold,
    }
    return read_card(ROOT / "models" / "model.json").model_copy(update=changes)
