"""the log, and what the monitor wrote into it -> gauges for Prometheus, made anew whenever /metrics is asked for

No process holds them, so that each stands there once, however many workers share their numbers. They are the same from
every worker and every replica, but for what waits: do not add them up.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from src.journal import monitored, outbox
from src.journal.journal import Journal
from src.journal.monitored import Row
from src.journal.writer import JournalUnavailableError

logger = logging.getLogger(__name__)
KINDS = ("drift", "volume", "silence", "calibration", "fairness")
Samples = Iterable[tuple[tuple[Any, ...], float | None]]  # labels and a value, or none


def gauges_of(journal: Journal) -> bytes:
    """Return the gauges in Prometheus's text format; those of the log alone where it does not answer (blocks)."""
    found = list(of_the_log(journal))
    try:
        found += monitored_gauges(journal)
    except JournalUnavailableError as error:
        logger.warning("gauges left out", extra={"reason": str(error)})
    registry = CollectorRegistry()
    registry.register(Read(found))
    return generate_latest(registry)


class Read(Collector):
    """Gauges that were read already."""

    def __init__(self, found: list[GaugeMetricFamily]) -> None:
        self.found = found

    def collect(self) -> list[GaugeMetricFamily]:
        """Return them."""
        return self.found


def of_the_log(journal: Journal) -> Iterator[GaugeMetricFamily]:
    """Yield whether the log can be written now, and what waits for that."""
    writable = 1.0
    try:
        journal.probe()
    except JournalUnavailableError:
        writable = 0.0
    yield gauge("lastro_log_writable", "1 where the prediction log can be written, else 0", [], [((), writable)])
    waiting = "Requests that wait for the log's disk, in the process that was asked"
    yield gauge("lastro_log_waiting", waiting, [], [((), journal.waiting)])


def monitored_gauges(journal: Journal) -> Iterator[GaugeMetricFamily]:
    """Yield each gauge with what the monitor has written; raises JournalUnavailableError."""
    with journal.transaction() as connection:
        drift, cohorts = monitored.newest_drift(connection), monitored.newest_mature(connection)
        firing, waiting = monitored.firing_by_kind(connection), outbox.waiting(connection)
        run = monitored.last_run(connection) or {}
    names = [(row["model_version"] or "", row["subject"]) for row in drift]
    for what, text in (("psi", "Population stability index"), ("p_value", "p-value")):
        values = zip(names, (row[what] for row in drift), strict=True)
        yield gauge(f"lastro_drift_{what}", f"{text} of the last closed window", ["model_version", "subject"], values)
    yield from performance(cohorts)
    counts = [((kind,), float(firing.get(kind, 0))) for kind in sorted({*KINDS, *firing})]
    yield gauge("lastro_alerts_firing", "Alerts that fire now", ["kind"], counts)
    undelivered = "Messages that their receiver has not taken"
    yield gauge("lastro_alerts_undelivered", undelivered, [], [((), waiting.undelivered)])
    yield gauge("lastro_alerts_refused", f"{undelivered} and never will", [], [((), waiting.refused)])
    last = datetime.fromisoformat(run["last_success"]).timestamp() if run.get("last_success") else None
    yield gauge("lastro_monitor_last_success_timestamp_seconds", "The monitor's last success", [], [((), last)])
    minutes = run.get("minutes")
    period = "Seconds between two runs of the monitor as a service"
    yield gauge("lastro_monitor_period_seconds", period, [], [((), 60.0 * minutes if minutes else None)])
    silence = float(run.get("silence_hours") or 0)
    yield gauge("lastro_monitor_silence_hours", "Hours without applications that ring; 0: none", [], [((), silence)])


def performance(cohorts: list[Row]) -> Iterator[GaugeMetricFamily]:
    """Yield what the last mature month of each version showed."""
    names = [(row["model_version"] or "",) for row in cohorts]
    known = [row.get("known") or 0 for row in cohorts]
    for name, what, text in (("bad_rate", "bads", "Bad rate"), ("expected_bad_rate", "expected", "Mean PD")):
        values = (row[what] / count if count else None for row, count in zip(cohorts, known, strict=True))
        said = f"{text} of the approved whose outcome is known, in the last mature month"
        yield gauge(f"lastro_live_{name}", said, ["model_version"], zip(names, values, strict=True))
    auc = ((row.get("roc_auc") or {}).get("value") for row in cohorts)
    said = "ROC AUC of the approved whose outcome is known, in the last mature month"
    yield gauge("lastro_live_roc_auc", said, ["model_version"], zip(names, auc, strict=True))


def gauge(name: str, text: str, labels: list[str], samples: Samples) -> GaugeMetricFamily:
    """Return a gauge; of equal labels the last sample counts, and one without a value is left out."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in {values: value for values, value in samples if value is not None}.items():
        family.add_metric(values, value)
    return family
