"""a score, the scale and the threshold -> a drawing that reads in light, dark and at any width"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from src.frontend.language import Language, _

WIDTH, HEIGHT, RADIUS, MIDDLE, FOOT = 320, 196, 120, 160, 160
SMALL = 18  # the size of the small letters, of which a wide page shows two thirds
ACCENT = "#3b76c4"  # 4.5:1 against white, 3:1 against the dark theme's background


@dataclass(frozen=True)
class Scale:
    """The range of points, and the points from which on the PD is below the threshold."""

    minimum: float
    maximum: float
    threshold: float

    def share(self, points: float) -> float:
        """Return 0 at the minimum, 1 at the maximum."""
        return min(max((points - self.minimum) / (self.maximum - self.minimum), 0.0), 1.0)


def scale_of(decided_by: Mapping[str, Any]) -> Scale:
    """Return the scale and threshold of a card or of a recorded prediction; both have them by the same names.

    `pdo` points more double the odds of repaying, `points` stand at `odds`.
    """
    rules, threshold = decided_by["scale"], decided_by["threshold"]
    points = rules["points"] + rules["pdo"] * math.log2((1 - threshold) / threshold / rules["odds"])
    low, high = rules["minimum"], rules["maximum"]
    return Scale(low, high, min(max(points, low), high))


def drawing(score: int, scale: Scale, language: Language) -> str:
    """Return a half circle filled up to the score, marked at the threshold, with words for who does not see it."""
    said = _("Score {score} on a scale from {low} to {high}; the threshold is at {threshold}.").format(
        score=language.number(score),
        low=language.number(scale.minimum),
        high=language.number(scale.maximum),
        threshold=language.number(scale.threshold),
    )
    parts = [
        arc(0, 1, 'stroke="currentColor" stroke-opacity=".16"'),
        arc(0, scale.share(score), f'stroke="{ACCENT}"'),
        *mark(scale, language),
        text(MIDDLE, FOOT - 28, language.number(score), 44, 600),
        text(MIDDLE, FOOT - 6, _("points"), SMALL),
        text(MIDDLE - RADIUS, FOOT + 24, language.number(scale.minimum), SMALL),
        text(MIDDLE + RADIUS, FOOT + 24, language.number(scale.maximum), SMALL),
    ]
    style = "width:100%;max-width:15rem;display:block;margin:0 auto"
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}" style="{style}"'
    return f"<svg {frame}>{''.join(parts)}</svg>"


def arc(start: float, end: float, look: str) -> str:
    """Return the half circle between two shares of the scale."""
    if end <= start:
        return ""
    (x, y), (to_x, to_y) = place(start, RADIUS), place(end, RADIUS)
    path = f"M{x:.1f} {y:.1f}A{RADIUS} {RADIUS} 0 0 1 {to_x:.1f} {to_y:.1f}"
    return f'<path d="{path}" fill="none" stroke-width="20" {look}/>'


def mark(scale: Scale, language: Language) -> list[str]:
    """Return the threshold: a line across the half circle, and its points beside it."""
    share = scale.share(scale.threshold)
    (x, y), (to_x, to_y), (text_x, text_y) = (place(share, RADIUS + more) for more in (-15, 15, 24))
    line = f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="currentColor" stroke-width="3"/>'
    anchor = "end" if share < 0.4 else "start" if share > 0.6 else "middle"
    return [line, text(text_x, text_y, language.number(scale.threshold), SMALL, 600, anchor)]


def place(share: float, radius: float) -> tuple[float, float]:
    """Return a point of the half circle."""
    angle = math.pi * (1 - share)
    return MIDDLE + radius * math.cos(angle), FOOT - radius * math.sin(angle)


def text(x: float, y: float, words: str, size: int, weight: int = 400, anchor: str = "middle") -> str:
    """Return words in the page's own font."""
    look = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="currentColor"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(words)}</text>'
