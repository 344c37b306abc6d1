"""README.md, SECURITY.md, CONTRIBUTING.md, docs/*.md -> their blocks of code, commands, words and links"""

import re
import shlex
from typing import NamedTuple

from tests.conftest import ROOT

PAGES = [*(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")), *sorted(ROOT.glob("docs/*.md"))]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
HEREDOC = re.compile(r"<<'(\w+)'\n(.*?)^\1$", flags=re.DOTALL | re.MULTILINE)
SHELL = ("sh", "console")
ENDS = {"|", "||", "&&", ";", ">", "<", "&"}  # of a command, or of what is told to a program


class Block(NamedTuple):
    """A block of code, its language, and whether it follows the one before with nothing between."""

    language: str
    text: str
    follows: bool


def blocks(page: str, *languages: str) -> list[Block]:
    """Return a page's blocks of these languages, or of all."""
    text, found, end = TEXTS[page], [], 0
    for match in FENCED.finditer(text):
        found.append(Block(match[1], match[2], follows=not text[end : match.start()].strip()))
        end = match.end()
    return [block for block in found if not languages or block.language in languages]


def commands(page: str) -> list[list[str]]:
    """Return the commands of a page's shell blocks as words, each command of a pipe by itself.

    Blocks that ask the service are left out: they are run as they stand (tests/api/test_documents.py).
    """
    found: list[list[str]] = []
    for block in blocks(page, *SHELL):
        if "curl " not in block.text:
            text = HEREDOC.sub("", block.text).replace("\\\n", " ")
            found += [words for line in text.splitlines() for words in split(line)]
    return found


def split(line: str) -> list[list[str]]:
    """Return the commands of a line; a file that is read or written is none."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    is_file = False
    for word in lexer:
        if word in ENDS:
            is_file = word in "<>"
            found += [] if is_file else [[]]
        elif not is_file:
            found[-1].append(word)
    return [words for words in found if words]


def mentions(page: str) -> list[str]:
    """Return what stands between backticks in a page's text."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def prose(page: str) -> str:
    """Return a page without its blocks of code."""
    return FENCED.sub("", TEXTS[page])


def links(page: str) -> list[str]:
    """Return where a page's links and pictures lead within the project."""
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if "://" not in link]


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table whose first column has this heading, without its head."""
    head = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\|\n((?:\|.*\n?)+)", TEXTS[page], flags=re.MULTILINE)
    assert head, f"{page} has no table with the column {heading!r}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in head[1].splitlines()]
