"""Days of the simulated year through the real API: everybody is answered then, and the approved become known later"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import numpy as np
import pytest

from src.api.main import create_app
from src.api.settings import Settings
from src.errors import LastroError
from src.journal.identifiers import first_id
from src.monitoring.run import opened
from src.monitoring.settings import Settings as MonitorSettings
from src.monitoring.traffic import Pool
from src.year.calendar import CHANGE, DAY, FIRST, LAST, MORNING, NOON, at, days
from src.year.clock import SimulatedClock
from src.year.life import NEW, OLD, Life
from src.year.population import Population, segment_of
from src.year.project import TERM
from src.year.service import Lender, served
from tests.api.live import DIGESTS, HEADERS, PLENTY
from tests.conftest import Project
from tests.monitoring.test_traffic import pool


@pytest.fixture(scope="module")
def german(light_run: Project) -> Pool:
    return pool(light_run)


@pytest.fixture
def life(german: Pool, light_run: Project, tmp_path: Path) -> Iterator[Life]:
    """A lender on the morning of the day before the change."""
    models, clock = light_run.root / "models", SimulatedClock(at(CHANGE - DAY, MORNING))
    keys = DIGESTS.replace(",", ":predict+read+outcomes+admin,")
    settings = Settings(_env_file=None, api_keys=keys, state=tmp_path, models=models, rate_limit=PLENTY)
    watched = MonitorSettings(_env_file=None, state=tmp_path, models=models)
    population = Population(german, np.random.default_rng(1), set(), segment_of(german))
    with (
        served(create_app(settings, clock)) as url,
        httpx.Client(base_url=url, headers=HEADERS) as client,
        opened(watched) as monitor,
    ):
        yield Life(population, clock, Lender(client), monitor)


def test_two_days_and_their_outcomes(life: Life, tmp_path: Path) -> None:
    for day in (CHANGE - DAY, CHANGE):
        life.pass_day(day)
    before, after = life.asked["2025-08"], life.asked["2025-09"]
    assert abs(before - OLD) < 5 * OLD**0.5
    assert abs(after - NEW) < 5 * NEW**0.5
    approved = {one["prediction_id"]: one for its in life.due.values() for one in its}
    assert set(life.due) == {CHANGE - DAY + TERM * DAY, CHANGE + TERM * DAY}
    for day in (CHANGE - DAY + TERM * DAY, CHANGE + TERM * DAY):
        life.pass_day(day)
    life.look(CHANGE + (TERM + 1) * DAY)
    with sqlite3.connect(tmp_path / "api" / "journal.db") as log:
        rows = dict(
            log.execute("SELECT id, decision FROM predictions WHERE id < ?", (first_id(at(CHANGE + DAY, NOON)),))
        )
        outcomes = log.execute("SELECT prediction_id, outcome, observed_at FROM outcomes").fetchall()
        groups = Counter(field for (field,) in log.execute("SELECT field FROM outcome_groups"))
        (counted,) = log.execute("SELECT sum(rows) FROM hourly_counts").fetchone()
    log.close()
    assert len(rows) == before + after
    assert first_id(at(CHANGE - DAY, NOON)) <= min(rows) < max(rows) < first_id(at(CHANGE, NOON) + DAY / 24)
    assert {one for one, decision in rows.items() if decision == "approve"} == set(approved) != set(rows)
    assert {one: outcome for one, outcome, _ in outcomes} == {i: one["outcome"] for i, one in approved.items()}
    assert {moment[:10] for *_, moment in outcomes} == {"2025-09-30", "2025-10-01"}
    assert groups == dict.fromkeys(life.population.pool.groups[0], len(approved))
    assert counted == sum(life.asked.values())


def test_nobody_applies_after_the_year_and_an_error_of_the_api_is_a_sentence(life: Life) -> None:
    life.pass_day(LAST + DAY)
    assert not life.asked
    with pytest.raises(LastroError, match="POST /predict/batch: 422: "):
        life.lender.apply([{"is_late": True}])
    unknown = [{"prediction_id": first_id(at(FIRST, NOON)), "outcome": "good"}]
    with pytest.raises(LastroError, match="outcomes are unknown, not recorded"):
        life.lender.tell(unknown)


def test_days_are_all_of_a_time() -> None:
    found = list(days(FIRST, LAST))
    assert (found[0], found[-1], len(found), found[59]) == (FIRST, LAST, 365, date(2025, 3, 1))
