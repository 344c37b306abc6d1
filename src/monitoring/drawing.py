"""windows, months -> SVG drawings, each with a sentence for who does not see it"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from src.document.drawing import WIDTH, box, drawing, words
from src.document.markup import Markup, tag

LEFT, ROW = 190, 18  # of the names beside a drawing, of one of its rows
TALL, FOOT = 220, 30
SOME, MUCH = 0.1, 0.25  # Siddiqi's PSI of some change, and of much
HUES = 220, 20  # of the oldest curve and the newest: from blue to red


class Cell(NamedTuple):
    """One window of a subject."""

    start: datetime
    end: datetime
    psi: float
    alarm: bool


def heat(rows: Mapping[str, Sequence[Cell]], said: str) -> Markup:
    """Return the PSI of subjects, a row each, by the time of their windows; a triangle marks an alarm."""
    first = min(cell.start for cells in rows.values() for cell in cells)
    last = max(cell.end for cells in rows.values() for cell in cells)
    content = []
    for place, (name, cells) in enumerate(rows.items()):
        content.append(words(LEFT - 8, place * ROW + 13, name, "end"))
        content += strip(sorted(cells), place * ROW, first, last)
    return drawing(len(rows) * ROW + FOOT, said, *content, *dates(first, last, len(rows) * ROW + 16))


def strip(cells: Sequence[Cell], y: float, first: datetime, last: datetime) -> list[Markup]:
    """Return one subject's windows, neighbours of one shade as one rectangle, and its alarms."""
    content = []
    for (of, _), group in groupby(chained(cells), key=lambda each: each[:2]):
        run = [cell for *_, cell in group]
        x, end = along(run[0].start, first, last), along(run[-1].end, first, last)
        content.append(box(x, y + 1, end - x, ROW - 2, of))
    for cell in cells:
        if cell.alarm:
            x = (along(cell.start, first, last) + along(cell.end, first, last)) / 2
            content.append(tag("path", d=f"M{x - 3:.1f} {y + 13}h6l-3 -7z", of="alarm"))
    return content


def chained(cells: Sequence[Cell]) -> list[tuple[str, int, Cell]]:
    """Return each window's shade and a number that grows where one does not begin at the end of the last."""
    found, gaps = [], 0
    for place, cell in enumerate(cells):
        gaps += bool(place and cells[place - 1].end != cell.start)
        found.append(("none" if cell.psi <= SOME else "some" if cell.psi <= MUCH else "now", gaps, cell))
    return found


def along(moment: datetime, first: datetime, last: datetime) -> float:
    """Return where a moment stands between two others."""
    return LEFT + (WIDTH - LEFT - 10) * ((moment - first) / (last - first) if last > first else 0.0)


def dates(first: datetime, last: datetime, y: float) -> list[Markup]:
    """Return the dates at which a drawing begins, is half through and ends."""
    middle = first + (last - first) / 2
    places = [(LEFT, first, "start"), ((LEFT + WIDTH - 10) / 2, middle, "middle"), (WIDTH - 10, last, "end")]
    return [words(x, y, moment.date().isoformat(), anchor) for x, moment, anchor in places]


def volume(cells: Sequence[tuple[datetime, datetime, int, bool]], said: str) -> Markup:
    """Return how many applied in each window; a triangle marks an alarm."""
    first, last, most = cells[0][0], cells[-1][1], max(max(cell[2] for cell in cells), 1)
    content = [words(LEFT - 8, 12, f"{most:,}", "end"), words(LEFT - 8, TALL, 0, "end")]
    for start, end, rows, alarm in cells:
        x, to, high = along(start, first, last), along(end, first, last), (TALL - 14) * rows / most
        content.append(box(x, TALL - high, max(to - x - 0.5, 0.5), high, "now"))
        if alarm:
            content.append(tag("path", d=f"M{(x + to) / 2 - 5:.1f} {TALL - high - 2:.1f}h10l-5 -9z", of="alarm"))
    return drawing(TALL + FOOT, said, *content, *dates(first, last, TALL + 16))


def curves(lines: Sequence[tuple[str, Sequence[float], bool]], said: str) -> Markup:
    """Return a curve for each (name, values by month, whether it is open: dashed), named in the order of its end."""
    longest = max(max(len(values) for _, values, _ in lines) - 1, 1)
    most = max(max(values) for _, values, _ in lines) or 1.0
    right, content = WIDTH - 110, [words(LEFT - 8, 12, f"{most:.1%}", "end"), words(LEFT - 8, TALL, "0 %", "end")]
    content.append(tag("line", x1=LEFT, x2=right, y1=TALL, y2=TALL, of="axis"))
    content += [
        words(LEFT + (right - LEFT) * month / longest, TALL + 16, month, "middle") for month in range(longest + 1)
    ]
    for place, (name, values, open_) in enumerate(lines):
        hue = HUES[0] + (HUES[1] - HUES[0]) * place / max(len(lines) - 1, 1)
        colour, y = f"hsl({hue:.0f} 60% 50%)", 12 + place * min(14, (TALL - 12) / len(lines))
        points = " ".join(
            f"{LEFT + (right - LEFT) * month / longest:.1f},{TALL - (TALL - 14) * value / most:.1f}"
            for month, value in enumerate(values)
        )
        of = "curve open" if open_ else "curve"
        content += [tag("polyline", points=points, stroke=colour, of=of)]
        content += [tag("line", x1=right + 14, x2=right + 34, y1=y - 4, y2=y - 4, stroke=colour, of=of)]
        content += [words(right + 40, y, name)]
    return drawing(TALL + FOOT, said, *content)
