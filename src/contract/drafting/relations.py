"""columns beside each other and the target -> the date of the application, copies, and news from after the decision"""

from collections.abc import Mapping, Sequence

import numpy as np

from src.contract.drafting import suspects
from src.contract.drafting.names import is_afterwards, is_protected, time_rank
from src.contract.drafting.profile import Profile
from src.contract.drafting.proposal import Proposal
from src.contract.drafting.reading import Reading


def find_time(proposals: Sequence[Proposal], by_name: Mapping[str, Profile]) -> None:
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
        and not is_protected(proposal.name)
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


def find_copies(proposals: Sequence[Proposal], by_name: Mapping[str, Profile], target: str) -> None:
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


def find_leaks(proposals: Sequence[Proposal], by_name: Mapping[str, Profile]) -> None:
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
