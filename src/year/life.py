"""a population, the API, a monitor -> day after day: applicants, what becomes of them, and what the monitor says"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from src.monitoring.run import Monitor
from src.year.calendar import CHANGE, DAY, EVENING, LAST, MORNING, NOON, at
from src.year.clock import SimulatedClock
from src.year.population import Population
from src.year.project import TERM
from src.year.service import Lender

OLD, NEW = 36, 72  # applications of a day, on average, before the change and from then on
MONDAY = 0


@dataclass
class Life:
    """A lender's days."""

    population: Population
    clock: SimulatedClock
    lender: Lender
    monitor: Monitor
    asked: Counter[str] = field(default_factory=Counter)  # applications by month
    answered: Counter[str] = field(default_factory=Counter)  # and by the version that answered
    due: dict[date, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def pass_day(self, day: date) -> None:
        """Let people apply until the last day of the year, and tell what has become of those whose loans are due."""
        if day <= LAST:
            self.clock.go_to(at(day, NOON))
            self.apply(day)
        self.clock.go_to(at(day, EVENING))
        if told := self.due.pop(day, []):
            moment = self.clock().isoformat()
            self.lender.tell([one | {"observed_at": moment} for one in told])

    def apply(self, day: date) -> None:
        """Let the people of a day apply; loans of the approved are due after their term."""
        count = int(self.population.random.poisson(NEW if day >= CHANGE else OLD))
        if not (people := self.population.people(count, changed=day >= CHANGE)):
            return
        answers = self.lender.apply([person.inputs for person in people])
        self.asked[f"{day:%Y-%m}"] += count
        for person, answer in zip(people, answers, strict=True):
            self.answered[str(answer.version)] += 1
            if answer.approved:
                outcome = self.population.pool.labels[person.bad]
                told = {"prediction_id": answer.prediction_id, "outcome": outcome, "groups": person.groups}
                self.due[day + TERM * DAY].append(told)

    def look(self, day: date) -> None:
        """Let the monitor look, on the morning of a day."""
        self.clock.go_to(at(day, MORNING))
        self.monitor.run(self.clock())
