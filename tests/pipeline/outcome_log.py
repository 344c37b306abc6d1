"""a log of applications whose outcomes are known"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from src.contract.package import Package
from src.journal.identifiers import first_id
from src.journal.journal import Journal
from src.journal.outcomes import Told, predicted, record
from tests.journal.rows import entry

START = datetime(2024, 1, 1, tzinfo=UTC)


def applicant(package: Package, random: Random) -> dict[str, Any]:
    """An applicant with a value of every feature."""
    found: dict[str, Any] = {}
    for column in package.features:
        bounds = column.constraints
        found[column.name] = (
            random.choice(column.labels)
            if column.choices
            else random.randint(int(float(bounds.minimum or 0)), int(float(bounds.maximum or 99)))
        )
    return found


def fill(file: Path, package: Package, rows: int, seed: int = 1, **about: Any) -> list[str]:
    """Add applications, some each day from a start on, of whom a share was bad; return their identifiers."""
    random, bad_rate = Random(seed), about.get("bad_rate", 0.05)
    labels = [str(package.target.bad_label), about.get("good", "good")]
    moments = [about.get("start", START) + timedelta(hours=6 * n) for n in range(rows)]
    entries = [
        entry(
            id=str(UUID(int=UUID(first_id(moment)).int + random.getrandbits(60))),
            time=moment,
            inputs=json.dumps(applicant(package, random)),
            probability_of_default=about.get("pd", 0.055),
            score=random.randint(520, 700),
            decision=about.get("decision", "approve"),
        )
        for moment in moments
    ]
    told = [
        Told(one.id, labels[place % round(1 / bad_rate) != 0], one.time + timedelta(days=200), about.get("groups", {}))
        for place, one in enumerate(entries)
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(f"sqlite:///{file}", 5.0)
    journal.start()
    if entries:
        journal.writer.commit(entries)
    with journal.transaction() as connection:
        known = predicted(connection, [one.id for one in entries])
    with journal.transaction() as connection:
        record(connection, told, known, "web", datetime.now(UTC))
    journal.close()
    return [one.id for one in entries]
