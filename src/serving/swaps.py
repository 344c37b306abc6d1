"""applicants, two versions -> the swap set: whom one would approve and the other decline, and what sets them apart"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

from src.model.card import Feature, Value
from src.serving.scorer import Applicant, Scorer

MOST = 5  # features that are told
LEAST = 5  # applicants of a group of which features are told: they would be one person's facts
APPROVED_FIRST = ("approve", "decline")


class Trait(NamedTuple):
    """A feature in which a group differs from all: mean of a number, share of a value, and how far apart they are.

    `difference` is in standard deviations of all applicants, for a share those of the value's indicator (Austin 2009,
    "Using the standardized difference to compare the prevalence of a binary variable between two groups").
    """

    feature: str
    title: str
    value: Value
    here: float
    all: float
    difference: float


class Swapped(NamedTuple):
    """Applicants whom one version approves and the other declines; `expected_bads` are the sums of both PDs."""

    approved_by: str
    declined_by: str
    applicants: int
    expected_bads: dict[str, float]
    traits: list[Trait]


class SwapSet(NamedTuple):
    """How two versions decide on the same applicants."""

    rows: int
    both_approve: int
    both_decline: int
    groups: list[Swapped]


def swap_set(versions: Mapping[str, Scorer], applicants: Sequence[Applicant], features: Sequence[Feature]) -> SwapSet:
    """Return how two versions, by their names, decide on these applicants; `features` are what groups are told by."""
    (first, one), (second, other) = versions.items()
    pds = {name: scorer.predictor.probabilities([scorer.predictor.row(each) for each in applicants])
           for name, scorer in versions.items()}  # fmt: skip
    decided = [(one.decision(pd), other.decision(beside)) for pd, beside in zip(pds[first], pds[second], strict=True)]
    counts = Counter(decided)
    groups = []
    for approving, declining, pair in ((first, second, APPROVED_FIRST), (second, first, APPROVED_FIRST[::-1])):
        places = [place for place, both in enumerate(decided) if both == pair]
        bads = {name: sum(found[place] for place in places) for name, found in pds.items()}
        traits = traits_of([applicants[place] for place in places], applicants, features)
        groups.append(Swapped(approving, declining, len(places), bads, traits))
    return SwapSet(len(applicants), counts["approve", "approve"], counts["decline", "decline"], groups)


def traits_of(group: Sequence[Applicant], everybody: Sequence[Applicant], features: Sequence[Feature]) -> list[Trait]:
    """Return the features in which a group differs most from everybody, one entry a feature; none of a small group."""
    if len(group) < LEAST:
        return []
    found = [trait for feature in features if (trait := trait_of(feature, group, everybody))]
    return sorted(found, key=lambda trait: -abs(trait.difference))[:MOST]


def trait_of(feature: Feature, group: Sequence[Applicant], everybody: Sequence[Applicant]) -> Trait | None:
    """Return how a group differs in one feature; None where it does not, or nobody has a value."""
    numbers = [each.get(feature.name) for each in everybody]
    if feature.type in ("integer", "number") and not feature.mixed:
        return number_trait(feature, [each.get(feature.name) for each in group], numbers)
    return share_trait(feature, Counter(each.get(feature.name) for each in group), Counter(numbers))


def number_trait(feature: Feature, group: Sequence[Any], everybody: Sequence[Any]) -> Trait | None:
    """Return the difference of means in standard deviations of everybody; missing values are left aside."""
    here, known = ([value for value in values if value is not None] for values in (group, everybody))
    if not here:
        return None
    mean, average = sum(here) / len(here), sum(known) / len(known)
    deviation = sqrt(sum((value - average) ** 2 for value in known) / len(known))
    if not deviation or mean == average:
        return None
    return Trait(feature.name, feature.title, None, mean, average, (mean - average) / deviation)


def share_trait(feature: Feature, group: Counter[Any], everybody: Counter[Any]) -> Trait | None:
    """Return the value whose share differs most, in standard deviations of its indicator."""
    rows, total = group.total(), everybody.total()
    found = []
    for value, count in everybody.items():
        share, average = group[value] / rows, count / total
        if share != average:
            difference = (share - average) / sqrt(average * (1 - average))
            found.append(Trait(feature.name, feature.title, value, share, average, difference))
    return max(found, key=lambda trait: abs(trait.difference), default=None)
