"""texts and drawings -> one HTML file that loads nothing; whatever is not `Markup` is escaped"""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1c2733; --ground: #fff; --quiet: #5b6673; --line: #d5dbe2; --now: #2f6db8;
  --then: #8a94a0; --alarm: #b84a00; --some: #9cbfe6; --none: #e6edf5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --ground: #10151c; --quiet: #a3adb9; --line: #333d49;
  --now: #6ea4e6; --then: #7d8794; --alarm: #ff9a4d; --some: #37618f; --none: #1d2a3a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 0 auto;
  max-width: 70rem; padding: 1rem clamp(1rem, 4vw, 3rem) 4rem; }
h1, h2, h3 { line-height: 1.2; margin: 2rem 0 .5rem; } h2 { border-top: 1px solid var(--line); padding-top: 1.5rem; }
p { max-width: 48rem; margin: .25rem 0 .75rem; } p.what, caption { color: var(--quiet); }
p.mark { border: 2px solid var(--alarm); padding: .5rem .75rem; font-weight: 600; }
.scrolls { overflow-x: auto; margin: .5rem 0 1rem; } table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
td { font-variant-numeric: tabular-nums; white-space: nowrap; } .long { white-space: normal; min-width: 26rem; }
caption { text-align: left; font-size: .85rem; } th { font-weight: 600; } pre { white-space: pre-wrap; margin: 0; }
svg { display: block; max-width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--ink); }
.now { fill: var(--now); } .then { fill: var(--then); } .some { fill: var(--some); } .none { fill: var(--none); }
.alarm { fill: var(--alarm); } .axis { stroke: var(--line); } .curve { fill: none; stroke-width: 2; }
a { color: var(--now); } nav ul { columns: 2; padding-left: 1.2rem; max-width: 48rem; }
@media print { .scrolls { overflow: visible; } section { break-inside: auto; } }
.open { stroke-dasharray: 5 3; } .key { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 0; }
"""


class Markup(str):
    """A text that is HTML already: nothing of it is escaped again."""

    __slots__ = ()


def safe(text: object) -> str:
    """Return a text as HTML holds it.

    >>> safe("<b>"), safe(Markup("<b>"))
    ('&lt;b&gt;', '<b>')
    """
    return str(text) if isinstance(text, Markup) else escape(str(text))


def tag(name: str, *content: object, **attributes: object) -> Markup:
    """Return an element; `of` is its class, and _ in an attribute's name is a hyphen."""
    given = {"class" if key == "of" else key.replace("_", "-"): value for key, value in attributes.items()}
    said = "".join(f' {key}="{escape(str(value))}"' for key, value in given.items())
    return Markup(f"<{name}{said}>{''.join(map(safe, content))}</{name}>")


def table(head: Sequence[object], rows: Iterable[Sequence[object]], about: str) -> Markup:
    """Return a table that scrolls within itself; `about` is its caption."""
    top = tag("tr", *(tag("th", each, scope="col") for each in head))
    body = [tag("tr", *(tag("td", each) for each in row)) for row in rows]
    whole = tag("table", tag("caption", about), tag("thead", top), tag("tbody", *body))
    return tag("div", whole, of="scrolls", tabindex=0, role="region", aria_label=about)


def document(title: str, *content: Markup) -> str:
    """Return the whole file; its policy forbids the browser to ask anybody for anything."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
    )
    head += f"<title>{escape(title)}</title><style>{STYLE}</style>"
    body = tag("main", tag("h1", title), *content)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'
