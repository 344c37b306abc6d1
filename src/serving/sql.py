"""a card and the export of its table of points -> one SQL statement that says of a table `applicants` what the API says

PostgreSQL from 12 on, DuckDB, and SQLite from 3.35 on with mathematical functions read it alike. A column holds what
the API takes: a number or a label, and a reason for not having a value in the place of the number, in a column of text.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby
from math import log

from src.model.card import Card, Feature
from src.model.points import LEAST
from src.serving.calibration import Calibration
from src.serving.codes import Encoder, FieldCode
from src.serving.export import Export
from src.serving.reasons import MOST
from src.serving.sql_pairs import PairColumns, gains_of, number, others_of_pair, weight_of_pair

BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)  # days of a common year before each month
TRUTHS = {"true": True, "t": True, "1": True, "1.0": True, "false": False, "f": False, "0": False, "0.0": False}
TOLD = 0.05  # points from which a reason is told beside a stronger one

STATEMENT = """\
-- {name}: the model {sha256}
-- of {dataset}. A column of `applicants` holds what the API takes.
-- Reasons, where declined: the fields that cost most points against the reference applicant, before calibration.
-- The rows come in no order: add the key of `applicants` to the last SELECT; `scaled` has all its columns.
WITH read_in AS MATERIALIZED (
SELECT applicants.*{values}
FROM applicants
), weighed AS MATERIALIZED (
SELECT read_in.*{weights}
FROM read_in
), paired AS MATERIALIZED (
SELECT weighed.*{pairs}
FROM weighed
), summed AS MATERIALIZED (
SELECT paired.*, {total} AS "lastro log-odds"
FROM paired
), likely AS MATERIALIZED (
SELECT summed.*, {probability} AS "lastro pd"
FROM summed
), bounded AS MATERIALIZED (
SELECT likely.*, CASE WHEN "lastro pd" < {least} THEN {least} WHEN "lastro pd" > {most} THEN {most}
  ELSE "lastro pd" END AS "lastro kept"
FROM likely
), scaled AS MATERIALIZED (
SELECT bounded.*, {points} + {factor} * LN((1 - "lastro kept") / "lastro kept" / {odds}) AS "lastro points"
FROM bounded
)
SELECT
  "lastro pd" AS probability_of_default,
  CAST(ROUND(CASE WHEN "lastro points" < {minimum} THEN {minimum} WHEN "lastro points" > {maximum} THEN {maximum}
    ELSE "lastro points" END) AS INTEGER) AS score,
  CASE WHEN "lastro pd" >= {threshold} THEN 'decline' ELSE 'approve' END AS decision,
  CASE WHEN "lastro pd" < {threshold} THEN '' ELSE (
    SELECT {listed}
    FROM (
      SELECT feature, gain, ROW_NUMBER() OVER (ORDER BY gain DESC, place) AS n
      FROM (
        {gains}
      ) AS fields
      WHERE gain > 0
    ) AS ranked
    WHERE n = 1 OR gain >= {told}
  ) END AS reasons
FROM scaled;
"""


def sql_of(card: Card, export: Export) -> str:
    """Return the statement; its result has a row an applicant, in no order. A field without weight is not asked for.

    Every step is materialized: a planner that puts one into the next repeats it wherever it is named.
    """
    every = list(zip(export.fields, card.features, strict=True))
    pairs = every if export.pairs else [each for each in every if is_weighed(each[0])] or every
    fields = [field for field, _ in pairs]
    scale, factor = card.scale, card.scale.pdo / log(2)
    values = [(place, value_of(field)) for place, (field, feature) in enumerate(pairs, 1) if is_number(field, feature)]
    paired = pairs_of(card, export)
    total = "\n  + ".join([f'"lastro {place}"' for place in range(1, len(pairs) + 1)] + [pair.both for pair in paired])
    reference = Encoder(fields, [field.weigher() for field in fields]).row(card.reference)
    return STATEMENT.format(
        name=comment(card.name),
        sha256=card.sha256,
        dataset=comment(card.dataset.title),
        values="".join(f',\n  {value} AS "lastro value {place}"' for place, value in values),
        weights="".join(
            f',\n  CAST(CASE {weight_of(field, feature, place)} END AS DOUBLE PRECISION) AS "lastro {place}"'
            for place, (field, feature) in enumerate(pairs, 1)
        )
        + "".join(side for pair in paired for side in sides_of(pair, export.fields, card.features)),
        pairs="".join(
            f",\n  CAST({text} AS DOUBLE PRECISION) AS {name}"
            for pair in paired
            for text, name in zip((weight_of_pair(pair), *others_of_pair(pair)), (pair.both, *pair.others), strict=True)
        ),
        total=f"{number(export.intercept or 0.0)} + (\n  {total})",
        probability=probability(export.calibration),
        least=number(LEAST),
        most=number(1 - LEAST),
        points=number(scale.points),
        factor=number(factor),
        odds=number(scale.odds),
        minimum=number(scale.minimum),
        maximum=number(scale.maximum),
        threshold=number(card.threshold),
        listed=" || ".join(
            f"COALESCE({literal('; ') + ' || ' if n > 1 else ''}MAX(CASE WHEN n = {n} THEN feature END), '')"
            for n in range(1, MOST + 1)
        ),
        gains="\n        UNION ALL ".join(
            f"SELECT {place} AS place, {literal(field.name)} AS feature,"
            f' scaled."lastro {place}" - {number(weight)}{gains_of(place, paired)} AS gain'
            for place, (field, weight) in enumerate(zip(fields, reference, strict=True), 1)
        ),
        told=number(TOLD / factor),
    )


def pairs_of(card: Card, export: Export) -> list[PairColumns]:
    """Return the pairs with the reference applicant's places in their tables."""
    fields = export.fields
    codes = Encoder(fields, [field.reader(range(field.count + 1)) for field in fields]).row(card.reference)
    place = {field.name: number for number, field in enumerate(fields)}
    found = []
    for count, pair in enumerate(export.pairs, 1):
        first, second = place[pair.first], place[pair.second]
        reference = pair.rows[int(codes[first])], pair.columns[int(codes[second])]
        found.append(PairColumns(count, pair, first + 1, second + 1, *reference))
    return found


def sides_of(pair: PairColumns, fields: Sequence[FieldCode], features: Sequence[Feature]) -> list[str]:
    """Return the two columns that say where an applicant stands in a pair's table."""
    given = zip(pair.sides, (pair.first, pair.second), (pair.pair.rows, pair.pair.columns), strict=True)
    return [
        f",\n  CAST(CASE {weight_of(as_places(fields[place - 1], places), features[place - 1], place)} END AS INTEGER)"
        f" AS {name}"
        for name, place, places in given
    ]


def as_places(field: FieldCode, places: Sequence[int]) -> FieldCode:
    """Return a field whose codes have places for weights."""
    return field.model_copy(update={"weights": list(map(float, places))})


def is_weighed(field: FieldCode) -> bool:
    """Say whether any value of a field has a weight."""
    return any(field.weights or []) or bool(field.slope)


def is_number(field: FieldCode, feature: Feature) -> bool:
    """Say whether a field's column is compared with numbers."""
    return field.labels is None and feature.type != "boolean"


def value_of(field: FieldCode) -> str:
    """Return a field's number; null where it is missing, or a reason for that."""
    column, text = quoted(field.name), as_text(field.name)
    value = f"CAST({column} AS DOUBLE PRECISION)"
    if field.before is not None:
        made = f"COALESCE({as_text(field.before)}, CAST(CURRENT_DATE AS TEXT))"
        value = f"{days(made)} - ({days(text)})"
    if not field.states:
        return value
    return f"CASE WHEN {text} IN ({literals(field.states)}) THEN NULL ELSE {value} END"


def days(text: str) -> str:
    """Return the number of a day that is written as year-month-day, counted in the Gregorian calendar."""
    year, month, day = (
        f"CAST(SUBSTR({text}, {start}, {size}) AS DOUBLE PRECISION)" for start, size in ((1, 4), (6, 2), (9, 2))
    )
    leap = f"({year} - CASE WHEN {month} <= 2 THEN 1 ELSE 0 END)"
    leaps = f"FLOOR({leap} / 4) - FLOOR({leap} / 100) + FLOOR({leap} / 400)"
    before = " ".join(f"WHEN {number} THEN {count}" for number, count in enumerate(BEFORE, 1))
    return f"365 * {year} + {leaps} + CASE {month} {before} END + {day}"


def weight_of(field: FieldCode, feature: Feature, place: int) -> str:
    """Return the branches of a field's CASE: what each of its values adds to the log-odds of default."""
    absent, *known = field.weights or []
    text = as_text(field.name)
    if field.labels is not None and field.other is not None:
        written = dict(zip(field.labels, (known[code] for code in field.codes), strict=True))
        missing = (
            f"WHEN {quoted(field.name)} IS NULL OR {text} = '' THEN {number(([absent, *known])[field.missing + 1])}"
        )
        return "\n  ".join([missing, *same(compared(text, field), written, field), otherwise(known[field.other])])
    if field.labels is not None:
        return "\n  ".join([*same(text, dict(zip(field.labels, known, strict=True))), otherwise(absent)])
    states = {state: ([absent, *known])[code + 1] for state, code in field.states.items()}
    if not is_number(field, feature):
        slope = field.slope or 0.0
        said = {w: known[bisect_right(field.cuts, float(truth))] + slope * truth for w, truth in TRUTHS.items()}
        return "\n  ".join([*same(text, states), *same(f"LOWER({text})", said), otherwise(absent)])
    value = f'"lastro value {place}"'
    steps = [
        f"WHEN {value} < {number(cut)} THEN {number(weight)}" for cut, weight in zip(field.cuts, known, strict=False)
    ]
    missing = f"WHEN {value} IS NULL THEN {number(absent)}"
    last = otherwise(known[len(field.cuts)])
    return "\n  ".join(
        [*same(text, states), missing, *steps, f"{last} + {number(field.slope)} * {value}" if field.slope else last]
    )


def compared(text: str, field: FieldCode) -> str:
    """Return a text as it is compared."""
    text = f"TRIM({text})" if field.trim else text
    return f"LOWER({text})" if field.ignore_case else text


def same(text: str, weights: dict[str, float], field: FieldCode | None = None) -> list[str]:
    """Return a branch for each weight, of all texts that have it."""
    by_weight = groupby(sorted(weights, key=lambda word: weights[word]), key=lambda word: weights[word])
    return [
        f"WHEN {text} IN ({literals(spellings(words, field))}) THEN {number(weight)}" for weight, words in by_weight
    ]


def spellings(words: Iterable[str], field: FieldCode | None) -> list[str]:
    """Return the texts as they are compared: also as SQLite writes them small, which knows the letters a to z alone."""
    found: dict[str, None] = {}
    for word in words:
        text = word.strip() if field and field.trim else word
        both = (text.lower(), small(text), small(text.upper())) if field and field.ignore_case else (text,)
        found |= dict.fromkeys(both)
    return list(found)


def small(text: str) -> str:
    """Return the text with A to Z as a to z, all else as it is."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def probability(calibration: Calibration | None) -> str:
    """Return the PD of the log-odds."""
    z = '"lastro log-odds"'
    if calibration is None:
        return f"CASE WHEN {z} >= 0 THEN 1 / (1 + EXP(-{z})) ELSE EXP({z}) / (1 + EXP({z})) END"
    before = f"WHEN {z} <= {number(calibration.x[0])} THEN {number(calibration.y[0])}"
    steps = [
        f"WHEN {z} < {number(end)} THEN {number(slope)} * ({z} - {number(start)}) + {number(value)}"
        for end, slope, start, value in calibration.segments
    ]
    branches = "\n  ".join([before, *steps, otherwise(calibration.y[-1])])
    return f"CAST(CASE {branches} END AS DOUBLE PRECISION)"


def otherwise(weight: float) -> str:
    """Return the branch of what no other takes."""
    return f"ELSE {number(weight)}"


def quoted(name: str) -> str:
    """Return a column's name."""
    return '"' + name.replace('"', '""') + '"'


def as_text(name: str) -> str:
    """Return a column as text."""
    return f"CAST({quoted(name)} AS TEXT)"


def literal(text: str) -> str:
    """Return a text."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Return texts, separated by commas."""
    return ", ".join(map(literal, texts))


def comment(text: str) -> str:
    """Return a text in one line."""
    return " ".join(text.split())
