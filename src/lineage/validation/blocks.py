"""what a section says -> the same document as one HTML file and as Markdown"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from src.document.markup import Markup, document, table, tag
from src.model import model_card as markdown

SHORT = 12  # digits of a sha256 beside a number; the last section has it whole


class Source(NamedTuple):
    """Where numbers come from: a file, its sha256 (none of what changes every day), the command that makes it."""

    file: str
    sha256: str | None
    command: str

    @property
    def told(self) -> str:
        """Return it in a line."""
        return f"Source: {self.file}, {f'sha256 {self.sha256[:SHORT]}, ' if self.sha256 else ''}made by {self.command}"


class Text(NamedTuple):
    """A paragraph; one with numbers has a source."""

    text: str
    source: Source | None = None


class Table(NamedTuple):
    """A table with its caption; `head` names units, `about` says what a row is. One to be filled in has no source."""

    about: str
    head: Sequence[str]
    rows: Sequence[Sequence[object]]
    source: Source | None = None


class Lacking(NamedTuple):
    """What was not measured, and why."""

    text: str

    @property
    def told(self) -> str:
        """Return the sentence."""
        return f"Not measured: {self.text}"


Block = Text | Table | Lacking


class Section(NamedTuple):
    """A numbered section."""

    title: str
    blocks: Sequence[Block]


class Report(NamedTuple):
    """The whole document."""

    title: str
    head: Sequence[Block]
    sections: Sequence[Section]


def lacking(sections: Iterable[Section]) -> list[tuple[str, str]]:
    """Return what was not measured, each with the title of its section."""
    found = ((section.title, block) for section in sections for block in section.blocks)
    return [(title, block.text) for title, block in found if isinstance(block, Lacking)]


def as_html(report: Report) -> str:
    """Return the file, which loads nothing: title, contents, sections."""
    titles = [f"{number}. {section.title}" for number, section in enumerate(report.sections, start=1)]
    links = [tag("li", tag("a", title, href=f"#s{number}")) for number, title in enumerate(titles, start=1)]
    parts = [part for block in report.head for part in _html(block)]
    parts += [tag("nav", tag("h2", "Contents"), tag("ul", *links, of="contents"), aria_label="Contents")]
    for number, (title, section) in enumerate(zip(titles, report.sections, strict=True), start=1):
        content = [part for block in section.blocks for part in _html(block)]
        parts.append(tag("section", tag("h2", title, id=f"s{number}"), *content))
    return document(report.title, *parts)


def _html(block: Block) -> list[Markup]:
    if isinstance(block, Lacking):
        return [tag("p", block.told, of="mark")]
    source = [tag("p", block.source.told, of="what")] if block.source else []
    if isinstance(block, Text):
        return [tag("p", block.text), *source]
    return [table(block.head, [list(map(_cell, row)) for row in block.rows], block.about), *source]


def _cell(value: object) -> object:
    """Return what stands in a cell: long texts may take several lines of it."""
    text = "" if value is None else str(value)
    return tag("div", text, of="long") if len(text) > 40 and " " in text else text


def as_markdown(report: Report) -> str:
    """Return the same content as Markdown."""
    lines = [f"# {markdown.plain(report.title)}", *(_markdown(block) for block in report.head), "## Contents"]
    lines.append("\n".join(f"{number}. {section.title}" for number, section in enumerate(report.sections, start=1)))
    for number, section in enumerate(report.sections, start=1):
        lines += [f"## {number}. {section.title}", *map(_markdown, section.blocks)]
    return "\n\n".join(lines) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Lacking):
        return f"**{markdown.plain(block.told)}**"
    source = f"\n\n*{markdown.plain(block.source.told)}*" if block.source else ""
    if isinstance(block, Text):
        return markdown.plain(block.text) + source
    rows = [["" if value is None else str(value) for value in row] for row in block.rows]
    return f"{markdown.plain(block.about)}\n\n{markdown.table(block.head, rows)}{source}"
