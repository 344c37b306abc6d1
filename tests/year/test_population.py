"""Who applies in the simulated year: people as in the development sample, and no row of the package"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.contract.table import read_table
from src.errors import LastroError
from src.model.rows import hashed
from src.monitoring.traffic import Pool, people_of
from src.year import population
from src.year.population import COMMON, ODDS, RARE, Person, Population, key_of, segment_of
from tests.conftest import Project
from tests.monitoring.test_traffic import pool

COUNT = 500


@pytest.fixture(scope="module")
def german(light_run: Project) -> Pool:
    return pool(light_run)


@pytest.fixture(scope="module")
def raw(light_run: Project) -> Path:
    return light_run.root / "data/raw/applications.parquet"


def fresh(pool: Pool, raw: Path) -> Population:
    known = {key_of(person) for person in people_of(read_table(raw), pool.served.card)}
    return Population(pool, np.random.default_rng(3), known, segment_of(pool))


@pytest.fixture(scope="module")
def years(german: Pool, raw: Path) -> tuple[Population, list[Person], list[Person]]:
    found = fresh(german, raw)
    return found, found.people(COUNT, changed=False), found.people(COUNT, changed=True)


def share(population: Population, people: list[Person]) -> float:
    return float(population.inside([person.inputs for person in people]).mean())


def test_segment_is_the_rare_answer_that_the_model_likes_best(german: Pool) -> None:
    found = segment_of(german)
    assert RARE[0] <= found.share <= RARE[1]
    pd = np.array([one.probability_of_default for one in german.scored])
    answers = np.array([applicant[found.feature] for applicant in german.applicants], dtype=object)
    inside = german.weights * (answers == found.value)
    assert found.share == pytest.approx(inside.sum())
    assert np.dot(inside, pd) / inside.sum() < np.dot(german.weights, pd)


def test_nobody_is_equal_to_a_row_of_the_package_or_to_another_applicant(
    years: tuple[Population, list[Person], list[Person]], german: Pool, raw: Path
) -> None:
    drawn = [person.inputs for person in (*years[1], *years[2])]
    package = people_of(read_table(raw), german.served.card)
    assert len({key_of(person) for person in drawn}) == 2 * COUNT
    table = read_table(raw)[list(drawn[0])]
    rows = hashed(table.astype(object))["row"]
    as_rows = hashed(type(table)(drawn).astype(object))["row"]
    assert hashed(type(table)(package).astype(object))["row"].isin(rows).all(), "equal rows have equal hashes here"
    assert not as_rows.isin(rows).any()


def test_population_is_the_seeds_alone(german: Pool, raw: Path) -> None:
    assert fresh(german, raw).people(20, changed=True) == fresh(german, raw).people(20, changed=True)


def test_change_makes_the_segment_common_and_nothing_before_it(
    years: tuple[Population, list[Person], list[Person]],
) -> None:
    found, before, after = years
    assert share(found, before) == pytest.approx(found.segment.share, abs=0.04)
    assert share(found, after) == pytest.approx(COMMON, abs=0.09)


def test_risk_is_what_the_model_and_its_reference_expect_until_the_change(
    years: tuple[Population, list[Person], list[Person]], german: Pool
) -> None:
    found, before, after = years
    approved = german.development.approved
    for people, changed in ((before, False), (after, True)):
        inputs = [person.inputs for person in people]
        risks = found.risks(inputs, changed=changed)
        pd = np.array([one.probability_of_default for one in german.served.scorer.score_all(inputs)])
        usual = np.clip(approved.observed / approved.expected * pd, 0, 0.99)
        inside = found.inside(inputs) & changed
        assert risks[~inside] == pytest.approx(usual[~inside])
        odds = (risks / (1 - risks) / (usual / (1 - usual)))[inside & (usual > 0)]
        assert odds == pytest.approx(np.full(len(odds), ODDS))
        bads = sum(person.bad for person in people)
        assert abs(bads - risks.sum()) < 4 * np.sqrt((risks * (1 - risks)).sum())


def test_data_without_numbers_or_rare_answers_says_so(german: Pool, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = fresh(german, raw)
    monkeypatch.setattr(population, "jittered", lambda people, *_: list(people))
    with pytest.raises(LastroError, match="too few numbers for so many applicants"):
        found.people(COUNT, changed=False)
    one_answer = [applicant | dict.fromkeys(applicant, "x") for applicant in german.applicants]
    with pytest.raises(LastroError, match="no question of the data set has an answer that is rare"):
        segment_of(replace(german, applicants=one_answer))
