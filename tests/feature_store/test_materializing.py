"""The online table holds each applicant's newest row that is known by now, in whatever order deliveries come"""

import json
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.contract.package import Package
from src.errors import LastroError
from src.feature_store.adding import Origin, rows_of
from src.feature_store.materializing import Filled, materialize
from src.feature_store.offline import Delivery, package_of, write
from src.feature_store.online import online
from src.feature_store.table import moment, states
from src.files import digest
from tests.feature_store.conftest import ROWS, write_rows

NOW = datetime(2026, 2, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in(folder: Path) -> None:
    """Be in the project's folder."""


def delivery(package: Package, name: str, *rows: str) -> Delivery:
    file, path = write_rows(Path(f"{name}.csv"), *rows), Path(f"{name}.parquet")
    write(rows_of(file, package, Origin("client", "seen", "known"), NOW), package_of(package), path)
    return Delivery(path, digest(path, "md5"))


def stored(engine: sa.Engine) -> dict[str, tuple[int, str]]:
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT id, event_time, features FROM feature_rows ORDER BY id"))
        return {one: (moment(time).day, json.loads(features)["home"]) for one, time, features in rows}


def test_rows_are_found_by_id_as_the_api_takes_them(package: Package, engine: sa.Engine, address: str) -> None:
    assert materialize(engine, [delivery(package, "one", *ROWS)], NOW) == Filled(1, 3, 0)
    table = online(address, 2.0)
    found = table.find("b")
    assert found is not None
    assert json.loads(found.features) == {
        "amount": 20, "term": "not asked", "owner": False, "since": None, "home": "owned"
    }  # fmt: skip
    assert found.event_time == datetime(2026, 1, 3, 10, tzinfo=UTC)
    assert found.package == package_of(package)
    both = [one and json.loads(one.features)["home"] for one in table.find_all(["a", "z", "b", "a"])]
    assert both == ["rented", None, "owned", "rented"]
    assert [table.find(odd) for odd in ("", "z", "a'--", "\0", "\ud800")] == [None] * 5
    (state,) = table.states()
    assert (state.rows, state.watermark) == (3, NOW)
    assert state.newest == datetime(2026, 1, 4, tzinfo=UTC)
    table.close()


def test_newest_wins_whatever_the_order(package: Package, engine: sa.Engine) -> None:
    rows = [
        ROWS[0],
        ROWS[0].replace("2026-01-02;", "2026-01-05;").replace("A1", "A2"),
        ROWS[0].replace("2026-01-02;", "2026-01-04;"),
    ]
    parts = [delivery(package, f"part-{number}", row) for number, row in enumerate(rows)]
    for order in permutations(parts):
        with engine.begin() as connection:
            for name in ("feature_rows", "feature_deliveries"):
                connection.execute(sa.text(f"DELETE FROM {name}"))
        for one in order:
            materialize(engine, [one], NOW)
        assert stored(engine) == {"a": (5, "owned")}
    together = delivery(package, "together", *rows)
    assert materialize(engine, [*parts, together], NOW) == Filled(1, 3, 0)  # the parts are in
    assert stored(engine) == {"a": (5, "owned")}


def test_row_that_is_not_known_yet_comes_when_it_is(package: Package, engine: sa.Engine) -> None:
    waiting = ROWS[0].replace("2026-01-02;2026-01-02", "2026-01-20;2026-02-20").replace("A1", "A2")
    one = delivery(package, "one", ROWS[0], waiting)
    assert materialize(engine, [one], NOW) == Filled(1, 1, 1)
    assert stored(engine) == {"a": (2, "rented")}
    assert materialize(engine, [one], LATER) == Filled(1, 2, 0)
    assert stored(engine) == {"a": (20, "owned")}
    assert materialize(engine, [one], LATER) == Filled(0, 0, 0)
    with engine.connect() as connection:
        assert [state.rows for state in states(connection)] == [1]


def test_file_that_dvc_does_not_name_is_refused(package: Package, engine: sa.Engine) -> None:
    one = delivery(package, "one", ROWS[0])
    with pytest.raises(LastroError, match=r"is not the file that one\.parquet\.dvc names"):
        materialize(engine, [one._replace(md5="0" * 32)], NOW)
    assert stored(engine) == {}
