"""What is promised of the year is looked for, and named where it is missing"""

from typing import Any

import pytest

from src.errors import LastroError
from src.year.findings import alert_lines, cohort_lines, gate_line, pooled, unkept


def cohort(month: str, version: str, bads: int, expected: float) -> dict[str, Any]:
    numbers = {"predictions": 2000, "approved": 900, "ratio": bads / expected, "reference_ratio": 0.9}
    return {"month": month, "model_version": version, "bads": bads, "expected": expected, "alarm": False, **numbers}


def alert(since: str, subject: str = "savings", kind: str = "drift") -> dict[str, Any]:
    return {"kind": kind, "subject": subject, "model_version": "1", "since": since, "value": 0.5, "limit": 0.1}


COHORTS = [
    cohort("2025-08", "1", 9, 10.0),
    cohort("2025-09", "1", 25, 10.0),
    cohort("2025-10", "1", 35, 10.0),
    cohort("2025-11", "2", 22, 20.0),
]
DRIFT = alert("2025-09-15T00:00:00Z")
BEFORE, AFTER = pooled(COHORTS, "1", "2025-09"), pooled(COHORTS, "2")


def test_months_of_a_version_are_taken_together_from_one_on() -> None:
    assert (BEFORE.observed, BEFORE.expected, BEFORE.usual) == (60, 20.0, 0.9)
    assert (BEFORE.ratio, AFTER.ratio) == (3.0, pytest.approx(1.1))
    assert pooled(COHORTS, "1").observed == 69


def test_version_without_outcomes_is_named() -> None:
    with pytest.raises(LastroError, match="version 3 has no month with outcomes"):
        pooled(COHORTS, "3")


def test_kept_promises_are_no_complaint() -> None:
    assert unkept([DRIFT], BEFORE, AFTER, "savings") == []


@pytest.mark.parametrize(
    ("alerts", "after", "says"),
    [
        ([], AFTER, "no alert of drift of savings fired"),
        ([alert("2025-09-15T00:00:00Z", "purpose")], AFTER, "no alert of drift of savings fired"),
        ([alert("2025-09-15T00:00:00Z", kind="calibration")], AFTER, "no alert of drift of savings fired"),
        (
            [DRIFT, alert("2025-06-09T00:00:00Z", "age")],
            AFTER,
            "before anything had changed: alert of drift of age, version 1",
        ),
        ([DRIFT], BEFORE, "calibration is not better: 3.00 after, 3.00 before"),
        ([DRIFT], pooled([cohort("2025-11", "2", 0, 10.0)], "2"), "calibration is not better: 0.00 after"),
        ([DRIFT], pooled([cohort("2025-11", "2", 2, 10.0)], "2"), "calibration is not better: 0.20 after"),
    ],
)
def test_broken_promise_is_named(alerts: list[dict[str, Any]], after: Any, says: str) -> None:
    (found,) = unkept(alerts, BEFORE, after, "savings")
    assert says in found


def test_lines_hold_the_numbers() -> None:
    assert alert_lines([DRIFT]) == ["alert of drift of savings, version 1: 0.50, limit 0.1, since 2025-09-15"]
    more = DRIFT | {"subject": "purpose", "value": 0.7}
    assert alert_lines([DRIFT, more]) == [
        "2 alerts of drift, the largest of purpose, version 1: 0.70, limit 0.1, since 2025-09-15"
    ]
    says = "AUC 0.7303, the champion's 0.6878: +0.0425 in its favour, and with 95% confidence more than +0.0150"
    shown = gate_line({"name": "roc_auc", "passed": True, "says": says})
    assert shown == "gate roc_auc: passed: AUC 0.7303, the champion's 0.6878: +0.0425"
    head, first, *_ = cohort_lines(COHORTS[::-1])
    assert first.split() == ["2025-08", "1", "2000", "900", "9", "10.0", "0.90", "0.90", "no"]
    assert len(head) == len(first)
