"""live applicants of a time -> what a version's drift is judged against from now on

Training rows are often only those that were once approved: the first weeks of live applicants would alarm for ever. A
rebase is added, never changed; the newest one counts, for windows that are judged from then on. The index against the
training rows stands beside it.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from pydantic_core import from_json, to_json

from src.errors import LastroError
from src.journal.monitoring_tables import HOURLY_COUNTS, REBASES
from src.monitoring.counts import Counts, hours_where, total
from src.monitoring.versions import Version


def rebased(engine: sa.Engine, form: str) -> Counts:
    """Return the counts of a form's newest rebase; none where there is none."""
    row = REBASES.c
    newest = sa.select(row.counts).where(row.form_sha256 == form).order_by(row.id.desc()).limit(1)
    with engine.connect() as connection:
        found = connection.execute(newest).scalar()
    counts: Counts = from_json(found) if found else {}
    return counts


def named(versions: Sequence[Version], name: str) -> Version:
    """Return the version of a number, or of a served form's sha256; raises LastroError where there is none to judge."""
    found = next((one for one in versions if name in (one.number, one.form_sha256)), None)
    if found is None:
        known = ", ".join(one.number or one.form_sha256 for one in versions)
        raise LastroError(f"{name}: no version that is watched; those are {known}")
    if found.development is None:
        raise LastroError(f"version {name} is not judged: {found.says}")
    return found


def rebase(
    engine: sa.Engine, version: Version, since: datetime, until: datetime, why: str, by: str, now: datetime, least: int
) -> int:
    """Take a version's applicants of a time, by whole hours, as its reference; return how many those are.

    Raises LastroError where the time is none, not over yet, or has fewer than `least` counted applications.
    """
    if not since < until <= now:
        raise LastroError(f"--until: {until:%Y-%m-%d %H:%M} UTC is not after --since, or not over yet")
    row = HOURLY_COUNTS.c
    chosen = (row.form_sha256 == version.form_sha256) & (row.hour >= since) & (row.hour < until)
    counts = total(hour.counts for _, hour in hours_where(engine, chosen))
    rows = sum(counts.get("decision", ()))
    if rows < least:
        raise LastroError(f"{rows} applications were counted then, {least} are needed")
    values = {
        "form_sha256": version.form_sha256,
        "since": since,
        "until": until,
        "why": why,
        "by": by,
        "time": now,
        "counts": to_json(counts).decode(),
    }
    with engine.begin() as connection:
        connection.execute(REBASES.insert().values(values))
    return rows
