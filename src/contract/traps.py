"""datapackage.yaml -> the words in it that YAML reads as something else than what the file holds

YAML 1.1 reads yes, no, on and off as booleans, 010 as the number 8, 1:30 as 90, 2011-12-01 as a date, NULL and ~ as
nothing, and 1e5 as text (https://yaml.org/type/).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import yaml

from src.contract.fields import BOOLEAN, DATES, FREE, NUMBERS
from src.contract.rules import BREAKS, text_of

WORDS = ("name", "title", "description", "unit", "group", "format", "label", "trueValues", "falseValues")  # always text
VALUES = ("categories", "missingValues", "enum", "bad", "good", "example")
NOT_GIVEN = ("", "~", "null")
Scalars = Iterator[tuple[str, yaml.ScalarNode]]


def traps(text: str) -> list[str]:
    """Return one line a property of a field in which YAML reads another value than the one that is written."""
    lines = []
    for place, field in _fields(yaml.compose(text, Loader=yaml.SafeLoader)):
        about = {key.value: value.value for key, value in field.value if isinstance(value, yaml.ScalarNode)}
        found: dict[str, dict[str, str]] = {}
        for what, node in _scalars(field):
            if node.style is None and (read := _misread(what, node.value, about.get("type", "string"))):
                found.setdefault(what, {})[node.value] = read
        for what, words in found.items():
            told = " and ".join(f"{word or 'an empty place'} as {read}" for word, read in words.items())
            mend = "write it as a plain number" if "text" in words.values() else "write it in quotes"
            lines.append(f"{place}: field {about.get('name', '')!r}: {what}: YAML reads {told}: {mend}")
    return lines


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)


def _fields(root: yaml.Node | None) -> Iterator[tuple[str, yaml.MappingNode]]:
    resources = _child(root, "resources")
    for r, resource in enumerate(resources.value if isinstance(resources, yaml.SequenceNode) else []):
        fields = _child(_child(resource, "schema"), "fields")
        for f, field in enumerate(fields.value if isinstance(fields, yaml.SequenceNode) else []):
            if isinstance(field, yaml.MappingNode):
                yield f"resources.{r}.schema.fields.{f}", field


def _scalars(node: yaml.Node, what: str = "") -> Scalars:
    """Yield each scalar of a field with the property whose value it is: `label`, or the list's that a value is in."""
    if isinstance(node, yaml.ScalarNode):
        yield what, node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, what)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            known = key.value in (*WORDS, *VALUES, *BREAKS)
            if known and isinstance(value, yaml.ScalarNode) and value.value in NOT_GIVEN:
                continue
            inner = key.value if known else what
            if what == "categories" and key.value not in (
                "value",
                "label",
                "sameAs",
            ):  # a translation's: value -> label
                yield "categories", key
                inner = "label"
            yield from _scalars(value, inner)


def _misread(what: str, written: str, type_: str) -> str | None:
    """Return what YAML reads where the property means what is written; None where it reads the same."""
    value = yaml.safe_load(written)
    if what in WORDS:
        same = isinstance(value, str) or (value is None and not written)
    elif what in BREAKS or (what in VALUES and what != "missingValues" and type_ not in FREE):
        same = _is_meant(value, written, type_)
    elif what in VALUES:
        same = isinstance(value, str | bool | int | float) and text_of(value) == written
    else:
        same = True
    return None if same else _told(value)


def _is_meant(value: Any, written: str, type_: str) -> bool:
    """Say whether a number, a boolean or a date is read as it is meant."""
    if type_ == BOOLEAN or text_of(value) == written in ("true", "false"):
        return value is not None
    if type_ in DATES:
        return isinstance(value, str | date)
    if isinstance(value, str):
        return not _number(written) and type_ in NUMBERS
    return isinstance(value, int | float) and not isinstance(value, bool) and _number(written) == value


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


def _told(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return text_of(value)
    return "text" if isinstance(value, str) else "a date" if isinstance(value, date) else f"the number {value}"
