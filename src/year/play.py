"""in a clone: `python -m src.year.play`: a year of a lender, from the first model to the second, each step checked

Exit code 1 where something that is promised does not happen; the sentence says what.
"""

import logging
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from src.contract.table import read_table
from src.errors import LastroError, run
from src.journal.settings import ROOT
from src.monitoring.demo import pool_in
from src.monitoring.run import opened
from src.monitoring.settings import read_settings
from src.monitoring.traffic import people_of
from src.year.calendar import ANEW, BACK, CHANGE, DAY, FIRST, LAST, MORNING, at, days
from src.year.clock import SimulatedClock
from src.year.findings import alert_lines, cohort_lines, gate_line, pooled, unkept
from src.year.life import MONDAY, Life
from src.year.population import COMMON, ODDS, Population, Segment, key_of, segment_of
from src.year.project import TERM, Project, delivered, first_version
from src.year.service import Lender, lending

SEED = 8
SHOWN = ("applications with outcomes", "have outcomes", ", of branch ")  # of what a retraining says
RAW = ROOT / "data/raw/applications.parquet"
END = LAST + (TERM + 1) * DAY  # all outcomes are known


def main() -> None:
    """Play the year, and say what happens; raises LastroError where a promise is not kept."""
    for name in ("src", "alembic", "httpx", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    random.seed(SEED)  # identifiers of a simulation: the next run has the same ones
    project = Project(ROOT)
    first_version(project)
    population = population_in(ROOT / "models")
    say(f"{FIRST}  version 1 is champion; {len(population.known)} applicants are known, and none of them comes again")
    clock = SimulatedClock(at(FIRST, MORNING))
    with lending(clock) as lender, opened(read_settings()) as monitor:
        life = Life(population, clock, lender, monitor)
        pass_days(life, project)
        found = lender.asked("GET", "/monitoring")
    promises(found, population.segment.feature)
    proven(project, life)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def population_in(models: Path) -> Population:
    """Return the population of the first model, by a seed."""
    generator = np.random.default_rng(SEED)
    pool = pool_in(models, generator)
    known = {key_of(person) for person in people_of(read_table(RAW), pool.served.card)}
    return Population(pool, generator, known, segment_of(pool))


def pass_days(life: Life, project: Project) -> None:
    """Let the days pass, each Monday of the year with a look of the monitor's, and say what is new.

    A last look finds the outcomes of December; that nobody applies any more by then is no news.
    """
    told = set[str]()
    for day in tqdm(list(days(FIRST, END)), unit="day", desc="time passes", disable=None):
        if day == CHANGE:
            say(f"{day}  twice as many apply: {told_change(life.population.segment)}")
        if day == BACK:
            way_back(life.lender, project)
        if day.weekday() == MONDAY and day <= LAST:
            life.look(day)
            for line in alert_lines(new_alerts(life.lender, told)):
                say(f"{day}  {line}")
        if day == ANEW:
            rebased(project)
        life.pass_day(day)
        if day <= LAST and (day + DAY).day == 1:
            month = f"{day:%Y-%m}"
            say(f"{day}  {life.asked[month]} have applied this month")
    life.look(END + DAY)


def told_change(segment: Segment) -> str:
    """Return what is different from the change on."""
    answer = f"{COMMON:.0%} answer {segment.feature} = {segment.value} ({segment.share:.0%} before)"
    return f"{answer}, with {ODDS:g} times the odds of default"


def new_alerts(lender: Lender, told: set[str]) -> list[dict[str, Any]]:
    """Return the alerts that were not told before."""
    found = [one for one in lender.asked("GET", "/alerts/history?limit=500")["alerts"] if one["id"] not in told]
    told.update(one["id"] for one in found)
    return found


def way_back(lender: Lender, project: Project) -> None:
    """Retrain on the outcomes that are known, promote what comes of it, and see to it that it answers."""
    why, until = "the outcomes of September are known", at(BACK, MORNING).isoformat()
    said = project.run("python", "src.lineage.retrain", "--why", why, "--until", until, may=(0, 1)).splitlines()
    for line in (line for line in said if any(word in line for word in SHOWN)):
        say(f"{BACK}  {line}")
    number = max((one["version"] for one in project.answer("python", "src.lineage.registry", "list")), key=int)
    for gate in project.answer("python", "src.lineage.registry", "gates", str(number), may=(0, 1)):
        say(f"{BACK}  {gate_line(gate)}")
    project.run("python", "src.lineage.registry", "promote", str(number), "--why", why)
    say(f"{BACK}  version {number} is promoted")
    branch = project.run("git", "branch", "--list", "--format=%(refname:short)", "retrain-*").strip()
    project.run("git", "merge", "--quiet", branch)
    delivered(project)
    champions = {one["champion"] for one in lender.asked("POST", "/admin/reload-model")["workers"]}
    if champions != {str(number)}:
        raise LastroError(f"version {number} was promoted, but {', '.join(map(str, champions))} answers")
    say(f"{BACK}  version {number} answers")


def rebased(project: Project) -> None:
    """Judge the new version's drift against its live applicants: most of its training rows were approved ones."""
    why = "everybody applies, and most training rows were approved"
    period = ("--since", at(BACK, MORNING).isoformat(), "--until", at(ANEW, MORNING).isoformat())
    say(f"{ANEW}  {project.run('python', 'src.monitoring', 'rebase', '2', *period, '--why', why).strip()}")


def promises(found: dict[str, Any], feature: str) -> None:
    """Say how the months went; raises LastroError where an alert or a better calibration is missing."""
    cohorts = found["cohorts"]
    for line in cohort_lines(cohorts):
        say(line)
    before, after = pooled(cohorts, "1", f"{CHANGE:%Y-%m}"), pooled(cohorts, "2")
    say(f"bads over expected since the change: {before.ratio:.2f} by version 1, {after.ratio:.2f} by version 2")
    if broken := unkept(found["alerts"], before, after, feature):
        raise LastroError("\n".join(broken))


def proven(project: Project, life: Life) -> None:
    """Say what the chain holds, and replay each prediction; raises LastroError where one is not equal."""
    for event in project.answer("python", "src.lineage.registry", "history"):
        say(f"event {event['number']}: {event['kind']} version {event['version']}: {event['why']}")
    verified = project.answer("python", "src.lineage.registry", "verify")
    say(f"one chain: {verified['events']} events, {len(verified['broken'])} broken, {len(verified['missing'])} missing")
    replayed(project, life.answered.total())


def replayed(project: Project, wanted: int) -> None:
    """Compute every prediction again; raises LastroError unless all are equal."""
    since = at(FIRST, MORNING).isoformat()
    lines: Sequence[str] = project.run("python", "src.lineage.replay", "--since", since, "--json").splitlines()
    equal = sum('"verdict": "equal"' in line for line in lines)
    say(f"{equal} of {wanted} predictions computed again from Git and the store: equal")
    if equal != wanted:
        raise LastroError(f"{wanted - equal} predictions were not shown to be equal")


if __name__ == "__main__":
    run(main)
