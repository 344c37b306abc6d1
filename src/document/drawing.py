"""numbers -> small SVG drawings, each with a sentence for who does not see it"""

from src.document.markup import Markup, tag

WIDTH = 900  # of a drawing


def drawing(height: float, said: str, *content: Markup) -> Markup:
    """Return an SVG element of the whole width."""
    return tag("svg", *content, viewBox=f"0 0 {WIDTH} {height:g}", width=WIDTH, role="img", aria_label=said)


def words(x: float, y: float, text: object, anchor: str = "start") -> Markup:
    """Return a text at a place."""
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)


def box(x: float, y: float, width: float, height: float, of: str) -> Markup:
    """Return a filled rectangle."""
    return tag("rect", x=f"{x:.1f}", y=f"{y:.1f}", width=f"{max(width, 0):.1f}", height=f"{height:.1f}", of=of)


def bars(then: float, now: float, most: float) -> Markup:
    """Return two bars beneath each other, the former above; the table in which they stand has their numbers."""
    width = 240 / most if most else 0.0
    content = (box(0, 0, then * width, 7, "then"), box(0, 9, now * width, 7, "now"))
    return tag("svg", *content, viewBox="0 0 240 16", width=240, height=16, aria_hidden="true")


def swing(value: float, most: float) -> Markup:
    """Return a bar to the left or the right of the middle."""
    length = 120 * abs(value) / most if most else 0.0
    middle = tag("line", x1=120, x2=120, y1=0, y2=14, of="axis")
    bar = box(120 - length if value < 0 else 120, 2, length, 10, "then" if value < 0 else "now")
    return tag("svg", middle, bar, viewBox="0 0 240 14", width=240, height=14, aria_hidden="true")
