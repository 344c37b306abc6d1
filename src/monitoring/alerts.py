"""checks that were judged -> alerts that fire, resolve, and are acknowledged; their events and messages with them

One transaction takes all that is new: the alert's row, its event and the message stand together or not at all, and how
far the checks were read stands beside them. Whoever is second waits, and finds nothing new.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from src.errors import LastroError
from src.journal.identifiers import new_id
from src.journal.monitoring_tables import ALERT_EVENTS, ALERTS, CHECKS, OUTBOX
from src.journal.outbox import enqueue
from src.monitoring import wording
from src.monitoring.progress import hold, note, utc
from src.monitoring.windows import FIRING, RESOLVED, verdict
from src.monitoring.wording import KINDS, Check

ACKNOWLEDGED = "acknowledged"
SEEN = "alerts"  # how far the checks were read
NEWS = timedelta(days=7)  # an alert that began and ended unseen, longer ago, is history: it stands there, and rings not
Key = tuple[str, str, str]


class Moved(NamedTuple):
    """What a step did: how many alerts fired, resolved, and rang again after their acknowledgement had ended."""

    fired: int = 0
    resolved: int = 0
    rang_again: int = 0


def advance(engine: sa.Engine, windows: int, now: datetime) -> Moved:
    """Take every check that is not yet seen, in the order of its window's end, and return what that did."""
    with engine.begin() as connection:
        seen = int((hold(connection, SEEN, now) or {"id": 0})["id"])
        fresh = _fresh(connection, seen)
        book = Book(connection, now)
        fired = resolved = 0
        past = _past(connection, seen, windows) if fresh else {}
        for check in fresh:
            earlier = past[check.key] = sorted([*past.get(check.key, []), check], key=_end)[-windows:]
            needed = 1 if KINDS[check.kind].at_once else windows
            alert = book.open.get(check.key)
            found = verdict([each.alarm for each in earlier], needed, open_=alert is not None)
            if found == FIRING:
                book.fire(check, earlier[-needed].window_start, needed)
                fired += 1
            elif found == RESOLVED and alert is not None:
                book.resolve(check, alert)
                resolved += 1
        rang = book.ring_again()
        note(connection, SEEN, {"id": max([seen, *(check.id for check in fresh)])}, now)
    return Moved(fired, resolved, rang)


class Book:
    """The alerts that are not resolved, and the ways in which one changes; all of one transaction."""

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        self.connection, self.now = connection, now
        self.fired: set[str] = set()  # in this step
        rows = connection.execute(sa.select(ALERTS).where(ALERTS.c.state != RESOLVED)).mappings()
        self.open: dict[Key, dict[str, Any]] = {(r["form_sha256"], r["kind"], r["subject"]): dict(r) for r in rows}

    def fire(self, check: Check, since: datetime, windows: int) -> None:
        """Begin an alert; it rings, unless what it says was acknowledged before."""
        alert: dict[str, Any] = {"id": new_id(), "kind": check.kind, "subject": check.subject, "state": FIRING}
        alert |= {"form_sha256": check.form_sha256, "model_version": check.model_version, "since": since}
        alert |= {"value": check.size, "limit": check.limit, "rows": check.rows, "changed_at": self.now}
        alert |= {"text": wording.text(check, since, windows), "command": KINDS[check.kind].command}
        known = self.acknowledgement(check.key)
        self.connection.execute(ALERTS.insert().values(alert))
        self.open[check.key] = alert
        self.fired.add(alert["id"])
        self.event(alert, FIRING, value=check.size, rows=check.rows)
        if known:
            self.change(alert, ACKNOWLEDGED, acknowledged_until=known["until"])
            self.event(alert, ACKNOWLEDGED, **{name: known[name] for name in ("why", "by", "until")})
            return
        self.ring(alert, wording.title(check), alert["text"])

    def resolve(self, check: Check, alert: dict[str, Any]) -> None:
        """End an alert; what was acknowledged, or is long over when it is first seen, ends in silence."""
        silent = alert["state"] == ACKNOWLEDGED
        if alert["id"] in self.fired and check.window_end + NEWS < self.now:
            self.connection.execute(OUTBOX.delete().where(OUTBOX.c.alert_id == alert["id"]))
            silent = True
        self.change(alert, RESOLVED)
        del self.open[check.key]
        self.event(alert, RESOLVED, value=check.size, rows=check.rows)
        if not silent:
            says = wording.quiet(check, alert["since"])
            enqueue(self.connection, f"Resolved: {wording.title(check)}", says, "info", alert["id"], self.now)

    def ring_again(self) -> int:
        """Ring for each alert whose acknowledgement has ended, and return how many."""
        ended = [a for a in self.open.values() if (until := a.get("acknowledged_until")) and utc(until) <= self.now]
        ended = [alert for alert in ended if alert["state"] == ACKNOWLEDGED]
        for alert in ended:
            self.change(alert, FIRING)
            self.event(alert, FIRING, value=alert["value"], rows=alert["rows"], why="the acknowledgement has ended")
            head = KINDS[alert["kind"]].title(_told(alert))
            self.ring(alert, f"Still so, after its acknowledgement has ended: {head}", alert["text"])
        return len(ended)

    def ring(self, alert: dict[str, Any], title: str, text: str) -> None:
        """Put a message into the outbox."""
        quiet = f'To silence it: python -m src.monitoring acknowledge {alert["id"]} --why "…"'
        severity = KINDS[alert["kind"]].severity
        enqueue(self.connection, f"Alert: {title}", f"{text}\n{quiet}", severity, alert["id"], self.now)

    def change(self, alert: dict[str, Any], state: str, **values: Any) -> None:
        """Write an alert's new state."""
        alert.update(state=state, changed_at=self.now, **values)
        row = ALERTS.update().where(ALERTS.c.id == alert["id"])
        self.connection.execute(row.values(state=state, changed_at=self.now, **values))

    def event(self, alert: dict[str, Any], state: str, **values: Any) -> None:
        """Add to an alert's history."""
        self.connection.execute(
            ALERT_EVENTS.insert().values(alert_id=alert["id"], time=self.now, state=state, **values)
        )

    def acknowledgement(self, key: Key) -> dict[str, Any] | None:
        """Return the last acknowledgement of a check, of this alert or a former one, where it still holds."""
        events, alerts = ALERT_EVENTS.c, ALERTS.c
        same = (alerts.form_sha256 == key[0], alerts.kind == key[1], alerts.subject == key[2])
        query = sa.select(ALERT_EVENTS).join(ALERTS, alerts.id == events.alert_id)
        newest = query.where(events.state == ACKNOWLEDGED, *same).order_by(events.id.desc()).limit(1)
        found = self.connection.execute(newest).mappings().one_or_none()
        if found is None or (found["until"] is not None and utc(found["until"]) <= self.now):
            return None
        return dict(found)


def acknowledge(
    engine: sa.Engine, identifier: str, why: str, by: str, until: datetime | None, now: datetime
) -> dict[str, Any]:
    """Let an alert, and the same check's next ones, ring no more before `until`, or ever; return the alert.

    Raises LastroError for an identifier of no alert, and for an alert that is over.
    """
    with engine.begin() as connection:
        hold(connection, SEEN, now)
        book = Book(connection, now)
        alert = next((alert for alert in book.open.values() if alert["id"] == identifier), None)
        if alert is None:
            there = connection.execute(sa.select(ALERTS.c.id).where(ALERTS.c.id == identifier)).scalar_one_or_none()
            raise LastroError(f"{identifier}: this alert is resolved" if there else f"{identifier}: no such alert")
        book.change(alert, ACKNOWLEDGED, acknowledged_until=until)
        book.event(alert, ACKNOWLEDGED, why=why, by=by, until=until)
        return alert


def _fresh(connection: sa.Connection, seen: int) -> list[Check]:
    """Return the checks that are not seen yet, in the order in which their windows closed."""
    query = sa.select(*_columns()).where(_judged(), CHECKS.c.id > seen)
    return _checks(connection.execute(query.order_by(CHECKS.c.window_end, CHECKS.c.id)))


def _past(connection: sa.Connection, seen: int, windows: int) -> dict[Key, list[Check]]:
    """Return the last windows that were seen of every check, the newest last."""
    newest = (CHECKS.c.window_end.desc(), CHECKS.c.id.desc())
    place = sa.func.row_number().over(partition_by=[CHECKS.c[name] for name in ("form_sha256", "kind", "subject")],
                                      order_by=newest).label("place")  # fmt: skip
    numbered = sa.select(*_columns(), place).where(_judged(), CHECKS.c.id <= seen).subquery()
    kept = sa.select(*(numbered.c[name] for name in Check._fields)).where(numbered.c.place <= windows)
    found: defaultdict[Key, list[Check]] = defaultdict(list)
    for check in _checks(connection.execute(kept.order_by(numbered.c.place.desc()))):
        found[check.key].append(check)
    return found


def _columns() -> list[sa.Column[Any]]:
    return [CHECKS.c[name] for name in Check._fields]


def _judged() -> sa.ColumnElement[bool]:
    return sa.and_(CHECKS.c.alarm.is_not(None), CHECKS.c.kind.in_(KINDS))


def _checks(rows: Iterable[Any]) -> list[Check]:
    found = [Check(*row) for row in rows]
    return [c._replace(window_start=utc(c.window_start), window_end=utc(c.window_end)) for c in found]


def _end(check: Check) -> datetime:
    return check.window_end


def _told(alert: dict[str, Any]) -> Check:
    """Return what an alert's row keeps of the check that fired it."""
    since = utc(alert["since"])
    kept = {name: alert[name] for name in ("form_sha256", "model_version", "kind", "subject", "rows", "value", "limit")}
    return Check(id=0, window_start=since, window_end=since, psi=None, p_value=None, alarm=True, **kept)
