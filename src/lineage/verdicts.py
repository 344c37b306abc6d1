"""a logged answer, the same one computed again -> whether they are equal, and what each came from"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from src.journal.service import Service
from src.journal.tables import Entry
from src.lineage.rerun import Answer, Machine, Missing

Verdict = Literal["equal", "different", "cannot", "forgotten"]
Lineage = dict[str, Any]


class Outcome(NamedTuple):
    """What came of a prediction, or of one way to compute it again; `says` are sentences for who reads it."""

    verdict: Verdict
    missing: Missing | None
    again: Answer
    lineage: Lineage
    says: tuple[str, ...] = ()


def logged(entry: Entry) -> Answer:
    """Return what was answered."""
    return {
        "probability_of_default": entry.probability_of_default,
        "score": entry.score,
        "decision": entry.decision,
        "reasons": json.loads(entry.reasons),
    }


def machine_of(service: Service) -> Machine:
    """Return what a service computed by."""
    libraries = json.loads(service.libraries) | ({"onnxruntime": service.onnxruntime} if service.onnxruntime else {})
    return Machine(service.python, libraries, service.cpu)


def compared(then: Answer, again: Answer, differing: Sequence[str], lineage: Lineage) -> Outcome:
    """Return whether two answers are equal, each number to its last bit; `differing` are other libraries than then.

    An approved applicant's reasons were logged only where somebody asked for them. Another number by other libraries
    says nothing of the record.
    """
    if then["decision"] == "approve" and not then["reasons"]:
        again = again | {"reasons": []}
    if then == again:
        same = (f"computed with {' and '.join(differing)}: the same number",) if differing else ()
        return Outcome("equal", None, again, lineage, same)
    names = ", ".join(name for name in then if then[name] != again[name])
    if differing:
        says = f"another {names}, but with {' and '.join(differing)}: `--rebuild` installs what that commit names"
        return Outcome("cannot", "library", again, lineage, (says,))
    return Outcome("different", None, again, lineage, (f"another {names}",))


def differences(then: Machine | None, now: Machine) -> list[str]:
    """Return in words which Python and which libraries are not those of then; none where nobody wrote them down."""
    if then is None:
        return []
    here = {"Python": now.python, **now.libraries}
    there = {"Python": then.python, **then.libraries}
    return [
        f"{name} {here.get(name) or 'missing'} instead of {there[name]}"
        for name in there
        if here.get(name) != there[name]
    ]


def best(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of several ways: equal by any; else not to be shown if one cannot be tried; else different."""
    ranks: Mapping[Verdict, int] = {"equal": 0, "forgotten": 1, "cannot": 1, "different": 2}
    return min(outcomes, key=lambda outcome: ranks[outcome.verdict])


def exit_code(verdicts: Collection[Verdict]) -> int:
    """Return 1 if any differs, else 2 if any cannot be shown, was forgotten, or there is none, else 0."""
    if "different" in verdicts:
        return 1
    return 2 if {"cannot", "forgotten"} & set(verdicts) or not verdicts else 0
