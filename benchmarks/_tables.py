"""a seed, how many rows and features -> a data package with every kind of field, and its CSV"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from src.files import write_bytes

CHUNK = 100_000
BAD_RATE = 0.15
FIRST_DAY, DAYS = np.datetime64("2016-01-01"), 3000
CODES = [{"value": "-8", "label": "no record"}, {"value": "-9", "label": "not asked"}, ""]
NAME = "made-up"

Random = np.random.Generator
Drawn = tuple[Any, NDArray[np.float64]]
"""the cells as the file writes them, and what each adds to the log-odds of default"""


@dataclass(frozen=True)
class Field:
    """A field of the package, and how its values are drawn: by a chunk's random numbers and its applications' days."""

    schema: dict[str, Any]
    draw: Callable[[Random, NDArray[np.datetime64]], Drawn]


def amount(random: Random) -> Field:
    """A number with cents, 5 % missing; the risk falls with it."""
    strength = random.uniform(0.2, 0.6)

    def draw(random: Random, days: NDArray[np.datetime64]) -> Drawn:
        values = random.normal(0, 1, len(days))
        missing = random.random(len(days)) < 0.05
        cells = np.where(missing, "", np.round(np.exp(8 + 0.7 * values), 2).astype(str))
        return cells, np.where(missing, 0.2, -strength * values)

    return Field({"type": "number", "direction": "decreasing", "constraints": {"minimum": 0}}, draw)


def coded(random: Random) -> Field:
    """A whole number, or one of two labelled reasons for not having it."""
    strength = random.uniform(0.2, 0.6)

    def draw(random: Random, days: NDArray[np.datetime64]) -> Drawn:
        values = random.integers(0, 1000, len(days))
        which = random.choice(3, len(days), p=[0.8, 0.15, 0.05])
        cells = np.choose(which, [values, -8, -9]).astype(str)
        return cells, np.choose(which, [strength * np.sin(values / 200), strength, -strength])

    return Field({"type": "integer", "missingValues": CODES}, draw)


def category(random: Random) -> Field:
    """One of six labels."""
    effects = random.normal(0, 0.4, 6)

    def draw(random: Random, days: NDArray[np.datetime64]) -> Drawn:
        places = random.integers(0, 6, len(days))
        return np.array([f"C{place}" for place in range(6)])[places], effects[places]

    labels = [{"value": f"C{place}", "label": f"class {place}"} for place in range(6)]
    return Field({"type": "string", "categories": labels, "constraints": {"required": True}}, draw)


def truth(random: Random) -> Field:
    """A boolean."""
    strength = random.normal(0, 0.4)

    def draw(random: Random, days: NDArray[np.datetime64]) -> Drawn:
        values = random.random(len(days)) < 0.3
        return np.where(values, "true", "false"), strength * values

    return Field({"type": "boolean", "constraints": {"required": True}}, draw)


def share(random: Random) -> Field:
    """A number that hardly two applicants have in common; the risk rises with it in one step."""
    edge, strength = random.uniform(0.3, 0.7), random.uniform(0.3, 0.8)

    def draw(random: Random, days: NDArray[np.datetime64]) -> Drawn:
        values = random.random(len(days))
        return values.astype(str), strength * (values > edge)

    return Field({"type": "number", "direction": "increasing", "constraints": {"required": True}}, draw)


def text(random: Random) -> Field:
    """One of 5 000 names, few of them frequent."""
    effects = random.normal(0, 0.5, 5000)

    def draw(random: Random, days: NDArray[np.datetime64]) -> Drawn:
        places = (5000 * random.random(len(days)) ** 4).astype(np.intp)
        return np.array([f"Employer {place}" for place in range(5000)])[places], effects[places]

    return Field({"type": "string"}, draw)


def date(random: Random) -> Field:
    """A day up to thirty years before the application, 2 % missing; a long history is a good one."""
    strength = random.uniform(0.2, 0.5)

    def draw(random: Random, days: NDArray[np.datetime64]) -> Drawn:
        before = random.integers(1, 11_000, len(days))
        missing = random.random(len(days)) < 0.02
        cells = np.where(missing, "", np.datetime_as_string(days - before))
        return cells, np.where(missing, 0.0, -strength * np.log(before / 3000))

    return Field({"type": "date"}, draw)


def count(random: Random) -> Field:
    """A small whole number; the risk rises with it."""
    strength = random.uniform(0.1, 0.3)

    def draw(random: Random, days: NDArray[np.datetime64]) -> Drawn:
        values = random.poisson(2, len(days))
        return values.astype(str), strength * values

    rules = {"required": True, "minimum": 0}
    return Field({"type": "integer", "direction": "increasing", "constraints": rules}, draw)


KINDS = (amount, coded, category, truth, share, text, date, count)


def made_of(features: int, seed: int) -> dict[str, Field]:
    """Return so many features, their kinds in turn."""
    random = np.random.default_rng(seed)
    return {
        f"{KINDS[place % len(KINDS)].__name__}_{place}": KINDS[place % len(KINDS)](random) for place in range(features)
    }


def chunks(fields: dict[str, Field], rows: int, seed: int) -> Iterator[pd.DataFrame]:
    """Yield the table's rows as the file writes them."""
    for first in range(0, rows, CHUNK):
        size, random = min(CHUNK, rows - first), np.random.default_rng([seed, first])
        days = FIRST_DAY + np.sort(random.integers(0, DAYS, size))
        columns = {"number": np.arange(first, first + size), "made": np.datetime_as_string(days)}
        odds = np.full(size, 0.0)
        for name, field in fields.items():
            columns[name], effect = field.draw(random, days)
            odds += effect - effect.mean()
        columns["sex"] = random.choice(["f", "m"], size)
        chance = 1 / (1 + np.exp(-odds - np.log(BAD_RATE / (1 - BAD_RATE)) + odds.var() / 4))
        columns["defaulted"] = np.where(random.random(size) < chance, "yes", "no")
        yield pd.DataFrame(columns)


def package_of(fields: dict[str, Field], sha256: str) -> dict[str, Any]:
    """Return the data package: an id, a time, the features, a protected field and the target."""
    listed = [
        {"name": "number", "type": "integer", "role": "id"},
        {"name": "made", "type": "date", "role": "time", "constraints": {"required": True}},
        *({"name": name, **field.schema} for name, field in fields.items()),
        {"name": "sex", "type": "string", "role": "protected", "categories": ["f", "m"]},
        {"name": "defaulted", "type": "string", "role": "target", "bad": "yes", "categories": ["yes", "no"]},
    ]
    return {
        "name": NAME,
        "title": "Made-up applications",
        "resources": [
            {
                "name": "applications",
                "path": "table.csv",
                "hash": f"sha256:{sha256}",
                "costs": {"false_accept": 5, "false_reject": 1},
                "schema": {"missingValues": [""], "fields": listed},
            }
        ],
    }


def write_package(folder: Path, rows: int, features: int, seed: int) -> Path:
    """Write the table and the package that describes it; return the latter's file."""
    fields, file, package = made_of(features, seed), folder / "table.csv", folder / "datapackage.yaml"
    folder.mkdir(parents=True)
    for part, table in enumerate(chunks(fields, rows, seed)):
        table.to_csv(file, mode="a", index=False, header=not part)
    with file.open("rb") as content:
        sha256 = file_digest(content, "sha256").hexdigest()
    write_bytes(package, yaml.safe_dump(package_of(fields, sha256), sort_keys=False).encode())
    return package
