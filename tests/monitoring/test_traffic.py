"""Made-up traffic: the model's own answers, distributed as in the development sample until something shifts"""

import json
from datetime import date, timedelta

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy.stats import chisquare

from src.contract.table import read_table
from src.journal.identifiers import first_id
from src.model.development import ANSWERS, read_development
from src.monitoring.traffic import DAYS, Pool, Shift, Traffic, days_of, placed, pool_of
from src.serving.applicants import applicant_type
from src.serving.predictors import load
from tests.conftest import Project

FIRST, SINCE, LAST = date(2026, 1, 1), date(2026, 1, 22), date(2026, 2, 4)
SHIFT = Shift("duration_months", risk=3)


def pool(project: Project) -> Pool:
    """The pool of a project's test rows."""
    models, table = project.root / "models", read_table(project.root / "data/processed/test.parquet")
    development = read_development(models)
    assert development is not None
    return pool_of(load(models), development, table, np.random.default_rng(1), "1")


@pytest.fixture(scope="module")
def german(light_run: Project) -> Pool:
    return pool(light_run)


@pytest.fixture(scope="module")
def days(german: Pool) -> list[Traffic]:
    return list(days_of(german, FIRST, LAST, np.random.default_rng(2), SHIFT, SINCE))


def test_every_field_and_answer_is_distributed_as_in_the_development_sample(german: Pool) -> None:
    found = placed(german.development, german.applicants, german.scored)
    development = german.development
    subjects = [*development.features.values(), *(development.subjects[name] for name in ANSWERS)]
    for (name, places), distribution in zip(found.items(), subjects, strict=True):
        live = np.bincount(places, german.weights, len(distribution.rows))
        wanted = np.array(distribution.rows) / sum(distribution.rows)
        there = live > 0
        assert np.abs(live - wanted / wanted[there].sum())[there].max() < 0.015, name


def test_shift_moves_the_mean_by_half_a_deviation_and_nothing_before_it(german: Pool, days: list[Traffic]) -> None:
    weights = german.shifted(SHIFT)
    values = np.array([applicant["duration_months"] for applicant in german.applicants])
    moved = np.dot(weights, values) - np.dot(german.weights, values)
    assert moved == pytest.approx(0.5 * values.std(), rel=0.001)
    before = [json.loads(entry.inputs)["duration_months"] for day in days[:21] for entry in day.entries]
    after = [json.loads(entry.inputs)["duration_months"] for day in days[21:] for entry in day.entries]
    assert np.mean(after) - np.mean(before) == pytest.approx(moved, abs=1)
    distribution = german.development.features["duration_months"]
    counts = np.bincount(distribution.places(before), minlength=len(distribution.rows))[:-2]
    shares = np.array(distribution.rows[:-2]) / sum(distribution.rows)
    assert chisquare(counts, shares * counts.sum()).pvalue > 0.001


def test_days_have_their_applications_with_identifiers_and_times_of_then(days: list[Traffic]) -> None:
    entries = [entry for day in days for entry in day.entries]
    ids = [entry.id for entry in entries]
    assert ids == sorted(set(ids))
    for number, day in enumerate(days):
        on = FIRST + timedelta(days=number)
        assert {entry.time.date() for entry in day.entries} == {on}
        assert abs(len(day.entries) - DAYS[on.weekday()]) < 5 * DAYS[on.weekday()] ** 0.5
    assert all(first_id(entry.time)[:18] == entry.id[:18] for entry in entries)
    assert {entry.purpose for entry in entries} == {"application"}


def test_approved_become_known_bads_before_goods_and_more_of_them_are_bad_after_the_shift(days: list[Traffic]) -> None:
    entries = {entry.id: entry for day in days for entry in day.entries}
    outcomes = [told for day in days for told in day.outcomes]
    assert {told.prediction_id for told in outcomes} == {i for i, one in entries.items() if one.decision == "approve"}
    for told in outcomes:
        waited = (told.observed_at - entries[told.prediction_id].time).days
        assert waited == 365 if told.outcome == "good" else 60 <= waited < 270

    def rate(some: list[Traffic]) -> float:
        ids = {entry.id: entry for day in some for entry in day.entries}
        told = [each for day in some for each in day.outcomes]
        expected = sum(ids[each.prediction_id].probability_of_default for each in told)
        return sum(each.outcome == "bad" for each in told) / expected

    assert rate(days[21:]) > 1.5 * rate(days[:21])


def test_protected_fields_that_are_no_features_are_told_of_everybody(german: Pool, days: list[Traffic]) -> None:
    names = {field.name for field in german.served.card.groups}
    assert names == {"personal_status_sex", "foreign_worker"}
    for day in days:
        told = [(group.prediction_id, group.field) for group in day.groups]
        assert told == [(entry.id, field) for entry in day.entries for field in german.groups[0]]


@pytest.mark.parametrize("table", ["light_run", "everything"])
def test_log_holds_what_the_contract_takes_and_what_the_model_answers(
    table: str, request: pytest.FixtureRequest
) -> None:
    found = pool(request.getfixturevalue(table))
    (day,) = days_of(found, FIRST, FIRST, np.random.default_rng(2), Shift("none"), LAST)
    read = TypeAdapter(applicant_type(found.served.card)).validate_json
    for entry in day.entries[:50]:
        again = found.served.scorer.score(read(entry.inputs))
        assert (again.probability_of_default, again.score, again.decision) == entry[6:9]
        assert entry.form_sha256 == found.served.form_sha256
