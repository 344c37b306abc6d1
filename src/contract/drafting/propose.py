"""the profiles of all columns -> a proposal each"""

from collections.abc import Sequence

from src.contract.drafting import dates, numbers
from src.contract.drafting.columns import judge
from src.contract.drafting.dates import dates_of
from src.contract.drafting.numbers import numbers_of
from src.contract.drafting.profile import Profile
from src.contract.drafting.proposal import Proposal
from src.contract.drafting.reading import OF_TEXT, SOMETIMES, Habits, Reading, read
from src.contract.drafting.relations import find_copies, find_leaks, find_time
from src.contract.fields import ContractError

SHOWN = 10


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
    find_copies(proposals, by_name, target)
    find_time(proposals, by_name)
    for proposal in proposals:
        judge(proposal, by_name[proposal.name])
    find_leaks(proposals, by_name)
    if not any(proposal.role == "feature" for proposal in proposals):
        raise ContractError("no column is left that a model may use: all are identifiers, constants, dates or suspects")
    return proposals


def _proposed(profile: Profile, reading: Reading) -> Proposal:
    return Proposal(profile.name, "feature", reading, profile.filled, profile.rows)


def _target(goal: Proposal, profile: Profile, bad: Sequence[str], good: Sequence[str]) -> None:
    """Make the target of a column, where its values are those that were named."""
    named_values = {*bad, *good}
    told = [v for v in sorted(profile.values) if v in named_values or v.strip().lower() not in {"", *OF_TEXT}]
    values = {value: profile.rows_of(value) for value in told}
    shown = ", ".join(f"{value!r} ({count} row(s))" for value, count in list(values.items())[:SHOWN])
    shown += f" and {profile.distinct - SHOWN} more" if profile.distinct > SHOWN else ""
    for option, named in (("bad", bad), ("good", good)):
        for value in named:
            if value not in values:
                raise ContractError(f"column {goal.name!r} has no value {value!r} (--{option}); it has {shown}")
    if both := sorted(set(bad) & set(good)):
        raise ContractError(f"column {goal.name!r}: {both[0]!r} is named as bad and as good")
    rest = [value for value in values if value not in bad]
    if not good and len(values) > 2:
        raise ContractError(
            f"column {goal.name!r} has {len(values)} values: {shown}; say with --good which of them are good"
            " (rows with the others are left out)"
        )
    if not rest:
        raise ContractError(f"column {goal.name!r} has no value but {shown}: nobody is good")
    goal.role = "target"
    missing = [v for v in profile.values if v and v not in values]
    listed = values if len(values) <= SOMETIMES else {}
    goal.reading = Reading("category", {"type": "string"}, missing, categories=listed)
    kept = list(good) or rest
    goal.extra = {name: each[0] if len(each) == 1 else list(each) for name, each in (("bad", bad), ("good", kept))}
