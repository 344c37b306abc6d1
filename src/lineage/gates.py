"""two versions' folders + policy.yaml -> the gates: what a challenger has shown, and what cannot be told"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import TypeAdapter, ValidationError

from src.errors import LastroError
from src.lineage.pairing import ROLES, Paired, UnpairedError, paired
from src.lineage.policy import Policy, Rule
from src.model.card import CARD, Card, read_card
from src.model.groups import LEAST_PEOPLE
from src.model.paired import Difference, auc_difference, cost_difference
from src.serving.applicants import applicant_type
from src.serving.export import EXPORT, Parity, read_stated
from src.serving.predictors import load

EVALUATION = "evaluation.json"
DECISIVE = ("roc_auc", "expected_cost")  # a promotion needs an answer of these
LEAST_OUTCOMES = 10  # bads, and goods: an interval from fewer is none
LARGEST = 1e-9  # by which a PD of the served form may differ from the fitted model's, as `export` has it
DIGITS = 6
TITLES = {"roc_auc": "AUC", "expected_cost": "cost (1: that of approving or of declining everybody)"}
Applicant = Mapping[str, Any]


class Facts(Protocol):
    """What `publish` found of a version."""

    @property
    def git_commit(self) -> str | None: ...
    @property
    def git_dirty(self) -> bool: ...


class Gate(NamedTuple):
    """A gate's answer: `passed` is None where it cannot tell, or has no subject; `says` is a sentence.

    `value` is what is compared with `limit`; a difference counts in the metric's good direction.
    """

    name: str
    passed: bool | None
    value: float | None
    limit: float | None
    says: str


def judge(
    policy: Policy, champion: Path | None, challenger: Path, facts: Facts, applicants: Sequence[Applicant] | None
) -> list[Gate]:
    """Return every gate's answer about a challenger; `facts` are the challenger's.

    The folders are as `chain.fetch` writes them. `applicants` are the inputs of the champion's last logged ones, None
    where no log is in reach (src.journal.recent).
    """
    card = read_card(challenger / CARD)
    evaluation = read_evaluation(challenger, card)
    gates = [
        *(difference_gate(name, policy, found) for name, found in differences(champion, challenger, card).items()),
        calibration(policy, evaluation["metrics"]["ece"]["value"]),
        approvals(policy, evaluation["fairness"]),
    ]
    if policy.clean_commit:
        gates.append(clean_commit(facts))
    if policy.parity:
        gates.append(parity(read_stated(challenger / EXPORT).parity))
    return [*gates, scores_applicants(challenger, card, applicants)]


def stops(gates: Sequence[Gate]) -> bool:
    """Say whether these gates stop a promotion: one is not passed, or the AUC's or the cost's cannot tell."""
    return any(gate.passed is False or (gate.passed is None and gate.name in DECISIVE) for gate in gates)


def read_evaluation(folder: Path, card: Card) -> dict[str, Any]:
    """Read evaluation.json; raises LastroError where it is of another model than the card."""
    found: dict[str, Any] = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    if found["sha256"] != card.sha256:
        raise LastroError(f"{folder / EVALUATION} is of the model {found['sha256']}, the card names {card.sha256}")
    return found


class Measured(NamedTuple):
    """A paired difference, how many rows it is of, and which, in words."""

    difference: Difference
    rows: int
    says: str


def differences(
    first: Path | None, second: Path, card: Card, names: tuple[str, str] = ROLES
) -> dict[str, Measured | str]:
    """Return the paired difference of AUC and of cost, or why there is none; costs are those of the second's card."""
    if first is None:
        return dict.fromkeys(DECISIVE, "there is no champion to compare it with")
    try:
        pair = paired(first, second, names)
    except UnpairedError as error:
        return dict.fromkeys(DECISIVE, str(error))
    return measured(pair, read_card(first / CARD).threshold, card)


def measured(pair: Paired, threshold: float, card: Card) -> dict[str, Measured | str]:
    """Return the differences on paired rows; the first version declines from `threshold`, the second from its own."""
    bad, bads = pair.bad, int(pair.bad.sum())
    if min(bads, len(bad) - bads) < LEAST_OUTCOMES:
        few = f"{bads} bads and {len(bad) - bads} goods ({pair.says}), of which an interval needs {LEAST_OUTCOMES} each"
        return dict.fromkeys(DECISIVE, few)
    declined = (pair.first >= threshold, pair.second >= card.threshold)
    found = {
        "roc_auc": auc_difference(bad, pair.first, pair.second),
        "expected_cost": cost_difference(bad, *declined, card.costs.pair),
    }
    return {name: Measured(difference, len(bad), pair.says) for name, difference in found.items()}


def difference_gate(name: str, policy: Policy, found: Measured | str) -> Gate:
    """Return whether the difference's lower bound lies above what the rule of this metric allows.

    Where it does not, and there are few rows, or the bound lies further from the difference than the margin while the
    upper one does not lie below it, nothing is shown.
    """
    rule: Rule = getattr(policy, name)
    limit = -rule.margin if rule.rule == "not_worse" else 0.0
    if isinstance(found, str):
        return Gate(name, None, None, limit, found)
    low, high = found.difference.bounds(policy.confidence)
    half = found.difference.value - low
    passed: bool | None = low > limit
    said = _said(name, found, f"{policy.confidence:.0%}", low, limit)
    if not passed and found.rows < policy.least_rows:
        passed, said = None, f"fewer than {policy.least_rows} rows: {said}"
    elif not passed and half > rule.margin and high >= -rule.margin:
        passed, said = None, f"chance alone moves it by more than the margin {rule.margin:g}: {said}"
    return Gate(name, passed, round(low, DIGITS) + 0.0, limit, said)


def _said(name: str, found: Measured, confidence: str, low: float, limit: float) -> str:
    first, second, value, _ = found.difference
    return (
        f"{TITLES[name]} {second:.4f}, the champion's {first:.4f}: {value:+.4f} in its favour, and with {confidence}"
        f" confidence more than {low:+.4f}; more than {limit:+.4f} is asked for ({found.says})"
    )


def calibration(policy: Policy, ece: float) -> Gate:
    """Return whether the challenger's calibration error on its test rows is small enough."""
    most = policy.ece.most
    return Gate("ece", ece <= most, ece, most, f"the calibration error is {ece:.4f}, at most {most:g} is asked for")


def approvals(policy: Policy, fairness: Sequence[Mapping[str, Any]]) -> Gate:
    """Return whether no group's approval rate is too far below its field's highest, groups of few people left out."""
    name, least = "approval_ratio", policy.approval_ratio.least
    ratios = [
        (group["approval_ratio"], f"{group['field']}: {group['group']}")
        for group in _large(fairness)
        if group["approval_ratio"] is not None
    ]
    if not ratios:
        return Gate(name, None, None, least, f"no protected field has two groups of {LEAST_PEOPLE}, with any approved")
    ratio, group = min(ratios)
    said = f"the lowest approval rate is {ratio:.4f} of its field's highest ({group}), at least {least:g} is asked for"
    return Gate(name, ratio >= least, ratio, least, said)


def _large(fairness: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the large groups of the fields that have two of them."""
    large = [group for group in fairness if group["count"] >= LEAST_PEOPLE]
    fields = [group["field"] for group in large]
    yield from (group for group in large if fields.count(group["field"]) > 1)


def clean_commit(facts: Facts) -> Gate:
    """Return whether a commit makes this version, with nothing changed beside it."""
    clean = facts.git_commit is not None and not facts.git_dirty
    said = f"commit {facts.git_commit[:12]} makes it" if clean and facts.git_commit else "no commit makes it as it is"
    return Gate("clean_commit", clean, None, None, said)


def parity(found: Parity) -> Gate:
    """Return whether the served form decides as the fitted model does."""
    far, flips = found.largest_difference, found.flipped_decisions
    said = f"the served form differs from the fitted model by at most {far:g} and flips {flips} decisions"
    return Gate("parity", far <= LARGEST and flips == 0, far, LARGEST, said)


def scores_applicants(challenger: Path, card: Card, applicants: Sequence[Applicant] | None) -> Gate:
    """Return whether the challenger scores the champion's last applicants, each by the challenger's own contract.

    What the challenger does not ask for is left out, and said.
    """
    name = "applicants"
    if not applicants:
        said = "the log holds no applicants of the champion" if applicants is not None else "no log is in reach"
        return Gate(name, None, None, 0, said)
    try:
        failures, unasked = _scored(challenger, card, applicants)
    except LastroError as error:
        return Gate(name, False, None, 0, f"the challenger cannot be loaded: {error}")
    said = f"{len(applicants) - len(failures)} of the champion's last {len(applicants)} applicants are scored"
    said += f"; not asked for any more: {', '.join(unasked)}" if unasked else ""
    said += f"; the first that is not: {failures[0]}" if failures else ""
    return Gate(name, not failures, len(failures), 0, said)


def _scored(challenger: Path, card: Card, applicants: Sequence[Applicant]) -> tuple[list[str], list[str]]:
    """Return why applicants are not scored, one sentence each, and the fields that this version does not know."""
    scorer, contract = load(challenger).scorer, TypeAdapter(applicant_type(card))
    known = [feature.name for feature in card.features] + ([card.time.name] if card.time else [])
    failures = []
    for applicant in applicants:
        asked = {name: applicant[name] for name in known if name in applicant}
        try:
            scorer.score(contract.validate_json(json.dumps(asked)), reasons=True)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # pydantic's is a ValueError
            failures.append(_sentence(error))
    return failures, sorted({name for applicant in applicants for name in applicant} - {*known})


def _sentence(error: Exception) -> str:
    """Return what is wrong, without any value: gates are kept for ever."""
    if not isinstance(error, ValidationError):
        return type(error).__name__
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'the whole'}: {problem['msg'].removeprefix('Value error, ')}"
