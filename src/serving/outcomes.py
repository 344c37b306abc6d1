"""the card -> what may be told of its applicants: outcomes by the target's labels, groups by protected fields"""

import json
from collections.abc import Iterable, Mapping

from pydantic import TypeAdapter, ValidationError

from src.errors import LastroError
from src.model.card import Card, Feature, Value
from src.serving.applicants import value_type

Label = bool | int | float | str
WORDS = {"true": True, "false": False}


class NotInContractError(LastroError):
    """A value is none that the contract has; says which ones are, and repeats none that was given."""


class OutcomeContract:
    """What a version's contract says of outcomes and groups; texts are what the log keeps of a value."""

    def __init__(self, card: Card) -> None:
        target = card.target
        self.target, self.codes = target.name, target.codes
        self.labels: dict[str, Label] = {text_of(label): label for label in (*target.goods, *target.bads)}
        self.groups: dict[str, Feature] = {field.name: field for field in card.groups}
        self.features = {feature.name for feature in card.features}
        self.checks = {name: TypeAdapter(value_type(field)).validate_python for name, field in self.groups.items()}

    @property
    def complete(self) -> bool:
        """Say whether the card names its outcomes; those of earlier releases name the bad one alone."""
        return bool(self.labels)

    def outcome(self, value: Label) -> str:
        """Return the text of an outcome; raises NotInContractError where it is no label of the target."""
        for text, label in self.labels.items():
            if label == value and isinstance(label, bool) == isinstance(value, bool):
                return text
        if not self.complete:
            raise NotInContractError(f"the model's card names no labels of {self.target}: it is of an earlier release")
        raise NotInContractError(f"must be one of {listed(self.labels.values())}, the labels of {self.target}")

    def group(self, name: str, value: Label) -> str:
        """Return the text of a group; raises NotInContractError for a field without groups, and for an unknown one."""
        self.require_group(name)
        try:
            text = text_of(self.checks[name](value))
        except ValidationError as error:
            raise NotInContractError(error.errors(include_url=False)[0]["msg"]) from None
        if not text.isprintable():
            raise NotInContractError("must be a text of printable signs")
        return text

    def require_group(self, name: str) -> None:
        """Raise NotInContractError for a field that is not protected, or that the prediction holds."""
        if name in self.features:
            raise NotInContractError("is a feature of the model: the prediction holds its value")
        if name not in self.groups:
            known = f"{listed(self.groups)} are" if self.groups else "it has none"
            raise NotInContractError(f"is no protected field of the contract that is not a feature; {known}")

    def written_outcome(self, text: str) -> str:
        """Return the text of an outcome that a file writes by its label or code; raises NotInContractError."""
        kinds = {type(label) for label in self.labels.values()}
        return text if text in self.labels else self.outcome(meant(text, self.codes, kinds))

    def written_group(self, name: str, text: str) -> str:
        """Return the text of a group that a file writes by its label, code or number; raises NotInContractError."""
        self.require_group(name)
        field = self.groups[name]
        if text in (field.categories or ()):
            return text
        return self.group(name, meant(text, field.codes, {bool if field.type == "boolean" else float}))


def text_of(value: object) -> str:
    """Return a value as the log keeps it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def bads_of(card: Card) -> set[str]:
    """Return the labels of a bad outcome, as the log has them; of cards of earlier releases the one that they name."""
    return {text_of(label) for label in (card.target.bads or [card.target.bad])}


def meant(text: str, codes: Mapping[str, Value], kinds: Iterable[type]) -> Label:
    """Return what a file's text stands for: by its codes, or as a truth or a number where such are wanted."""
    found = codes.get(text)
    if found is not None:
        return found
    if bool in kinds:
        return WORDS.get(text.lower(), text)
    try:
        return float(text) if kinds and str not in kinds else text
    except ValueError:
        return text


def listed(labels: Iterable[object]) -> str:
    """Return labels as JSON writes them."""
    return ", ".join(json.dumps(label, ensure_ascii=False) for label in labels)
