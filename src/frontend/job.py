"""applicants -> answers, batch by batch; what was answered stays, whatever happens next"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from src.frontend.client import Client, Purpose
from src.frontend.errors import TooLargeError
from src.frontend.schema import Value

BATCH = 500  # the API takes 1 000; half of it moves the bar twice as often


@dataclass
class Job:
    """A file on its way through the API. The lock lets no two runs of the page send the same rows."""

    applicants: Sequence[Mapping[str, Value]]
    answers: list[dict[str, Any]] = field(default_factory=list)
    running: bool = False
    size: int = BATCH
    purpose: Purpose = "application"
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def done(self) -> bool:
        """Say whether every applicant has an answer."""
        return len(self.answers) >= len(self.applicants)

    @property
    def share(self) -> float:
        """Return how much of it is done, from 0 to 1."""
        return len(self.answers) / len(self.applicants) if self.applicants else 1.0

    @property
    def models(self) -> set[str]:
        """Return the models that answered; more than one where another was put in service meanwhile."""
        return {answer["model"]["sha256"] for answer in self.answers}

    def start(self) -> None:
        """Begin, or go on."""
        self.running = True

    def stop(self) -> None:
        """Send no more; a batch that is on its way is still taken in."""
        self.running = False

    def step(self, client: Client) -> None:
        """Send the next rows; raises PageError. A batch that is too large is halved."""
        with self.lock:
            start = len(self.answers)
            batch = self.applicants[start : start + self.size]
            if not batch or not self.running:
                return
            try:
                self.answers += client.predict_batch(batch, self.purpose)
            except TooLargeError:
                if self.size == 1:
                    raise
                self.size //= 2
