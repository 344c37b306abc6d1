"""LASTRO_SHADOW, LASTRO_CHALLENGER_SHARE -> the challenger beside the champion, on the same applicants

A/B: a share of applicants is answered by the challenger, drawn by the prediction's id. Shadow: the challenger scores
those whom the champion has answered, in a thread of its own, into a table of the log; no answer waits for it.
"""

import logging
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from src.api.metrics import Metrics
from src.api.settings import Settings
from src.api.versions import Version, Versions
from src.journal.clock import SYSTEM, Clock
from src.journal.journal import Journal
from src.journal.shadows import Shadow
from src.journal.writer import JournalUnavailableError
from src.model.points import points

Applicant = dict[str, Any]
Row = tuple[Version, str, Applicant]  # who answers, the prediction's id, the applicant as that one has it
CAPACITY = 1_000  # applicants that may wait for the challenger; more are dropped, and counted
PERIOD = 0.2  # seconds between two rounds of work: many rows at once take fewer turns from the answers, and one commit
BITS = 48  # of an id's random ones
logger = logging.getLogger(__name__)


def trial_of(settings: Settings, journal: Journal, metrics: Metrics, clock: Clock) -> "Trial | None":
    """Return what these settings ask of the challenger; None for nothing."""
    shadows = Shadows(journal, metrics, clock) if settings.shadow else None
    return Trial(settings.challenger_share, shadows, clock) if shadows or settings.challenger_share else None


def drawn(prediction_id: str, share: float) -> bool:
    """Say whether an applicant is the challenger's: the last 48 random bits of the id, as a number from 0 to 1, decide.

    >>> drawn("019ac0de-0000-7000-8000-7fffffffffff", 0.5), drawn("019ac0de-0000-7000-8000-800000000000", 0.5)
    (True, False)
    """
    return int(prediction_id[-BITS // 4 :], 16) < share * (1 << BITS)


class Trial:
    """The challenger's part in what is asked of the champion; nothing where a deployment wants neither."""

    def __init__(self, share: float, shadows: "Shadows | None", clock: Clock = SYSTEM) -> None:
        self.share, self.shadows, self.clock = share, shadows, clock

    def start(self) -> None:
        """Begin to score in the background, where that is wanted."""
        if self.shadows:
            self.shadows.start()

    def close(self) -> None:
        """Score what waits, then end."""
        if self.shadows:
            self.shadows.close()

    def draw(self, now: Versions, prediction_id: str, applicant: Applicant) -> Row:
        """Return who answers an applicant of the champion's contract, which the challenger's may have otherwise.

        The champion does where the challenger's contract does not take the applicant: nobody is refused by a draw.
        """
        if now.challenger is not None and drawn(prediction_id, self.share):
            taken = now.challenger.taken_over(applicant, now.champion, self.clock.now)
            if taken is not None:
                return now.challenger, prediction_id, taken
        return now.champion, prediction_id, applicant

    def answered(self, now: Versions, rows: Sequence[Row]) -> None:
        """Offer to the challenger those whom the champion has answered, by the prediction's id."""
        if self.shadows and now.challenger:
            own = [(prediction_id, applicant) for version, prediction_id, applicant in rows if version is now.champion]
            self.shadows.offer(now.champion, now.challenger, own)


class Waiting(NamedTuple):
    """An applicant whom the champion has answered, and who is to score it too."""

    prediction_id: str
    applicant: Applicant
    champion: Version
    challenger: Version


class Shadows:
    """One thread that scores what waits and writes it down."""

    def __init__(self, journal: Journal, metrics: Metrics, clock: Clock = SYSTEM) -> None:
        self.journal, self.count, self.clock = journal, metrics.shadow, clock
        self.queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self.thread: Thread | None = None

    def start(self) -> None:
        """Begin."""
        self.thread = Thread(target=self.run, name="shadows", daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Score what waits, then end."""
        thread, self.thread = self.thread, None
        if thread is not None:
            self.queue.put(None)
            thread.join()

    def offer(self, champion: Version, challenger: Version, applicants: Sequence[tuple[str, Applicant]]) -> None:
        """Let the challenger score applicants by their ids as soon as it can; those beyond the queue are dropped."""
        room = max(0, CAPACITY - self.queue.qsize())
        for prediction_id, applicant in applicants[:room]:
            self.queue.put(Waiting(prediction_id, applicant, champion, challenger))
        if dropped := len(applicants[room:]):
            self.count("dropped", dropped)

    def run(self) -> None:
        """Work in rounds until closed (the thread's body)."""
        going = True
        while going:
            first = self.queue.get()
            time.sleep(PERIOD if first is not None else 0)
            items, going = self.waiting(first)
            if shadows := [shadow for item in items if (shadow := self.scored(item))]:
                self.write(shadows)

    def waiting(self, first: Waiting | None) -> tuple[list[Waiting], bool]:
        """Return what waits now, and whether more may come."""
        items: list[Waiting] = []
        item = first
        while item is not None:
            items.append(item)
            try:
                item = self.queue.get_nowait()
            except Empty:
                return items, True
        return items, False

    def scored(self, item: Waiting) -> Shadow | None:
        """Return what the challenger says; None where its contract does not take the applicant."""
        challenger = item.challenger
        applicant = challenger.taken_over(item.applicant, item.champion, self.clock.now)
        if applicant is None:
            self.count("refused", 1)
            return None
        predictor = challenger.scorer.predictor
        pd = predictor.own(predictor.row(applicant))  # without reasons, which take the most time
        score, decision = points(pd, challenger.card.scale), challenger.scorer.decision(pd)
        form, version = challenger.form_sha256, challenger.number
        return Shadow(item.prediction_id, form, version, pd, score, decision, self.clock.now())

    def write(self, shadows: Sequence[Shadow]) -> None:
        """Write rows down; those that the log does not take are dropped, and counted."""
        try:
            self.journal.shadow(shadows)
            self.count("scored", len(shadows))
        except JournalUnavailableError as error:
            self.count("dropped", len(shadows))
            logger.warning("shadows not written", extra={"reason": str(error)})
