"""An additive model is the sum of its tables: no tree is of three fields, and risk moves as it is expected to"""

import math
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from src.model.additive import AdditiveClassifier
from src.model.artifact import to_bytes
from src.model.features import Matrix

ROWS = 1500
FIELDS = ["income", "age", "age", "job", "noise"]
DIRECTIONS = [-1, 0, 0, 0, 0]


@pytest.fixture(scope="session")
def table() -> tuple[Matrix, np.ndarray]:
    """Risk falls with income; whether youth adds to it depends on the job, of which places have no order."""
    random = np.random.default_rng(3)
    missing = random.random(ROWS) < 0.1
    X = np.column_stack(
        [
            random.lognormal(3, 0.5, ROWS),
            np.where(missing, 40.0, random.integers(18, 70, ROWS)),
            missing,
            random.integers(-1, 4, ROWS),
            random.integers(0, 9, ROWS),
        ]
    )
    acting = np.where(np.isin(X[:, 3], [0, 2]), 1.5, -1.5) * np.where(X[:, 1] < 40, 1, -1)
    odds = (20 - X[:, 0]) / 8 + acting - 0.5 + 0.3 * X[:, 2]
    return X, (random.random(ROWS) < 1 / (1 + np.exp(-odds))).astype("int64")


def made(**changes: Any) -> AdditiveClassifier:
    settings: dict[str, Any] = {"bins": 12, "pairs": 3, "max_iter": 60, "random_state": 4}
    return AdditiveClassifier(FIELDS, [3], DIRECTIONS, **settings | changes)


@pytest.fixture(scope="session")
def fitted(table: tuple[Matrix, np.ndarray]) -> AdditiveClassifier:
    with threadpool_limits(1):
        return made().fit(*table)


def test_pair_that_acts_together_is_found_and_chance_is_not(
    fitted: AdditiveClassifier, table: tuple[Matrix, np.ndarray]
) -> None:
    assert fitted.chosen_ == [("age", "job")]
    alone = made(pairs=0).fit(*table)
    assert alone.chosen_ == []
    assert np.mean((alone.predict(table[0]) - table[1]) ** 2) > np.mean((fitted.predict(table[0]) - table[1]) ** 2)


@pytest.mark.parametrize("least", [3.0, -math.inf], ids=["one pair", "three pairs with fields in common"])
def test_tables_add_up_to_the_log_odds_of_every_row(
    least: float, table: tuple[Matrix, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.model.additive.LEAST_GAIN", least)
    X = table[0]
    model = made().fit(*table)
    blocks = {name: X[:200, [place for place, field in enumerate(FIELDS) if field == name]] for name in set(FIELDS)}
    found = model.tables(blocks)
    assert len(found.pairs) == (1 if least > 0 else 3)
    total = found.start + sum(found.singles.values()) + sum(np.diag(table) for table in found.pairs.values())
    assert total == pytest.approx(model.decision_function(X[:200]), abs=1e-10)


def test_tables_are_zero_in_the_mean_of_the_training_rows(
    fitted: AdditiveClassifier, table: tuple[Matrix, np.ndarray]
) -> None:
    X = table[0]
    blocks = {"income": X[:, :1], "age": X[:, 1:3], "job": X[:, 3:4], "noise": X[:, 4:]}
    cells = {name: np.unique(block, axis=0, return_counts=True) for name, block in blocks.items()}
    found = fitted.tables({name: rows for name, (rows, _) in cells.items()})
    shares = {name: counts / ROWS for name, (_, counts) in cells.items()}
    assert [float(found.singles[name] @ shares[name]) for name in blocks] == pytest.approx([0] * 4, abs=1e-9)
    (pair,) = found.pairs.values()
    assert np.abs(shares["age"] @ pair).max() < 1e-9
    assert np.abs(pair @ shares["job"]).max() < 1e-9


def test_risk_never_rises_with_what_is_expected_to_lower_it(
    table: tuple[Matrix, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.model.additive.LEAST_GAIN", -math.inf)
    X, bad = table
    turned = bad ^ (np.random.default_rng(1).random(ROWS) < 0.3)
    model = made(pairs=6).fit(X, turned)
    assert ("income", "job") in model.chosen_
    some = X[:50].copy()
    steps = []
    for income in np.linspace(1, 100, 60):
        some[:, 0] = income
        steps.append(model.decision_function(some))
    assert np.diff(steps, axis=0).max() < 1e-12


def test_two_fits_give_the_same_bytes(fitted: AdditiveClassifier, table: tuple[Matrix, np.ndarray]) -> None:
    with threadpool_limits(1):
        assert to_bytes(made().fit(*table)) == to_bytes(fitted)
