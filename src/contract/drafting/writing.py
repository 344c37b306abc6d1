"""proposals -> data/external/NAME/{datapackage.yaml, the published file}"""

import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from src.contract.drafting.proposal import COSTS, Decision, Proposal
from src.contract.drafting.sniff import Layout
from src.contract.drafting.source import Source
from src.contract.fields import ContractError
from src.files import yaml_line

FOLDER = Path("data/external")
PACKAGE = "datapackage.yaml"
LARGE = 10_000_000  # bytes from which on the file is DVC's and not Git's
PROFILES = "https://datapackage.org/profiles/2.0"
IN_GIT = ".gitignore"


def name_of(path: Path) -> str:
    """Return a file's stem in kebab-case.

    >>> name_of(Path("Crédito 2024_final.CSV.gz"))
    'credito-2024-final'
    """
    stem = re.sub(r"(\.(csv|tsv|tab|txt|dat|data|parquet))?(\.(gz|zip))?$", "", path.name, flags=re.IGNORECASE)
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "table"


def package_text(
    name: str, source: Source, layout: Layout | None, comments: list[int], proposals: list[Proposal], costs: Decision
) -> str:
    """Return the package as YAML; `# decide:` stands where a person has to look."""
    lines = [
        f"# Drafted from {_comment(source.path.name)} by python -m src.contract.draft: read it all, and mend it.",
        f"$schema: {PROFILES}/datapackage.json",
        f"name: {name}",
        "resources:",
        f"  - name: {name}",
        f"    path: {yaml_line(source.path.name)}",
        f"    format: {source.format}",
    ]
    if source.compression:
        lines.append(f"    compression: {source.compression}")
    if source.innerpath:
        lines.append(f"    innerpath: {yaml_line(source.innerpath)}")
    if layout is not None:
        lines.append(f"    encoding: {source.encoding}")
        lines.append(f"    dialect: {yaml_line(dialect(layout, comments))}")
    lines += [
        f"    bytes: {source.size}",
        f"    hash: sha256:{source.sha256}",
        f"    # decide: {costs.sentence}",
        f"    costs: {yaml_line(COSTS)}",
        "    schema:",
        f"      $schema: {PROFILES}/tableschema.json",
        '      missingValues: [""]',
        "      fields:",
    ]
    for proposal in proposals:
        lines += [*(f"        {line}".rstrip() for line in _field(proposal)), ""]
    return "\n".join(lines[:-1]) + "\n"


def dialect(layout: Layout, comments: list[int]) -> dict[str, Any]:
    """Return the properties of the standard that differ from its defaults."""
    by_place = layout.by_place or not layout.header_row
    found: dict[str, Any] = {"delimiter": layout.delimiter}
    found |= {"header": False} if by_place else {"headerRows": [layout.header_row]} if layout.header_row > 1 else {}
    found |= {"commentRows": comments} if comments else {}
    found |= {"quoteChar": layout.quote} if layout.quote != '"' else {}
    found |= {"escapeChar": layout.escape, "doubleQuote": False} if layout.escape else {}
    found |= {"skipInitialSpace": True} if layout.blank_after else {}
    return found


def _comment(text: str) -> str:
    """Return a text that cannot end the comment that it stands in."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _field(proposal: Proposal) -> Iterator[str]:
    reading = proposal.reading
    yield f"- name: {yaml_line(proposal.name)}"
    for decision in proposal.decisions:
        yield f"  # decide: {_comment(decision.sentence)}"
    dropped = proposal.role in ("id", "ignored") and reading.kind in ("empty", "text")
    properties = {"type": "string"} | reading.properties
    if proposal.role != "feature":
        properties.pop("constraints", None) if proposal.role in ("id", "time") else None
    if proposal.role == "id":
        properties = {"type": "string"}
    for key, value in ({"type": "string"} if dropped else properties).items():
        if key != "constraints":
            yield f"  {key}: {yaml_line(value)}"
    if proposal.role != "feature":
        yield f"  role: {proposal.role}"
    for key, value in proposal.extra.items():
        yield f"  {key}: {yaml_line(value)}"
    yield from _categories(proposal)
    yield from _missing(proposal)
    rules = dict(properties.get("constraints", {}))
    if proposal.role == "feature" and proposal.filled == proposal.rows and not (reading.missing or reading.codes):
        rules = {"required": True} | rules
    if rules:
        yield f"  constraints: {yaml_line(rules)}"
    if proposal.role == "feature" and reading.example is not None:
        yield f"  example: {yaml_line(reading.example)}"


def _categories(proposal: Proposal) -> Iterator[str]:
    if proposal.role != "id" and proposal.reading.categories:
        yield "  categories:"
        for value, rows in proposal.reading.categories.items():
            yield f"    - {yaml_line({'value': value, 'label': value})}   # {rows} rows"


def _missing(proposal: Proposal) -> Iterator[str]:
    """Yield the missing values where they are more than the empty text; a code has a label, which makes it a state."""
    reading = proposal.reading
    words = list(dict.fromkeys(reading.missing))
    if proposal.role in ("id", "ignored") and reading.kind in ("empty", "text"):
        return
    if reading.codes:
        yield "  missingValues:"
        labels = {word: word for word in ("", *words)} | {code: f"code {code.strip()}" for code in reading.codes}
        first: dict[str, str] = {}
        for value, label in labels.items():
            same = first.setdefault(label, value)
            part = {"value": value, "label": label} if same == value else {"value": value, "sameAs": same}
            yield f"    - {yaml_line(part)}"
    elif words:
        yield f"  missingValues: {yaml_line(['', *words])}"


def check_free(folder: Path, force: bool) -> None:
    """Refuse a folder that has a package already; raises ContractError."""
    if (folder / PACKAGE).exists() and not force:
        raise ContractError(f"{folder / PACKAGE} exists; --force writes it anew")


def publish(folder: Path, text: str, source: Source) -> None:
    """Write the package and the file beside it, whole or not at all; other files of the folder stay."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as place:
        new = Path(place) / folder.name
        new.mkdir()
        _beside(source.path, new / source.path.name)
        if source.size > LARGE:
            (new / IN_GIT).write_text(f"/{source.path.name}\n", encoding="utf-8")
        (new / PACKAGE).write_text(text, encoding="utf-8")
        if not folder.exists():
            new.rename(folder)
            return
        for name in (source.path.name, IN_GIT, PACKAGE):  # the package last: it names the others
            if (new / name).exists():
                (new / name).replace(folder / name)


def _beside(file: Path, place: Path) -> None:
    try:
        os.link(file.resolve(), place)
    except OSError:  # another file system, or one without links
        shutil.copyfile(file, place)
