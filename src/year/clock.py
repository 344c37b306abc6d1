"""the time of a simulation, which its director sets and nobody else"""

from datetime import datetime, timedelta

from src.errors import LastroError

TICK = timedelta(milliseconds=1)  # that passes with each look, so that identifiers sort in the order of their making


class SimulatedClock:
    """What an application is given as its clock; raises LastroError where it would have to go backwards."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        """Return the moment; the next look finds a later one."""
        self.moment += TICK
        return self.moment

    def go_to(self, moment: datetime) -> None:
        """Let time pass until a moment."""
        if moment < self.moment:
            raise LastroError(f"the simulated time is {self.moment.isoformat()}, and cannot go back to {moment}")
        self.moment = moment
