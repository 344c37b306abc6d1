"""serving.json, looked at once a second -> the versions that this process serves, switched by one assignment"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from src.api.metrics import Metrics
from src.api.training_record import TrainingRecord
from src.api.versions import Versions, alone, of_serving
from src.api.workers import Report, Workers
from src.errors import LastroError, refusal
from src.serving.delivered import SERVING

PERIOD = 1.0  # seconds between two looks
PATIENCE = 15.0  # seconds in which all processes must have followed a call
STEP = 0.05
Signature = tuple[int, int, int] | None
logger = logging.getLogger(__name__)


class Watch:
    """What this process serves now: `now` is read once by each request, and replaced as a whole.

    Without serving.json it is the folder `models`. Raises LastroError where nothing can be served.
    """

    def __init__(self, models: Path, serving: Path, workers: Workers, metrics: Metrics, record: TrainingRecord) -> None:
        self.models, self.serving, self.workers, self.metrics, self.record = models, serving, workers, metrics, record
        self.lock = asyncio.Lock()
        self.seen = self.signature()
        self.followed = 0
        self.now: Versions = alone(models) if self.seen is None else of_serving(serving)
        self.tell(self.now)

    def signature(self) -> Signature:
        """Return what changes when serving.json is renamed into place; None where there is none."""
        try:
            found = (self.serving / SERVING).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Look again and again while the service lives, known to the other processes."""
        try:
            self.workers.join()
        except OSError as error:
            logger.warning("other processes of the service are not found", extra={"reason": refusal(error)})
        self.followed = self.workers.asked()
        self.report()
        task = asyncio.create_task(self.follow())
        task.add_done_callback(ended)
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self.workers.leave()

    async def follow(self) -> None:
        """Look once a second until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            try:
                await self.look()
            except OSError as error:  # of the folder in which processes find each other
                logger.warning("versions not looked at", extra={"reason": refusal(error)})

    async def look(self) -> None:
        """Take up what has changed, or everything where somebody called for it."""
        async with self.lock:
            seen, asked = self.signature(), self.workers.asked()
            called = asked > self.followed
            if seen != self.seen or called:
                self.seen, self.followed = seen, asked
                await self.take_up(anew=called)
            elif self.record.waiting:
                await asyncio.to_thread(self.record.write)

    async def take_up(self, *, anew: bool) -> None:
        """Build what serving.json names, in a thread, and switch; leave all as it is where that fails."""
        before = self.now
        try:
            found = await asyncio.to_thread(self.build, before, anew=anew)
        except LastroError as error:
            found = replace(before, why=str(error))
        self.now = found
        self.tell(found, before)
        self.report()

    def build(self, before: Versions, *, anew: bool) -> Versions:
        """Return what is to be served after `before`, written down; raises LastroError where nothing newer can be."""
        if self.seen is None and before.event is not None:
            raise LastroError(f"{self.serving / SERVING} is gone")
        found = alone(self.models) if self.seen is None else of_serving(self.serving, before, anew=anew)
        self.record.take_up(found)
        return found

    def tell(self, found: Versions, before: Versions | None = None) -> None:
        """Note in metrics and log what is served, and what is not."""
        refused = [state for state in found.states.values() if state.state == "refused"]
        self.metrics.serving(found, before)
        event, champion = found.event, found.champion.number
        if found.why or refused:
            whys = [found.why] if found.why else [f"{state.named}: {state.why}" for state in refused]
            logger.error("versions refused", extra={"serving": champion, "serving_event": event, "reason": whys})
        elif before is not None:
            logger.info("versions taken up", extra={"serving": champion, "serving_event": event})

    def report(self) -> None:
        """Tell the other processes what this one serves."""
        self.workers.report(self.now.event, self.now.champion.number, self.followed)

    async def reload(self) -> list[Report]:
        """Let all processes build everything anew; return what each serves when all have, or time is up."""
        number = self.workers.ask()
        await self.look()
        found = self.workers.reports()
        end = asyncio.get_running_loop().time() + PATIENCE
        while any(report.asked < number for report in found) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(STEP)
            found = self.workers.reports()
        return found


def ended(task: asyncio.Task[None]) -> None:
    """Say that nothing is looked for any more, where that was not asked for: a fault of ours."""
    if not task.cancelled() and (error := task.exception()):
        logger.critical("versions are no longer looked for", exc_info=error)
