"""A part's columns are counted as the monitor counts the log's rows"""

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

from src.batch.counting import Coded, Counted, count, total
from src.model.development import Development, Distribution, read_development
from src.monitoring.counts import Columns, count_form
from src.monitoring.performance import expected_roc_auc
from src.monitoring.reading import NOBODY
from tests.conftest import ROOT
from tests.monitoring.seeded import development

ODD: dict[
    str, tuple[dict[str, Any], list[Any]]
] = {  # a field -> its distribution but for the rows, and values that the log may hold of it
    "age": (
        {"kind": "number", "edges": [30, 40], "values": ["not asked"]},
        [29, 30, 30.5, 41, None, "not asked", "no"],
    ),
    "since": (
        {"kind": "number", "edges": [0, 365], "before": "made"},
        ["2026-01-01", "2025-01-01", None, "2026-02-01"],
    ),
    "owner": ({"kind": "category", "values": ["false", "true"]}, [True, False, None]),
    "job": (
        {"kind": "category", "values": ["nurse"], "trim": True, "ignore_case": True},
        [" Nurse", "smith", "", None],
    ),
    "score": ({"kind": "number", "edges": [5]}, [4, 5, 6]),
}
MADE = ["2026-01-02", "2026-01-01", None]


def odd() -> Development:
    """A reference of fields of every kind, one of which has an answer's name."""
    features = {}
    for name, (facts, _) in ODD.items():
        bins = (len(facts["edges"]) + 1 if "edges" in facts else 0) + len(facts.get("values", ())) + 2
        features[name] = Distribution.model_validate({**facts, "rows": [0] * bins})
    return development().model_copy(update={"features": features})


def coded(values: Sequence[Any], random: Random) -> Coded:
    """A column by different values in any order, one of which no row has."""
    different = [*{(type(value), value): value for value in [*values, "of no row"]}.values()]
    random.shuffle(different)
    place = {(type(value), value): number for number, value in enumerate(different)}
    return Coded(different, np.array([place[type(value), value] for value in values], dtype=np.int32))


def by_rows(table: Mapping[str, Sequence[Any]], answers: Sequence[list[Any]], reference: Development) -> dict[str, Any]:
    """What the monitor counts of the same rows in the log."""
    inputs = tuple(json.dumps(dict(zip(table, row, strict=True))) for row in zip(*table.values(), strict=True))
    many = len(inputs)
    pd, score, decision = map(tuple, answers)
    rows = Columns(inputs, pd, score, decision, ("2026-03-02 12",) * many, (None,) * many)
    (hour,) = count_form("f" * 64, rows, {None: NOBODY}, reference).values()
    return {"rows": hour.rows, "counts": hour.counts}


@pytest.mark.parametrize("which", ["committed", "odd"])
def test_columns_are_counted_as_the_monitor_counts_rows(which: str) -> None:
    random, many = Random(which), 600
    reference = odd() if which == "odd" else read_development(ROOT / "models")
    assert reference
    known = {name: [*values, None] for name, (_, values) in ODD.items()} | {"made": MADE}
    if which == "committed":
        known = {name: [*one.values, *one.edges, -1, 1e9, None, "yacht"] for name, one in reference.features.items()}
    table = {name: random.choices(values, k=many) for name, values in known.items()}
    pd = np.array(random.choices([*reference.probability_of_default.edges, 1e-9, 0.5, 1.0], k=many))
    score = np.array(random.choices([*map(int, reference.score.edges), -7, 300, 850], k=many), dtype=np.int32)
    approved = pd < 0.1
    decision = np.where(approved, "approve", "decline")
    columns = {name: coded(values, random) for name, values in table.items()}
    found = count(columns, pd, score, approved, reference)
    expected = by_rows(table, [pd.tolist(), score.tolist(), decision.tolist()], reference)
    assert {"rows": found.rows, "counts": found.counts} == expected
    assert found.approved == approved.sum()
    halves = [
        count({name: one._replace(codes=one.codes[rows]) for name, one in columns.items()}, pd[rows], score[rows],
              approved[rows], reference)
        for rows in (slice(0, 250), slice(250, None))
    ]  # fmt: skip
    together = total(halves)
    assert together[:3] == found[:3]
    assert np.allclose(np.array(together.approved_pds), np.array(found.approved_pds), rtol=1e-14)


def test_field_that_the_columns_lack_is_missing_and_without_a_reference_rows_alone_are_counted() -> None:
    pd = np.array([0.01, 0.2, 0.01])
    found = count({}, pd, np.array([700, 500, 700]), pd < 0.1, development())
    assert found.counts["duration"] == [0, 0, 0, 3, 0]
    assert count({}, pd, np.array([700, 500, 700]), pd < 0.1, None)[:3] == (3, 2, {})
    assert count({}, pd[:0], np.array([], dtype=np.int32), pd[:0] < 1, development())[:2] == (0, 0)
    assert total([]) == Counted(0, 0, {}, [])


def test_groups_of_pds_promise_the_same_discrimination_as_each_pd() -> None:
    pd = np.random.default_rng(5).beta(2, 20, 100_000)
    found = count({}, pd, np.full(len(pd), 600), pd < 1, None)
    many = np.array([rows for _, rows, _ in found.approved_pds])
    means = np.array([its for *_, its in found.approved_pds]) / many
    assert len(many) < 1500
    assert many.sum() == len(pd)
    assert expected_roc_auc(np.repeat(means, many)) == pytest.approx(expected_roc_auc(pd), abs=2e-5)
