"""what a section says -> the same document as one HTML file and as Markdown"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
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
    """A table with its caption; `head` names units, `about` says what a row is. One to be filled in has no source.

    `drawn` are the same numbers as pictures, one a row, for the file that can show them.
    """

    about: str
    head: Sequence[str]
    rows: Sequence[Sequence[object]]
    source: Source | None = None
    drawn: Sequence[Markup] = ()


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
    sections: Sequence[Section]


def numbered(report: Report) -> list[Section]:
    """Return the sections with their numbers, and their tables with theirs."""
    return [
        Section(f"{place}. {section.title}", list(_numbered(section.blocks, place)))
        for place, section in enumerate(report.sections, start=1)
    ]


def _numbered(blocks: Sequence[Block], place: int) -> Iterator[Block]:
    tables = count(1)
    for block in blocks:
        yield (
            block._replace(about=f"Table {place}.{next(tables)}. {block.about}") if isinstance(block, Table) else block
        )


def lacking(sections: Iterable[Section]) -> list[tuple[str, str]]:
    """Return what was not measured, each with the title of its section."""
    found = ((section.title, block) for section in sections for block in section.blocks)
    return [(title, block.text) for title, block in found if isinstance(block, Lacking)]


def as_html(report: Report) -> str:
    """Return the file, which loads nothing: title, contents, sections."""
    sections = list(enumerate(numbered(report), start=1))
    links = [tag("li", tag("a", section.title, href=f"#s{place}")) for place, section in sections]
    parts = [tag("nav", tag("h2", "Contents"), tag("ul", *links), aria_label="Contents")]
    for place, section in sections:
        content = [part for block in section.blocks for part in _html(block)]
        parts.append(tag("section", tag("h2", section.title, id=f"s{place}"), *content))
    return document(report.title, *parts)


def _html(block: Block) -> list[Markup]:
    if isinstance(block, Lacking):
        return [tag("p", block.told, of="mark")]
    source = [tag("p", block.source.told, of="what")] if block.source else []
    if isinstance(block, Text):
        return [tag("p", block.text), *source]
    rows = [list(map(_cell, row)) for row in block.rows]
    head = [*block.head, *(["Drawn"] if block.drawn else [])]
    pictures = [[one] for one in block.drawn] or [[] for _ in rows]
    shown = [row + picture for row, picture in zip(rows, pictures, strict=True)]
    return [table(head, shown, block.about), *source]


def _cell(value: object) -> object:
    """Return what stands in a cell: long texts may take several lines of it."""
    text = "" if value is None else str(value)
    return tag("div", text, of="long") if len(text) > 40 and " " in text else text


def as_markdown(report: Report) -> str:
    """Return the same content as Markdown."""
    sections = numbered(report)
    lines = [f"# {markdown.plain(report.title)}", "## Contents", "\n".join(f"- {one.title}" for one in sections)]
    for section in sections:
        lines += [f"## {section.title}", *map(_markdown, section.blocks)]
    return "\n\n".join(lines) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Lacking):
        return f"**{markdown.plain(block.told)}**"
    source = f"\n\n*{markdown.plain(block.source.told)}*" if block.source else ""
    if isinstance(block, Text):
        return markdown.plain(block.text) + source
    rows = [["" if value is None else str(value) for value in row] for row in block.rows]
    return f"**{markdown.plain(block.about)}**\n\n{markdown.table(block.head, rows)}{source}"
