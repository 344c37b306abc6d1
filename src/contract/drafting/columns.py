"""a column by itself: its values and its name -> its role, and what is to be decided"""

import numpy as np

from src.contract.drafting.names import is_identifier, is_protected
from src.contract.drafting.profile import Profile
from src.contract.drafting.proposal import Proposal
from src.contract.drafting.reading import KEPT, LONGEST, Reading

LEAST_IDENTIFIER = 20  # rows of which all differ, below which that says nothing
MANY_GROUPS = 200  # of a protected text


def judge(proposal: Proposal, profile: Profile) -> None:
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
