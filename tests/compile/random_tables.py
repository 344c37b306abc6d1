"""A seed -> a contract, a table that it describes, and costs: what real files hold and made-up ones rarely do"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from src.contract.costs import Costs
from src.contract.package import Package

Random = np.random.Generator
Described = tuple[dict[str, Any], Any]
"""a field's properties, and its values"""


@dataclass(frozen=True)
class RandomTable:
    """30 to 200 applicants with one to eight features, and what a wrong decision about them costs."""

    package: Package
    X: pd.DataFrame
    bad: NDArray[np.int64]
    costs: Costs


def whole(random: Random, rows: int) -> Described:
    """Few whole numbers, so that a median of some of them is often not whole."""
    return {"type": "integer"}, random.integers(0, random.integers(2, 60), rows)


def continuous(random: Random, rows: int) -> Described:
    return {"type": "number"}, random.normal(0, 1, rows)


def amount(random: Random, rows: int) -> Described:
    return {"type": "number", "constraints": {"minimum": 0}}, random.lognormal(7, 1, rows).round(2)


def huge(random: Random, rows: int) -> Described:
    return {"type": "number", "constraints": {"maximum": 1e30}}, random.lognormal(0, 2, rows) * 1e25


def huge_whole(random: Random, rows: int) -> Described:
    """Whole numbers above 2 ** 53, which float64 rounds."""
    return {"type": "integer", "constraints": {"minimum": 2**60}}, 2**60 + random.integers(0, 3000, rows)


def tiny(random: Random, rows: int) -> Described:
    return {"type": "number", "constraints": {"exclusiveMinimum": 0, "maximum": 1e-6}}, random.random(rows) * 1e-9


def constant(random: Random, rows: int) -> Described:
    return {"type": "integer"}, np.full(rows, random.integers(5))


def truth(random: Random, rows: int) -> Described:
    return {"type": "boolean"}, random.random(rows) < random.random()


def rating(random: Random, rows: int) -> Described:
    return {"type": "integer", "constraints": {"enum": [1, 2, 4, 8]}}, random.choice([1, 2, 4, 8], rows)


def coded(random: Random, rows: int) -> Described:
    labels = [f"label {place}" for place in range(random.integers(2, 7))]
    categories = [{"value": str(place), "label": label} for place, label in enumerate(labels)]
    return {"type": "string", "categories": categories}, random.choice(labels, rows)


def stated(random: Random, rows: int) -> Described:
    """Numbers, and two reasons for not having one, of which the second is rare."""
    codes = [{"value": "-9", "label": "not asked"}, {"value": "-8", "label": "refused"}, {"value": "", "label": ""}]
    numbers: list[Any] = random.integers(0, 9, rows).tolist()
    chosen = random.choice(["number", "not asked", "refused"], rows, p=[0.7, 0.25, 0.05]).tolist()
    values = [number if what == "number" else what for number, what in zip(numbers, chosen, strict=True)]
    return {"type": "integer", "missingValues": codes}, pd.Series(values, dtype=object)


def written(random: Random, rows: int) -> Described:
    """Texts, a few of them frequent, and a reason for not having one."""
    texts = [f"text {place}" for place in range(random.integers(1, 40))]
    values = random.choice([*texts, *texts[:2] * 10, "not asked"], rows)
    return {"type": "string", "missingValues": [{"value": "-9", "label": "not asked"}, ""]}, values


def since(random: Random, rows: int) -> Described:
    """A date, as a model sees it."""
    return {"type": "date"}, random.integers(-30, 4000, rows)


COLUMNS: tuple[Callable[[Random, int], Described], ...] = (
    whole, continuous, amount, huge, huge_whole, tiny, constant, truth, rating, coded,
    stated, written, since
)  # fmt: skip
DTYPES = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "str", "date": "Int64"}
COSTS = ((5, 1), (4, 1), (3, 1), (1, 1), (9, 1), (1, 3))
MISSING = (0.0, 0.0, 0.1, 0.5, 0.95, 1.0)  # the share of each column that is missing; where it is none, some may be


def column(random: Random, rows: int, name: str) -> tuple[dict[str, Any], pd.Series]:
    """Return one field and its values, typed as the pipeline reads them."""
    field, values = COLUMNS[random.integers(len(COLUMNS))](random, rows)
    missing = random.random(rows) < random.choice(MISSING)
    required = "missingValues" not in field and not missing.any() and random.random() < 0.7
    rules = field.get("constraints", {}) | {"required": required}
    mixed = isinstance(values, pd.Series)
    typed = (values if mixed else pd.Series(values).astype(DTYPES[field["type"]])).mask(missing, None)
    return field | {"name": name, "constraints": rules}, typed


def outcomes(random: Random, X: pd.DataFrame) -> NDArray[np.int64]:
    """Return who is bad: partly by the first column's rank; at least four rows of each outcome."""
    rank = pd.factorize(X.iloc[:, 0], sort=True)[0] / len(X)
    chance = random.uniform(0.1, 0.7) + random.uniform(-1, 1) * rank
    bad = (random.random(len(X)) < chance).astype("int64")
    some = random.permutation(len(X))[:8]
    bad[some] = np.arange(8) % 2
    return bad


def random_table(seed: int) -> RandomTable:
    """Return the table of this seed."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(30, 201))
    made = [column(random, rows, f"x{place}") for place in range(random.integers(1, 9))]
    X = pd.DataFrame({field["name"]: values for field, values in made})
    made_on = {"name": "applied on", "type": "date", "role": "time"}
    target = {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]}
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": [*(field for field, _ in made), made_on, target]}}
    package = Package.model_validate({"name": f"table-{seed}", "resources": [resource]})
    accept, reject = COSTS[random.integers(len(COSTS))]
    return RandomTable(package, X, outcomes(random, X), Costs(false_accept=accept, false_reject=reject))
