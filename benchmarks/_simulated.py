"""German Credit -> references and windows drawn from it, months of the approved, and what the monitor says of them

Nothing is changed but where it is said: what alarms then is false. Reference and windows are drawn from the same 1 000
applicants, with replacement; PDs are out of fold, of a logistic regression.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import JsonValue
from scipy.optimize import brentq
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from src.contract.package import read_package
from src.contract.table import type_table
from src.contract.text import read_text
from src.lineage.policy import Monitoring
from src.model.card import CARD, Card, read_card
from src.model.developed import FINE
from src.model.development import Distribution
from src.model.distributions import answers_of, scores_of, typed_features
from src.model.points import decide
from src.monitoring.cohort_view import look_of
from src.monitoring.cohorts import Cohort, Month
from src.monitoring.drift import Drift, judge
from src.monitoring.performance import Bads, more_bads
from src.monitoring.windows import firing
from tests.conftest import ROOT

PACKAGE = ROOT / "data/external/german_credit/datapackage.yaml"
POLICY = Monitoring()
REFERENCE = 800  # rows of a reference
APPROVED, BASELINE_BADS, RATIO = 3000, 25.0, 0.7  # a month; expected in the reference; observed over expected
KNOWN, REPAID, MONTHS = (2, 9), 12, 12  # months after which bads and goods are known; cohorts of a year
Random = np.random.Generator
Rows = NDArray[np.intp]
Places = dict[str, Rows]


class Population(NamedTuple):
    """Applicants and their PDs; `values` are columns as the log has them."""

    table: pd.DataFrame
    pd_of: NDArray[np.float64]
    values: dict[str, list[JsonValue]]
    card: Card


class Reference(NamedTuple):
    """A reference's distributions, and the bin of each applicant of the population."""

    subjects: dict[str, Distribution]
    places: Places

    def counts(self, rows: Rows) -> dict[str, list[int]]:
        """Return how many of these applicants lie in each bin."""
        return {
            name: np.bincount(self.places[name][rows], minlength=len(one.rows)).tolist()
            for name, one in self.subjects.items()
        }


def population() -> Population:
    """Return German Credit."""
    card, package = read_card(ROOT / "models" / CARD), read_package(PACKAGE)
    text = read_text(
        [PACKAGE.parent / path for path in package.resource.path],
        package.resource,
        [column.name for column in package.columns],
    )
    table, _ = type_table(text, package)
    X = table[[feature.name for feature in card.features]]
    numbers = [feature.name for feature in card.features if feature.numeric]
    prepared = make_column_transformer((StandardScaler(), numbers), remainder=OneHotEncoder(handle_unknown="ignore"))
    bad = (table[card.target.name] == card.target.bad).to_numpy()
    model = make_pipeline(prepared, LogisticRegression(C=0.1))
    pd_of = cross_val_predict(model, X, bad, cv=5, method="predict_proba")[:, 1]
    values: dict[str, list[JsonValue]] = {name: X[name].tolist() for name in X.columns}
    values |= {"probability_of_default": pd_of.tolist(), "score": scores_of(pd_of, card).tolist()}
    return Population(X, pd_of, values | {"decision": [decide(one, card.threshold) for one in pd_of.tolist()]}, card)


def drawn(people: Population, random: Random) -> Reference:
    """Return a reference of 800 applicants, binned as the evaluation does."""
    rows = random.integers(len(people.table), size=REFERENCE)
    X = people.table.iloc[rows]
    features = {name: one.distribution for name, one in typed_features(X, people.card, FINE, list(X.columns)).items()}
    subjects = features | answers_of(people.pd_of[rows], people.card, FINE.groups)
    return Reference(subjects, {name: one.places(people.values[name]) for name, one in subjects.items()})


def judged(reference: Reference, rows: Rows) -> dict[str, Drift]:
    """Return what the monitor says of a window."""
    live = reference.counts(rows)
    samples = {name: (one.rows, live[name]) for name, one in reference.subjects.items()}
    return judge(samples, POLICY.alpha, POLICY.least_psi)


def false_alarms(people: Population, windows: int, references: int, rows: int, seed: int = 0) -> float:
    """Return the share of windows without change in which anything alarms."""
    random = np.random.default_rng(seed)
    alarms = 0
    for _ in range(references):
        reference = drawn(people, random)
        for _ in range(windows // references):
            found = judged(reference, random.integers(len(people.table), size=rows))
            alarms += any(one.alarm for one in found.values())
    return alarms / windows


def fired_a_year(people: Population, years: int, days: int = 365, rows: int = 300, seed: int = 1) -> float:
    """Return how many drift alerts fire in a year without change; each year has a reference of its own."""
    random = np.random.default_rng(seed)
    fired = 0
    for _ in range(years):
        reference = drawn(people, random)
        alarms: dict[str, list[bool]] = {name: [] for name in reference.subjects}
        for _ in range(days):
            for name, one in judged(reference, random.integers(len(people.table), size=rows)).items():
                alarms[name].append(one.alarm)
        fired += sum(map(episodes, alarms.values()))
    return fired / years


def episodes(alarms: list[bool], windows: int = POLICY.windows) -> int:
    """Return how often an alert fires anew."""
    if not any(alarms):
        return 0
    states = [firing(alarms[: day + 1], windows) for day in range(len(alarms))]
    return sum(now and not before for before, now in zip([False, *states], states, strict=False))


def power(people: Population, windows: int, mean: float = 26.9, rows: int = 300, seed: int = 2) -> float:
    """Return how often a window alarms by its duration, drawn with weights exp(λ·duration) so that its mean is this."""
    random = np.random.default_rng(seed)
    duration = people.table["duration_months"].to_numpy(dtype=np.float64)

    def weighted(rate: float) -> NDArray[np.float64]:
        weights = np.exp(rate * duration)
        found: NDArray[np.float64] = weights / weights.sum()
        return found

    p = weighted(brentq(lambda rate: float(weighted(rate) @ duration) - mean, -0.2, 0.2))
    alarms = 0
    for _ in range(windows // 10):
        reference = drawn(people, random)
        for _ in range(10):
            alarms += judged(reference, random.choice(len(p), rows, p=p))["duration_months"].alarm
    return alarms / windows


def performance_alerts(people: Population, years: int, times: float = 1.0, seed: int = 3) -> float:
    """Return the share of years in which live performance alerts, where bads are `times` those of the reference.

    Everybody's outcomes come as they would: bads after 2 to 9 months, goods after 12, and at each month's end the
    monitor looks at each month that it has not judged.
    """
    random = np.random.default_rng(seed)
    pds = people.pd_of[people.pd_of < people.card.threshold]
    alerts = 0
    for _ in range(years):
        rows = pds[random.integers(len(pds), size=round(BASELINE_BADS / pds.mean()))]
        reference = Bads(int((random.random(len(rows)) < RATIO * rows).sum()), float(rows.sum()))
        alarms = [alarm for _, alarm in sorted(verdicts(pds, reference, RATIO * times, random))]
        alerts += episodes(alarms) > 0
    return alerts / years


def verdicts(pds: NDArray[np.float64], reference: Bads, ratio: float, random: Random) -> Iterator[tuple[Month, bool]]:
    """Yield each month of a year and whether it alarms, once it is judged."""
    for number in range(MONTHS):
        month = Month(2025, number + 1)
        rows = pds[random.integers(len(pds), size=APPROVED)]
        bad = random.random(APPROVED) < ratio * rows
        known_after = np.where(bad, random.integers(*KNOWN, size=APPROVED, endpoint=True), REPAID)
        cohort = Cohort(month, APPROVED, APPROVED, [], [], [])
        for age in range(1, 2 * MONTHS):
            known = known_after <= age
            now = datetime(2025 + (number + 1 + age) // 12, (number + 1 + age) % 12 + 1, 1, tzinfo=UTC)
            if look_of(cohort, int(known.sum()), POLICY, now) != "open":
                live = Bads(int(bad[known].sum()), float(rows[known].sum()))
                yield month, more_bads(live, reference, POLICY.alpha, POLICY.least_bads, POLICY.ratio).alarm
                break
