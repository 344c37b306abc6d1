"""deliveries and the online table -> how it stands with them"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.errors import LastroError
from src.feature_store import offline
from src.feature_store.materializing import pending
from src.feature_store.table import State, open_table, said, states
from src.journal.database import sqlite_file


def status(address: str, now: datetime, age: timedelta | None) -> dict[str, Any]:
    """Return what was added and what is online of it; raises LastroError where the table does not answer."""
    added = offline.deliveries()
    file = sqlite_file(address)
    waiting, online = added, list[State]()
    if file is None or file.is_file():
        engine = open_table(address)
        try:
            waiting, online = pending(engine, added, now), seen(engine)
        except SQLAlchemyError as error:
            raise LastroError(f"the online table: {said(error)}") from None
        finally:
            engine.dispose()
    return {
        "deliveries": len(added),
        "waiting": [one.path.name for one in waiting],
        "online": [told(state, now) for state in online],
        "max_age_days": None if age is None else age / timedelta(days=1),
    }


def seen(engine: sa.Engine) -> list[State]:
    """Return how it stands with each package."""
    with engine.connect() as connection:
        return states(connection)


def told(state: State, now: datetime) -> dict[str, Any]:
    """Return a package's state as JSON has it."""
    return {
        "package": state.package.name,
        "rows": state.rows,
        "newest": state.newest.isoformat() if state.newest else None,
        "age_s": (now - state.newest).total_seconds() if state.newest else None,
        "watermark": state.watermark.isoformat() if state.watermark else None,
    }


def described(found: dict[str, Any]) -> str:
    """Return the same in lines."""
    waiting = f"; to be materialized: {', '.join(found['waiting'])}" if found["waiting"] else ""
    lines = [f"{found['deliveries']} delivery(s){waiting}"]
    for one in found["online"]:
        lines.append(f"{one['package']}: {one['rows']} applicant(s) online, the newest of {one['newest']};"
                     f" all that was known by {one['watermark']} is there")  # fmt: skip
    expires = found["max_age_days"]
    return "\n".join([*lines, "no row expires" if expires is None else f"a row expires after {expires:g} days"])
