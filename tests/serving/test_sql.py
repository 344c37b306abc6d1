"""A scorecard's SQL says in every database what the API says"""

import math
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from src.compile.compiler import Compiled, compile_model
from src.contract.package import read_package
from src.contract.table import read_table
from src.model import additive, kinds
from src.model.candidates import build
from src.model.card import Card, Feature, read_card
from src.model.entrants import entrants
from src.model.inputs import inputs
from src.params import read_params
from src.pipeline.export import export_of
from src.serving.calibration import Calibration
from src.serving.codes import FieldCode
from src.serving.export import Parity
from src.serving.pairs import PairCode
from src.serving.predictors import predictor_of
from src.serving.scorer import Scored, Scorer
from src.serving.sql import sql_of
from tests.conftest import ROOT, Project
from tests.serving.kinds import applicants, card, compiled, features, from_r, table

Rows = list[dict[str, Any]]
Ask = Callable[[dict[str, str], Rows, str], list[tuple[Any, ...]]]
TYPES = {"category": "TEXT", "text": "TEXT", "integer": "DOUBLE PRECISION", "number": "DOUBLE PRECISION",
         "boolean": "BOOLEAN", "date": "DATE"}  # fmt: skip
NONE = Parity(dataset_rows=0, random_rows=0, largest_difference=0, flipped_decisions=0)
STATES = {"never": 3, "unseen": -1}


KEY = "application no."


def filled(execute: Callable[..., Any], mark: str, columns: dict[str, str], rows: Rows) -> None:
    execute("DROP TABLE IF EXISTS applicants")
    described = "".join(f', "{name.replace(chr(34), chr(34) * 2)}" {kind}' for name, kind in columns.items())
    execute(f'CREATE TABLE applicants ("{KEY}" INTEGER{described})')
    marks = f"({', '.join([mark] * (len(columns) + 1))})"
    values = [value for number, row in enumerate(rows) for value in (number, *(row[name] for name in columns))]
    execute(f"INSERT INTO applicants VALUES {', '.join([marks] * len(rows))}", values)


def by_sqlite(columns: dict[str, str], rows: Rows, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(":memory:")
    filled(connection.execute, "?", columns, rows)
    return connection.execute(sql).fetchall()


def by_duckdb(columns: dict[str, str], rows: Rows, sql: str) -> list[tuple[Any, ...]]:
    connection = duckdb.connect()
    filled(connection.execute, "?", columns, rows)
    return connection.execute(sql).fetchall()


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """What a database answers to SQL over these applicants."""
    if request.param != "postgresql":
        return {"sqlite": by_sqlite, "duckdb": by_duckdb}[request.param]
    url = request.getfixturevalue("postgres").url

    def by_postgresql(columns: dict[str, str], rows: Rows, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            filled(cursor.execute, "%s", columns, rows)
            return cursor.execute(sql.encode()).fetchall()

    return by_postgresql


def scored(known: Card, found: Compiled, rows: Rows) -> list[Scored]:
    predictor = predictor_of(found, None)
    return Scorer(predictor, known).score_all(rows)


def statement(known: Card, found: Compiled) -> str:
    """The SQL as a lender runs it: with the key."""
    sql = sql_of(known, export_of(known, found, b"", NONE))
    return sql.replace("FROM scaled;", f'FROM scaled ORDER BY "{KEY}";')


def hold(answers: list[tuple[Any, ...]], said: list[Scored], reasons: bool) -> None:
    """The same PD but for the rounding of sums, the same score and decision; and the same reasons, if asked for."""
    assert [answer[0] for answer in answers] == pytest.approx([one.probability_of_default for one in said], abs=1e-12)
    assert [answer[1:3] for answer in answers] == [(one.score, one.decision) for one in said]
    assert {one.decision for one in said} == {"approve", "decline"}
    if reasons:
        found = [answer[3] for answer in answers]
        wanted = ["; ".join(reason.feature for reason in one.reasons if one.decision == "decline") for one in said]
        assert found == wanted


@cache
def german(kind: str, calibrated: bool, applications: Path) -> tuple[Card, Compiled, Rows]:
    """One of params.yaml's candidates on the committed data set, and all its rows."""
    params, known = read_params(ROOT / "params.yaml", kinds.KINDS), read_card(ROOT / "models/model.json")
    package = read_package(ROOT / params.dataset)
    data = read_table(applications)
    X, bad = inputs(data, known.features, None), package.is_bad(data[package.target.name]).to_numpy().astype("int64")
    entered = entrants(params.train.candidates, len(X)).present
    entered["additive"] = entered["additive"].model_copy(update={"iterations": 40, "pairs": 5})
    model = build(entered | {"r": from_r()}, known.features, params.seed)[kind]
    if calibrated:
        folds = StratifiedKFold(3, shuffle=True, random_state=1)
        model = CalibratedClassifierCV(model, method="isotonic", cv=folds, ensemble=False)
    with threadpool_limits(1):
        found = compile_model(model.fit(X, bad), known.features)
    return known, found, applicants(X)


@pytest.mark.parametrize("calibrated", [False, True], ids=["plain", "calibrated"])
@pytest.mark.parametrize("kind", ["scorecard", "additive", pytest.param("r", marks=pytest.mark.r)])
def test_all_rows_of_the_data_set_have_the_apis_answers(
    ask: Ask, kind: str, calibrated: bool, light_run: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(additive, "LEAST_GAIN", -math.inf)  # so few rows hold no pair that is more than chance
    known, found, rows = german(kind, calibrated, light_run.root / "data/raw/applications.parquet")
    assert len(found.pairs) == (5 if kind == "additive" else 0)
    columns = {feature.name: TYPES[feature.type] for feature in known.features}
    hold(ask(columns, rows, statement(known, found)), scored(known, found, rows), reasons=not calibrated)


@pytest.mark.parametrize("name", ["scorecard", "scorecard, calibrated", "additive", "additive, calibrated"])
def test_every_kind_of_column_has_the_apis_answers(ask: Ask, name: str) -> None:
    rows = applicants(table()[0])
    columns = {feature.name: TYPES[feature.type] for feature in features()}
    found = compiled(name)
    hold(ask(columns, rows, statement(card(), found)), scored(card(), found, rows), reasons=", " not in name)


def odd() -> tuple[Card, Compiled]:
    """Names that want quotes, reasons for not having a value, texts, dates, truths: weights as nobody fits them."""
    kept = {"trim": True, "ignore_case": True}
    fields = [
        FieldCode(name='the "balance"; --', cuts=[0.5, 10.0], states=STATES, weights=[0.1, -0.5, 0.25, 0.75, 2.0]),
        FieldCode(name="employer's", labels=["São João", "mill", "o'mill"], codes=[2, 0, 2], other=1, missing=0, **kept,
                  weights=[9.0, 0.3, -0.2, 1.5]),
        FieldCode(name="since", cuts=[0.0, 365.0, 3000.0], states=STATES | {"never": 4}, before="on",
                  weights=[0.7, -3.0, 0.0, 0.4, 1.0, -1.0]),
        FieldCode(name="owner", cuts=[1.0], states={"not asked": 2}, weights=[0.05, 0.2, -0.6, 3.0]),
        FieldCode(name="select", labels=["%s :a", "B"], weights=[0.0, 1e-7, -1.25]),
    ]  # fmt: skip
    types = ("number", "text", "date", "boolean", "category")
    base = features()[0].model_dump() | {"required": False, "direction": None}
    known = [Feature(**base | {"name": field.name, "type": kind}) for field, kind in zip(fields, types, strict=True)]
    reference = dict(zip([field.name for field in fields], (20.0, "bank", 100, True, "B"), strict=True))
    return card(0.4).model_copy(update={"features": known, "reference": reference}), Compiled(fields, intercept=-0.4)


VALUES: tuple[tuple[Any, ...], ...] = (
    (None, 0, 0.49999, 0.5, 9.75, 10, 1e300, -3, "never", "unseen"),
    (None, "", "MILL", " mill ", "O'Mill", "sÃo joÃo", "SÃO JOÃO", "são joão", "other", "mil"),
    (None, "2024-02-29", "2023-03-01", "2015-12-31", "1899-12-30", "2030-01-01", "never", "unseen", "2024-03-01",
     "2016-02-29"),
    (None, True, False, "not asked"),
    (None, "%s :a", "B", "else"),
)  # fmt: skip
DAYS = ("2024-03-01", "2024-02-29", "2100-02-28", "2023-12-31", "2000-03-01")


def odd_rows() -> Rows:
    """Each value beside a few others, in steps that no two columns share."""
    names = [*odd()[0].reference, "on"]
    return [
        dict(
            zip(
                names, [values[(n * step) % len(values)] for step, values in enumerate((*VALUES, DAYS), 1)], strict=True
            )
        )
        for n in range(60)
    ]


def test_states_texts_dates_and_awkward_names_have_the_apis_answers(ask: Ask) -> None:
    known, found = odd()
    rows = odd_rows()
    as_text = [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]
    columns = dict.fromkeys(rows[0], "TEXT")
    said = scored(known, found, rows)
    hold(ask(columns, as_text, statement(known, found)), said, reasons=True)
    calibrated = found._replace(calibration=Calibration(x=[-2.0, -0.5, 0.5, 1.0], y=[0.1, 0.4, 0.4, 0.9]))
    assert len({one.score for one in scored(known, calibrated, rows)}) > 3
    hold(ask(columns, as_text, statement(known, calibrated)), scored(known, calibrated, rows), reasons=False)


def test_pairs_of_awkward_fields_have_the_apis_answers(ask: Ask) -> None:
    known, found = odd()
    names = [field.name for field in found.fields]
    pairs = [
        PairCode(first=names[0], second=names[1], rows=[2, 0, 1, 1, 0], columns=[1, 0, 1, 0],
                 weights=[[0.5, -1.5], [-0.25, 1e-7], [2.0, 0.75]]),
        PairCode(first=names[2], second=names[0], rows=[0, 1, 0, 1, 1, 0], columns=[0, 0, 1, 2, 1],
                 weights=[[0.3, -0.6, 1.2], [-1.0, 0.4, 0.0]]),
        PairCode(first=names[3], second=names[4], rows=[0, 1, 2, 1], columns=[0, 1, 0],
                 weights=[[0.0, 0.7], [-0.9, 0.2], [1.1, -0.1]]),
    ]  # fmt: skip
    summed = found._replace(pairs=pairs)
    rows = odd_rows()
    assert [one.probability_of_default for one in scored(known, summed, rows)] != [
        one.probability_of_default for one in scored(known, found, rows)
    ]
    as_text = [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]
    answers = ask(dict.fromkeys(rows[0], "TEXT"), as_text, statement(known, summed))
    hold(answers, scored(known, summed, rows), reasons=True)


def test_application_without_a_day_is_of_today(ask: Ask) -> None:
    known, found = odd()
    rows = [row | {"on": None, "since": date(2020, 1, 1)} for row in odd_rows()[:3]]
    columns = dict.fromkeys(rows[0], "TEXT") | {"since": "DATE", "on": "DATE", "owner": "BOOLEAN"}
    today = datetime.now(UTC).date().isoformat()
    said = scored(known, found, [row | {"on": today, "since": "2020-01-01", "owner": None} for row in rows])
    typed = [row | {"owner": None, "since": "2020-01-01"} for row in rows]
    found_pds = [answer[0] for answer in ask(columns, typed, statement(known, found))]
    assert found_pds == pytest.approx([one.probability_of_default for one in said], abs=1e-12)


def test_one_calibrated_probability_is_everybodys() -> None:
    calibration = Calibration(x=[0.5], y=[0.25])
    assert [calibration.probability(z) for z in (-1.0, 0.5, 2.0)] == [0.25] * 3
