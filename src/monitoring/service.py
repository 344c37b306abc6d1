"""the monitor as a service: a run every so often, messages in between; nobody waits for it, and it waits for everybody

What it needs is imported when it already runs: a second and more, in which the services around it start.
"""

import logging
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from src.errors import LastroError, refusal
from src.monitoring.settings import Settings

if TYPE_CHECKING:
    from src.monitoring.run import Monitor

PERIOD = 5.0  # seconds between two looks for messages: who tests an alert does not wait for the next run
RETRY = 15.0  # seconds at most until a run that failed is tried again
NICE = 10  # whoever scores goes first
log = logging.getLogger(__name__)


def follow(settings: Settings, minutes: float) -> NoReturn:
    """Run every so many minutes, and send meanwhile, until it is stopped; what stands in the way is said, and passes.

    The heartbeat is a file that is touched while it works, and gone when it has ended.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    os.nice(NICE)
    settings.heartbeat.parent.mkdir(parents=True, exist_ok=True)
    try:
        settings.heartbeat.touch()
        from src.monitoring.run import opened

        while True:
            try:
                with opened(settings) as monitor:
                    work(monitor, minutes, settings.heartbeat)
            except (LastroError, OSError) as error:
                log.warning("nothing is watched: %s", refusal(error) if isinstance(error, OSError) else error)
            time.sleep(min(RETRY, minutes * 60))
    finally:
        settings.heartbeat.unlink(missing_ok=True)


def work(monitor: "Monitor", minutes: float, heartbeat: Path) -> NoReturn:
    """Run when it is time, and look for messages every few seconds; raises LastroError where the log fails."""
    from src.monitoring.run import told

    due = time.monotonic()
    while True:
        if time.monotonic() >= due:
            due = time.monotonic() + minutes * 60
            log.info("%s", told(monitor.run(datetime.now(UTC))))
        else:
            monitor.send(datetime.now(UTC))
        heartbeat.touch()
        time.sleep(min(PERIOD, minutes * 60))
