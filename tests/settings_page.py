""".env.example, the settings' descriptions -> docs/settings.md, whose tables `python -m tests.settings_page` writes"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from src.api.settings import Settings
from tests.conftest import ROOT

PAGE, EXAMPLE = Path("docs") / "settings.md", Path(".env.example")
BEGIN, END = "<!-- `python -m tests.settings_page` writes what follows -->\n", "<!-- until here -->\n"
API = "the scoring API"  # the section of .env.example to which further variables of the service belong


class Row(NamedTuple):
    """A variable, what it is where nobody sets it, and what it means."""

    variable: str
    default: str
    sentence: str


def main() -> None:
    """Write the tables into the page."""
    path = ROOT / PAGE
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    path.write_text(before + BEGIN + tables() + END + rest.partition(END)[2], encoding="utf-8")


def tables() -> str:
    """Return a table for each section of .env.example; what the service's settings say stands before what that says."""
    service = {variable(name, field): field for name, field in Settings.model_fields.items()}
    known = {name: Row(name, default(field.default), field.description or "") for name, field in service.items()}
    sections = examples((ROOT / EXAMPLE).read_text(encoding="utf-8"))
    written = {row.variable for rows in sections.values() for row in rows}
    sections[API] += [row for name, row in known.items() if name not in written]
    return "\n".join(
        table(heading, (known.get(row.variable, row) for row in rows)) for heading, rows in sections.items()
    )


def examples(text: str) -> dict[str, list[Row]]:
    """Return heading -> rows of .env.example, whose sections have a heading, and each variable lines above it."""
    found: dict[str, list[Row]] = {}
    for section in text.split("\n\n")[1:]:
        heading, *lines = section.splitlines()
        rows, comments = found.setdefault(heading.removeprefix("# "), []), []
        for line in lines:
            if line.startswith("#"):
                comments.append(line.removeprefix("# "))
                continue
            name, _, value = line.partition("=")
            rows.append(Row(name, value, "; ".join(comments)))
            comments = []
    return found


def variable(name: str, field: FieldInfo) -> str:
    """Return the variable that a field of the service's settings is read from."""
    alias = field.validation_alias
    return str(alias.choices[-1]) if isinstance(alias, AliasChoices) else f"LASTRO_{name}".upper()


def default(value: Any) -> str:
    """Return a default as it would be written into `.env`; empty where there is none."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case int() | str() | Path():
            return str(value)
    return ""


def table(heading: str, rows: Iterable[Row]) -> str:
    """Return a section of the page: what stands before a comma or a semicolon is its title."""
    title, *more = (part[0].upper() + part[1:] for part in re.split("[,;] ", heading, maxsplit=1))
    lines = (f"| `{row.variable}` | {row.default and f'`{row.default}`'} | {row.sentence} |" for row in rows)
    said = [f"{more[0]}.", ""] if more else []
    return "\n".join([f"## {title}", *said, "| variable | default | |", "|---|---|---|", *lines, ""])


if __name__ == "__main__":
    main()
