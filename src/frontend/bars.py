"""reasons -> bars of points, the strongest first, beside the words"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from src.frontend.gauge import ACCENT
from src.frontend.language import _, current
from src.frontend.texts import Texts

ROW = "display:grid;grid-template-columns:1fr auto;gap:.15rem .75rem;margin:0 0 .5rem;padding:0;list-style:none"
TRACK = "grid-column:1/-1;height:.4rem;border-radius:.2rem;background:color-mix(in srgb,currentColor 12%,transparent)"


def drawing(reasons: Sequence[Mapping[str, Any]], texts: Texts) -> str:
    """Return a list whose bars are as long as the points of each reason, beside the most of one."""
    strongest = sorted(reasons, key=lambda each: -each["points"])
    rows = [row(each, each["points"] / strongest[0]["points"], texts) for each in strongest]
    return f'<ul style="margin:0;padding:0">{"".join(rows)}</ul>'


def row(reason: Mapping[str, Any], share: float, texts: Texts) -> str:
    """Return one reason: its words, its points, its bar."""
    title = texts.title(reason["feature"], reason["title"])
    words = f"{title}: {texts.label(reason['feature'], reason['value'])}"
    points = _("{points} points").format(points=current().signed(-reason["points"], 1))
    bar = f'<div style="width:{share:.1%};height:100%;border-radius:inherit;background:{ACCENT}"></div>'
    return (
        f'<li style="{ROW}"><span>{escape(words)}</span>'
        f'<span style="white-space:nowrap;font-variant-numeric:tabular-nums">{escape(points)}</span>'
        f'<div aria-hidden="true" style="{TRACK}">{bar}</div></li>'
    )
