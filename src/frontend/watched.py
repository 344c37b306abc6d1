"""what the monitor found of one served form -> its parts, and the words for them"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from src.frontend import bins
from src.frontend.language import Language, _, current
from src.frontend.model_page import apart
from src.frontend.texts import NONE, Texts, texts

EVERYONE = ""  # the form of what is of no version: how many apply
FEATURE = " (feature)"  # behind the name of a fact that is named as a part of the answer is
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Watched:
    """One form's part of what the monitor found, and the data set's words."""

    found: Json
    form: str
    version: str | None
    words: Texts
    titles: Mapping[str, str]

    @property
    def language(self) -> Language:
        """Return the session's language."""
        return self.words.language

    def checks(self, kind: str) -> list[Json]:
        """Return the checks of a kind, of this form or of all versions together, the oldest first."""
        mine = [each for each in self.found["checks"] if each["form_sha256"] in (self.form, EVERYONE)]
        return sorted((each for each in mine if each["kind"] == kind), key=lambda each: str(each["window_end"]))

    def view(self, kind: str) -> Json | None:
        """Return a view of this form; None until the monitor has made one."""
        found = self.found["views"]
        return next((each for each in found if (each["form_sha256"], each["kind"]) == (self.form, kind)), None)

    def cohorts(self) -> list[Json]:
        """Return the months of this form, the newest first."""
        mine = [each for each in self.found["cohorts"] if each["form_sha256"] == self.form]
        return sorted(mine, key=lambda each: str(each["month"]), reverse=True)

    def title(self, subject: str) -> str:
        """Return what a check is about: a fact about the applicant, or the answer."""
        known = {"probability_of_default": _("PD"), "score": _("Score in points"), "decision": _("Decision")}
        name = subject.removesuffix(FEATURE)
        return known.get(subject) or self.titles.get(name) or self.words.title(name)

    def label(self, subject: str, text: str) -> str:
        """Return a bin's name."""
        if subject == "decision":
            return {"approve": _("✓ Approve"), "decline": _("✕ Decline")}.get(text, text)
        return bins.said(self.words, subject.removesuffix(FEATURE), text)


def watched(found: Json, form: str, version: str | None, info: Json) -> Watched:
    """Return one form's part, in the words of the served model's data set."""
    words = texts(info)
    titles = apart({each["name"]: words.title(each["name"], each["title"]) for each in info["card"]["features"]})
    return Watched(found, form, version, words, titles)


def window(check: Json) -> str:
    """Return the days of a window, of which the last ends where the next window begins."""
    first, end = (datetime.fromisoformat(str(check[name])) for name in ("window_start", "window_end"))
    low, high = (current().day(time, "UTC") for time in (first, end - timedelta(microseconds=1)))
    return low if low == high else _("{low} to {high}").format(low=low, high=high)


def amount(value: float | None, digits: int = 3) -> str:
    """Return a number; a dash where there is none."""
    return NONE if value is None else current().number(value, digits)


def share(part: float | None, digits: int = 1) -> str:
    """Return a share; a dash where there is none."""
    return NONE if part is None else current().percent(part, digits)


def interval(metric: Json) -> str:
    """Return a value with its interval."""
    value, low, high = (amount(metric[key]) for key in ("value", "low", "high"))
    return _("{value} ({low} to {high})").format(value=value, low=low, high=high)


def shares(counts: Sequence[float]) -> list[float]:
    """Return each count's share of all; of nothing, none has any."""
    whole = sum(counts)
    return [count / whole if whole else 0.0 for count in counts]


def look(cohort: Json) -> str:
    """Return how much is known of a month, with a sign."""
    said = {"mature": _("✓ mature"), "early": _("◔ early look"), "open": _("○ open")}
    return said.get(cohort["look"], str(cohort["look"]))
