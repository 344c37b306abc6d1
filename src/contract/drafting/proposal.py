"""the profiles of all columns -> a field each, and what somebody has to decide about it"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from src.contract.drafting import dates, numbers, suspects
from src.contract.drafting.dates import dates_of
from src.contract.drafting.names import is_afterwards, is_identifier, is_protected, time_rank
from src.contract.drafting.numbers import MISSING, numbers_of
from src.contract.drafting.profile import Profile
from src.contract.drafting.reading import KEPT, LONGEST, Habits, Reading, read
from src.contract.fields import ContractError

Role = Literal["feature", "target", "protected", "id", "time", "ignored"]
SHOWN = 10
LEAST_IDENTIFIER = 20  # rows of which all differ, below which that says nothing
MANY_GROUPS = 200  # of a protected text
COSTS = {"false_accept": 5, "false_reject": 1}


@dataclass(frozen=True)
class Decision:
    """One thing that only a person can decide: about which field, of what kind, in a sentence."""

    field: str
    kind: str
    sentence: str


@dataclass
class Proposal:
    """A field as it is proposed: its role, how it is read, and what is to be decided."""

    name: str
    role: Role
    reading: Reading
    filled: int
    rows: int
    extra: dict[str, Any] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)

    def decide(self, kind: str, sentence: str, role: Role | None = None) -> None:
        """Note a decision, and the role that is proposed until it is made."""
        self.decisions.append(Decision(self.name, kind, sentence))
        self.role = role or self.role


def propose(
    profiles: Sequence[Profile], target: str, bad: Sequence[str], good: Sequence[str], delimiter: str
) -> list[Proposal]:
    """Return a proposal a column, the target's too; raises ContractError where the table cannot be used."""
    found = {p.name: numbers_of(p) for p in profiles}
    days = {p.name: dates_of(p) for p in profiles}
    written = [each for name, each in found.items() if each is not None and days[name] is None]
    plain = [each for each in days.values() if each is not None]
    habits = Habits(numbers.votes(written), dates.day_first(plain, delimiter))
    proposals = [_proposed(p, read(p, found[p.name], days[p.name], habits)) for p in profiles]
    by_name = {p.name: p for p in profiles}
    goal = next(proposal for proposal in proposals if proposal.name == target)
    _target(goal, by_name[target], bad, good)
    _times(proposals, by_name)
    _copies(proposals, by_name, target)
    for proposal in proposals:
        _alone(proposal, by_name[proposal.name])
    _leaks(proposals, by_name)
    if not any(proposal.role == "feature" for proposal in proposals):
        raise ContractError("no column is left that a model may use: all are identifiers, constants, dates or suspects")
    return proposals


def _proposed(profile: Profile, reading: Reading) -> Proposal:
    return Proposal(profile.name, "feature", reading, profile.filled, profile.rows)


def _target(goal: Proposal, profile: Profile, bad: Sequence[str], good: Sequence[str]) -> None:
    """Make the target of a column, where its values are those that were named."""
    values = {v: profile.rows_of(v) for v in sorted(profile.values) if v.strip() and v.strip().lower() not in MISSING}
    shown = ", ".join(f"{value!r} ({count} rows)" for value, count in list(values.items())[:SHOWN])
    shown += f" and {profile.distinct - SHOWN} more" if profile.distinct > SHOWN else ""
    for option, named in (("bad", bad), ("good", good)):
        for value in named:
            if value not in values:
                raise ContractError(f"column {goal.name!r} has no value {value!r} (--{option}); it has {shown}")
    if both := sorted(set(bad) & set(good)):
        raise ContractError(f"column {goal.name!r}: {both[0]!r} is named as bad and as good")
    rest = [value for value in values if value not in bad]
    if not good and len(rest) > 1:
        raise ContractError(
            f"column {goal.name!r} has {len(values)} values: {shown}; say with --good which of them are good"
            " (rows with the others are left out)"
        )
    if not rest:
        raise ContractError(f"column {goal.name!r} has no value but {shown}: nobody is good")
    goal.role = "target"
    missing = [v for v in profile.values if v and v not in values]
    goal.reading = Reading("category", {"type": "string"}, missing, categories=values)
    kept = list(good) or rest
    goal.extra = {name: each[0] if len(each) == 1 else list(each) for name, each in (("bad", bad), ("good", kept))}


def _alone(proposal: Proposal, profile: Profile) -> None:
    """Decide what a column says by itself and its name: constant, identifier, text, codes, protected, units."""
    reading = proposal.reading
    if proposal.role not in ("feature", "time"):
        if reading.kind == "date":
            _protected(proposal, profile)
        return
    if reading.kind == "empty" or (profile.distinct <= 1 and profile.filled == profile.rows):
        proposal.decide("constant", "the same in every row, so that it says nothing", "ignored")
    elif _is_identifier(profile, reading):
        proposal.decide(
            "identifier", "another value in every row: it names the row, and is kept out of the model", "id"
        )
    elif _is_reference(profile, reading):
        proposal.decide("identifier", "its name is that of an identifier, and most values are there once", "ignored")
    elif reading.kind == "text":
        _text(proposal, profile)
    elif reading.naming:
        proposal.decide("text", "whole numbers that seem to name something, so they are read as text, not as amounts")
    _protected(proposal, profile)
    if proposal.role in ("feature", "protected", "time"):
        _codes(proposal, profile)
        if reading.doubt:
            proposal.decide("date" if reading.kind == "date" else "unit", f"{reading.doubt}: say which is right")
        if unit := reading.properties.get("unit"):
            proposal.decide("unit", f"the numbers stand beside {unit!r}: say whether that is their unit")


def _protected(proposal: Proposal, profile: Profile) -> None:
    """Hold apart what has the name of a protected trait; a date and a long list have no groups, and are left out."""
    reading = proposal.reading
    if not is_protected(proposal.name) or profile.distinct < 2:
        return
    grouped = reading.kind != "date" and (reading.kind != "text" or profile.distinct <= MANY_GROUPS)
    sentence = "its name is that of a protected trait: held apart for fairness, no feature unless you say so"
    proposal.decide("protected", sentence, "protected" if grouped and proposal.role == "feature" else "ignored")


def _codes(proposal: Proposal, profile: Profile) -> None:
    for value in proposal.reading.codes:
        sentence = (
            f"{value!r} is in {profile.rows_of(value)} rows and far from the rest: say what it stands for, in its label"
        )
        proposal.decide("code", sentence)


def _is_identifier(profile: Profile, reading: Reading) -> bool:
    """Say whether every row has its own value, in a column of text or of numbers that are close, or named so."""
    rows = profile.counts.sum(axis=1)
    told = np.array([bool(value) for value in profile.places])
    if profile.filled < max(LEAST_IDENTIFIER, profile.rows) or rows[told].max() > 1:
        return False
    if reading.kind == "text":
        return True
    if reading.kind != "integer" or reading.numbers is None:
        return False
    span = float(np.nanmax(reading.numbers) - np.nanmin(reading.numbers)) + 1
    return is_identifier(profile.name) or span <= 2 * profile.rows


def _is_reference(profile: Profile, reading: Reading) -> bool:
    return reading.kind in ("text", "integer") and is_identifier(profile.name) and profile.distinct * 2 > profile.filled


def _text(proposal: Proposal, profile: Profile) -> None:
    reading = proposal.reading
    if profile.longest > LONGEST:
        proposal.decide("text", f"longer than {LONGEST} characters: left out", "ignored")
    elif not reading.kept:
        sentence = f"{profile.distinct} different texts, none of them in {KEPT} rows: nothing to learn from"
        proposal.decide("text", sentence, "ignored")
    else:
        sentence = (
            f"{profile.distinct} different texts, {reading.kept} of them in at least {KEPT} rows; the rest is other"
        )
        proposal.decide("text", sentence)


def _times(proposals: list[Proposal], by_name: dict[str, Profile]) -> None:
    """Choose the date of the application by the names; without one no date can be a feature."""
    dated = [proposal for proposal in proposals if proposal.reading.kind == "date" and proposal.role == "feature"]
    ranked = [
        (rank, proposal)
        for proposal in dated
        if (rank := time_rank(proposal.name)) is not None
        and proposal.filled == proposal.rows
        and not proposal.reading.missing
        and not proposal.reading.codes
        and by_name[proposal.name].distinct > 1
        and not is_afterwards(proposal.name)
    ]
    chosen = min(ranked, key=lambda each: each[0])[1] if ranked else None
    if chosen is not None:
        chosen.decide("date", "by its name the date of the application: other dates become days before it", "time")
    middle = _middle(by_name[chosen.name], chosen.reading) if chosen else 0.0
    for proposal in dated:
        if chosen is None:
            sentence = "a date is a feature by the days before the application: give one date `role: time`"
            proposal.decide("date", sentence, "ignored")
        elif proposal is not chosen and _middle(by_name[proposal.name], proposal.reading) > middle:
            proposal.decide(
                "leakage", f"mostly later than {chosen.name}: not known when the decision is made", "ignored"
            )


def _middle(profile: Profile, reading: Reading) -> float:
    """Return the middle day of a column of dates."""
    days = np.nan_to_num(reading.numbers, nan=0.0) if reading.numbers is not None else np.zeros(0)
    known = np.flatnonzero(days)
    order = known[np.argsort(days[known], kind="stable")]
    passed = np.cumsum(profile.counts.sum(axis=1)[order])
    return float(days[order[np.searchsorted(passed, passed[-1] / 2)]]) if len(order) else 0.0


def _copies(proposals: list[Proposal], by_name: dict[str, Profile], target: str) -> None:
    """Set aside what repeats an earlier column, or the target, in its words or in others."""
    seen: dict[str, str] = {}
    order = sorted(proposals, key=lambda proposal: proposal.name != target)  # stable: the target first
    for proposal in order:
        profile = by_name[proposal.name]
        told = 1 < profile.distinct <= max(2, profile.filled / 2)
        for mark in (profile.content, profile.order if told else None):
            first = seen.setdefault(mark, proposal.name) if mark is not None else proposal.name
            if first != proposal.name and profile.distinct > 1:
                kind = "leakage" if first == target else "copy"
                proposal.decide(kind, f"tells the same rows apart as {first}", "ignored")
                break


def _leaks(proposals: list[Proposal], by_name: dict[str, Profile]) -> None:
    """Set aside what looks like news from after the decision: by its name, or because it alone knows too much."""
    judged = [proposal for proposal in proposals if proposal.role in ("feature", "protected")]
    areas = {each.name: suspects.auc(by_name[each.name], each.reading.numbers) for each in judged}
    strong = suspects.leaking(areas)
    for proposal in judged:
        area = areas[proposal.name]
        if proposal.name in strong:
            sentence = f"its AUC alone is {area:.3f}, well above the other fields': known before the decision?"
            proposal.decide("leakage", sentence, "ignored")
        elif is_afterwards(proposal.name):
            proposal.decide("leakage", "by its name known only after the decision", "ignored")


def costs(target: str) -> Decision:
    """Return the decision that every lender has to take."""
    sentence = "one accepted defaulter is taken to cost as much as five refused payers: say what your errors cost"
    return Decision(target, "costs", sentence)
