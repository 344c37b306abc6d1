"""A small table with every kind of column, and its contract."""

import numpy as np
import pandas as pd
import pytest

from src.contract.package import Package
from src.model.card import Feature, features_of
from src.model.entrants import entrants
from src.model.kinds import KINDS
from src.params import read_params
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def package() -> Package:
    fields = [
        {"name": "income", "type": "number", "direction": "decreasing", "constraints": {"required": True}},
        {"name": "years", "type": "integer"},
        {"name": "owner", "type": "boolean", "constraints": {"required": True}},
        {"name": "region", "categories": [{"value": "n", "label": "North"}, {"value": "s", "label": "South"}]},
        {"name": "sex", "role": "protected"},
        {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]},
    ]
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": fields}}
    return Package.model_validate({"name": "small", "resources": [resource]})


@pytest.fixture(scope="session")
def features(package: Package) -> list[Feature]:
    return features_of(package)


@pytest.fixture(scope="session")
def table() -> tuple[pd.DataFrame, np.ndarray]:
    """300 applicants whose risk falls with income; some years and regions are missing."""
    random = np.random.default_rng(1)
    n = 300
    income = random.lognormal(3, 0.5, n).round(1)
    bad = (random.random(n) < 1 / (1 + np.exp((income - 20) / 6))).astype("int64")
    years = pd.array(random.integers(0, 20, n), dtype="Int64")
    years[::7] = pd.NA
    region = pd.Series(np.where(random.random(n) < 0.4, "North", "South")).mask(np.arange(n) % 11 == 0).astype("str")
    X = pd.DataFrame(
        {
            "income": pd.array(income, dtype="Float64"),
            "years": years,
            "owner": pd.array(random.random(n) < 0.5, dtype="boolean"),
            "region": region,
        }
    )
    return X, bad


@pytest.fixture(scope="session")
def params() -> dict:
    """params.yaml's candidates, with few trees."""
    found = dict(entrants(read_params(ROOT / "params.yaml", KINDS).train.candidates, 300).present)
    found["forest"] = found["forest"].model_copy(update={"trees": 30})
    found["boosting"] = found["boosting"].model_copy(update={"iterations": 50})
    return found
