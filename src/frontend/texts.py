"""the card's translations -> titles, descriptions and labels of the data set in the session's language"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from src.frontend.language import Language, _, current
from src.frontend.schema import Field, Value, says_something

STATE = "\N{EMPTY SET}"  # before a reason for having no value
NONE = "\N{EN DASH}"  # where there is no value; a hyphen alone would be a list in Markdown


@dataclass(frozen=True)
class Texts:
    """The data set's words; the API's own where a language has none. `labels` are what it calls a field's values."""

    language: Language
    translated: Mapping[str, Any] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Collection[str]] = field(default_factory=dict)

    def title(self, name: str, otherwise: str = "") -> str:
        """Return a field's title."""
        plain = name.replace("_", " ")
        return self.translated.get(name, {}).get("title") or otherwise or plain[:1].upper() + plain[1:]

    def group(self, asked: Field) -> str:
        """Return the heading under which a field stands."""
        return self.translated.get(asked.name, {}).get("group") or asked.group or _("Other facts")

    def label(self, name: str, value: Value) -> str:
        """Return a value as people read it."""
        match value:
            case None:
                return _("not known")
            case bool():
                return _("yes") if value else _("no")
            case int() | float():
                return f"{self.language.plain(value)} {unit(self.units.get(name, ''))}".strip()
        return str(self.translated.get(name, {}).get("categories", {}).get(value, value))

    def choice(self, asked: Field, value: Value) -> str:
        """Return a value as it is offered: what is none has a sign."""
        said = self.label(asked.name, value)
        return f"{STATE} {said}" if value in asked.states else said

    def heading(self, asked: Field) -> str:
        """Return title and unit."""
        title = self.title(asked.name, asked.title)
        return f"{title} ({unit(asked.unit)})" if asked.unit else title

    def help(self, asked: Field) -> str:
        """Return what is asked for, and its bounds."""
        said = self.translated.get(asked.name, {}).get("description") or asked.description
        parts = [said, self.bounds(asked)]
        if asked.time:
            parts.append(_("Today where it is left empty."))
        elif not asked.required:
            parts.append(_("May be left empty."))
        if asked.states:
            parts.append(_("What stands behind {sign} is no value, but a reason for having none.").format(sign=STATE))
        return " ".join(part for part in parts if part)

    def bounds(self, asked: Field) -> str:
        """Return the bounds of a number or a date in words; empty where there are none."""
        rules = {"low": asked.minimum, "above": asked.above, "high": asked.maximum, "below": asked.below}
        known = {name: self.language.plain(value) for name, value in rules.items() if says_something(value)}
        known |= {name: day for name, day in (("low", asked.since), ("high", asked.until)) if day}
        if {"low", "high"} <= set(known):
            return _("From {low} to {high}.").format(**known)
        said = {
            "low": _("At least {low}."),
            "above": _("More than {above}."),
            "high": _("At most {high}."),
            "below": _("Less than {below}."),
        }
        return " ".join(said[name].format(**known) for name in known)


def texts(info: Mapping[str, Any]) -> Texts:
    """Return the words of the served model's data set in the session's language."""
    language, card = current(), info["card"]
    units = {each["name"]: each["unit"] for each in card["features"] if each["unit"]}
    labels = {
        each["name"]: [*(each["categories"] or []), *each.get("states", []), *each.get("suggestions", [])]
        for each in card["features"]
    }
    return Texts(language, card.get("translations", {}).get(language.code, {}), units, labels)


def unit(name: str) -> str:
    """Return a unit in the session's language; data packages write theirs in English."""
    common = {"years": _("years"), "months": _("months"), "days": _("days"), "hours": _("hours")}
    return common.get(name, name)
