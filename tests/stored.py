"""Applicants in an online table, as `materialize` leaves them"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from src.feature_store.table import micros, open_table

SEEN = datetime.now(UTC) - timedelta(days=10)


def put(address: str, applicants: dict[str, dict[str, Any]], models: Path, **changes: Any) -> None:
    """Put applicants into an online table, as `materialize` does."""
    card = json.loads((models / "model.json").read_text())
    fields = {feature["name"]: feature["type"] for feature in card["features"]} | changes.pop("fields", {})
    package = {"name": changes.pop("package", card["dataset"]["name"]), "fields": json.dumps(fields)}
    engine = open_table(address)
    with engine.begin() as connection:
        columns = "name, fields, rows, newest"
        insert = sa.text(f"INSERT INTO feature_packages ({columns}) VALUES (:name, :fields, :rows, :newest)")
        connection.execute(insert, package | {"rows": len(applicants), "newest": micros(SEEN)})
        number = connection.execute(sa.text("SELECT max(id) FROM feature_packages")).scalar_one()
        row = {"event_time": micros(changes.get("seen", SEEN)), "known_at": 0, "package": number}
        rows = [row | {"id": one, "features": json.dumps(features)} for one, features in applicants.items()]
        columns = "id, event_time, known_at, package, features"
        values = ", ".join(f":{name}" for name in columns.split(", "))
        connection.execute(sa.text(f"INSERT INTO feature_rows ({columns}) VALUES ({values})"), rows)
    engine.dispose()


def address_of(state: Path) -> str:
    return f"sqlite:///{state}/features/online.db"
