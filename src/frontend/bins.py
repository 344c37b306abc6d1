"""a bin or a group as the evaluation names it -> the same in the session's language, numbers as it writes them"""

import re

from src.frontend.language import _
from src.frontend.texts import Texts

NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
DAYS = re.compile(r"(?P<rest>.+) days before")
FORMS = re.compile(
    rf"(?P<over>over )?(?P<low>{NUMBER}) to (?P<below>< )?(?P<high>{NUMBER})|(?P<sign>< |>= )?(?P<alone>{NUMBER})"
)
LEAST = 1e-10  # that the page's numbers tell from 0
TRUTHS = {"true": True, "false": False}


def said(words: Texts, name: str, text: str, years: bool = False) -> str:
    """Return one bin of a field; a label of the data set is no name of ours, whatever it says.

    `years` says that numbers may be years, in which no thousands are marked.
    """
    label = words.label(name, text)
    if label != text or text in words.labels.get(name, ()):
        return label
    known = {"missing": words.label(name, None), "other": _("other"), "any": _("any number")}
    if text in known:
        return known[text]
    if text.lower() in TRUTHS:
        return words.label(name, TRUTHS[text.lower()])
    if days := DAYS.fullmatch(text):
        return _("{range} days before").format(range=numbers(words, days["rest"], years))
    return numbers(words, text, years)


def numbers(words: Texts, text: str, years: bool) -> str:
    """Return a number or a range of numbers; a text that is neither stays."""
    found = FORMS.fullmatch(text)
    if found is None:
        return text
    if found["low"] is None:
        sign = {"< ": "< ", ">= ": "≥ "}.get(found["sign"], "")
        return sign + plain(words, found["alone"], years)
    form = _("{low} to < {high}") if found["below"] else _("{low} to {high}")
    form = _("over {low} to {high}") if found["over"] else form
    return form.format(low=plain(words, found["low"], years), high=plain(words, found["high"], years))


def plain(words: Texts, number: str, years: bool) -> str:
    """Return a number as short as it is exact; one that would be 0 so stays as it is written."""
    small = 0 < abs(float(number)) < LEAST
    return number if small or (years and number.isdigit()) else words.language.plain(float(number))
