"""the log -> what is known of a version since it answers: counts, drift, months, open alerts, newest predictions"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.errors import LastroError
from src.journal import monitored
from src.journal.archive_tables import ARCHIVED
from src.journal.monitoring_tables import MONITOR_VIEWS
from src.journal.reader import Reader
from src.journal.settings import Settings
from src.journal.tables import PREDICTIONS, Entry
from src.journal.writer import reason
from src.lineage.validation.blocks import Block, Lacking, Source, Table, Text
from src.lineage.validation.numbers import NONE, interval, number, share, whole

MONITOR = "python -m src.monitoring run"
MOST_REPLAYED = 20
NOT_RUN = f"no monitor has run on this log (`{MONITOR}`)"
Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Live:
    """What the log says of a served form; `newest` are its last predictions, `run` is when the monitor ran last."""

    read_at: datetime
    predictions: int
    first: datetime | None
    last: datetime | None
    run: dict[str, Any] | None
    checks: Rows
    cohorts: Rows
    alerts: Rows
    simulated: bool
    newest: Sequence[Entry]


def read_live(form: str, settings: Settings | None = None, now: datetime | None = None) -> Live | str:
    """Return what the log says of a served form; why it cannot be read, where it cannot."""
    settings = settings or Settings()
    try:
        with Reader(settings.journal_url, settings.database_timeout) as reader, reader.engine.connect() as connection:
            return _read(reader, connection, form, now or datetime.now(UTC))
    except SQLAlchemyError as error:
        return f"the prediction log: {reason(error)}"
    except LastroError as error:
        return str(error)


def _read(reader: Reader, connection: sa.Connection, form: str, now: datetime) -> Live:
    row = PREDICTIONS.c
    mine = answered_by(row, form)
    many, first, last = counted_in(connection, [row, *([ARCHIVED.c] if reader.has_archives else [])], form)
    newest = sa.select(row.id).where(mine).order_by(row.id.desc()).limit(MOST_REPLAYED)
    ids = [one.id for one in connection.execute(newest)]
    there = sa.inspect(reader.engine).has_table(MONITOR_VIEWS.name)

    def of_form(ask: Callable[[sa.Connection], Rows]) -> Rows:
        return [one for one in ask(connection) if one["form_sha256"] == form] if there else []

    return Live(
        read_at=now,
        predictions=many,
        first=first,
        last=last,
        run=monitored.last_run(connection) if there else None,
        checks=of_form(monitored.newest_drift),
        cohorts=of_form(monitored.cohorts),
        alerts=of_form(monitored.open_alerts),
        simulated=there and any(one["kind"] == monitored.SIMULATED for one in monitored.views(connection)),
        newest=reader.entries(row.id.in_(ids), MOST_REPLAYED) if ids else [],
    )


def answered_by(row: Any, form: str) -> sa.ColumnElement[bool]:
    """Return what applications meet that a served form answered."""
    return sa.and_(row.form_sha256 == form, row.purpose.is_distinct_from("what-if"))


def counted_in(connection: sa.Connection, tables: Sequence[Any], form: str) -> tuple[int, Any, Any]:
    """Return how many applications a form answered, and when the first and the last; those that left the log too."""
    parts = [sa.select(row.time).where(answered_by(row, form)) for row in tables]
    times = sa.union_all(*parts).subquery().c.time
    many, first, last = connection.execute(
        sa.select(sa.func.count(times), sa.func.min(times), sa.func.max(times))
    ).one()
    return many, first, last


def source(table: str) -> Source:
    """Return where numbers of the log come from: it grows, and has no hash."""
    return Source(f"the prediction log, table {table}", None, MONITOR)


def counted(live: Live) -> Text:
    """Return how much the version has answered, and when that was looked at."""
    span = f", from {live.first:%Y-%m-%d} to {live.last:%Y-%m-%d}" if live.first and live.last else ""
    told = f"Read {live.read_at:%Y-%m-%d %H:%M} UTC: this version answered {whole(live.predictions)} applications{span}"
    mark = ". Simulated traffic: nobody applied, and nothing live here is of a model in use" if live.simulated else ""
    return Text(f"{told}{mark}.", Source("the prediction log, table predictions", None, "POST /predict"))


def drift(live: Live | str) -> list[Block]:
    """Return PSI of development against live applicants: each field's last judged window."""
    if isinstance(live, str):
        return [Lacking(f"stability against live applicants: {live}")]
    if not live.checks:
        why = NOT_RUN if live.run is None else "no window of this version's applicants has been judged"
        return [counted(live), Lacking(f"stability against live applicants: {why}")]
    rows = [
        (one["subject"], f"{one['window_start']:%Y-%m-%d} to {one['window_end']:%Y-%m-%d}", whole(one["rows"]),
         number(one["psi"], 4), number(one["p_value"], 4), "alarm" if one["alarm"] else "quiet")
        for one in sorted(live.checks, key=lambda one: -(one["psi"] or 0.0))
    ]  # fmt: skip
    head = ("Field", "Last judged window (UTC)", "Applicants", "PSI", "χ² p-value", "Result")
    return [counted(live), Table("Development against live applicants", head, rows, source("checks"))]


def months(live: Live | str) -> list[Block]:
    """Return observed against expected bads and ranking of the approved, by month of application."""
    if isinstance(live, str):
        return [Lacking(f"live calibration and ranking: {live}")]
    known = [one for one in live.cohorts if one["known"]]
    if not known:
        why = NOT_RUN if live.run is None else "no outcome of this version's approved applicants has been counted"
        return [Lacking(f"live calibration and ranking: {why}")]
    rows = [
        (one["month"], one["look"], whole(one["predictions"]), whole(one["approved"]), share(one["share_known"]),
         whole(one["bads"]), number(one["expected"], 1),
         NONE if one["look"] == "open" else number(one["ratio"], 2), number(one["reference_ratio"], 2),
         interval(one.get("roc_auc")))
        for one in known
    ]  # fmt: skip
    head = ("Month", "State", "Applications", "Approved", "Outcomes known", "Observed bads", "Expected bads",
            "Observed/expected", "at development", "AUC (95 % interval)")  # fmt: skip
    about = "Live, of the approved alone, by month of application; an open month's bads are known before its goods"
    return [Table(about, head, rows, source("cohorts"))]


def alerts(live: Live | str) -> list[Block]:
    """Return the alerts of this version that fire now."""
    if isinstance(live, str) or live.run is None:
        return [Lacking(f"alerts: {live if isinstance(live, str) else NOT_RUN}")]
    if not live.alerts:
        return [Text("No alert of this version fires.", source("alerts"))]
    rows = [
        (one["kind"], one["subject"], one["state"], f"{one['since']:%Y-%m-%d}", number(one["value"]),
         number(one["limit"]))
        for one in live.alerts
    ]  # fmt: skip
    return [Table("Alerts that fire", ("Kind", "Field", "State", "Since", "Value", "Limit"), rows, source("alerts"))]
