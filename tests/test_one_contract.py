"""The contract, the API and the page judge the same values, and agree"""

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from src.contract.package import Package
from src.contract.table import check_table, merge, type_table
from src.frontend.language import Language
from src.frontend.schema import Field, fields_of
from src.frontend.table import read
from src.frontend.texts import Texts
from src.model.card import Card, Dataset, features_of
from src.serving.applicants import applicant_type, batch_type, listed, schema_of

TARGET = {"name": "paid", "role": "target", "bad": "no", "constraints": {"enum": ["yes", "no"]}}
KNOWN = {"name": "known", "type": "integer"}  # an applicant of whom nothing is known is refused
LABELS = ["red", "green", "blue"]
EDGES = [0, 1, -1, 0.5, 1.5, 24.0, 2**53 - 1, 2**53, -(2**53), 10**17, 1e300, -1e300, 5e-324, 1e-9, 0.1 + 0.2]
STRANGE = [None, True, False, "pink", "nan", "Infinity", "x", "1_0"]
WORDS = {"trueValues": ["true"], "falseValues": ["false"]}  # JSON's: the API and the page know no others
near = some.integers(-6, 6) | some.integers(-12, 12).map(lambda number: number / 4) | some.sampled_from([0.1, 1e6])
numbers = near | some.floats(allow_nan=False, allow_infinity=False, width=32) | some.sampled_from(EDGES)
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


@some.composite
def fields(draw: some.DrawFn) -> dict[str, Any]:
    """A feature of any kind, with any of the rules that the standard has for it."""
    kind = draw(some.sampled_from(["integer", "number", "boolean", "labels", "categories"]))
    rules: dict[str, Any] = {"required": draw(some.booleans())}
    field: dict[str, Any] = {"name": "cell", "constraints": rules, "type": kind}
    if kind in ("labels", "categories"):
        field["type"] = "string"
        labels = draw(some.lists(some.sampled_from(LABELS), min_size=1, unique=True))
        rules |= {"enum": labels} if kind == "labels" else {}
        field |= {"categories": labels} if kind == "categories" else {}
    elif kind == "boolean":
        field |= WORDS
        rules |= draw(some.sampled_from([{}, {"enum": [True]}, {"enum": [True, False]}]))
    else:
        rules |= draw(some.dictionaries(some.sampled_from(BOUNDS), near, max_size=4))
        if draw(some.booleans()):
            rules["enum"] = draw(some.lists(near, min_size=1, max_size=4, unique=True))
    return field


def package_of(field: dict[str, Any]) -> Package:
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": [field, KNOWN, TARGET]}}
    return Package.model_validate({"name": "p", "resources": [resource]})


def card_of(package: Package) -> Card:
    """As much of a card as the API's types need."""
    features = features_of(package)
    return Card.model_construct(
        features=features, dataset=Dataset(name="p", title=""), reference={"cell": None, "known": 1}
    )


def text_of(value: Any) -> str:
    """A value as a CSV file has it."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def taken_by_contract(package: Package, values: Sequence[Any]) -> list[bool]:
    cells = pd.DataFrame({"cell": [text_of(value) for value in values], "known": "1", "paid": "yes"}, dtype="str")
    frame, untyped = type_table(cells, package)
    broken = {row for violation in merge(untyped, check_table(frame, package)) for row in violation.rows}
    return [row not in broken for row in range(len(values))]


def taken_by_api(card: Card, values: Sequence[Any]) -> list[bool]:
    check = TypeAdapter(applicant_type(card)).validate_json

    def takes(value: Any) -> bool:
        try:
            check(json.dumps({"known": 1} if value is None else {"known": 1, "cell": value}))
            check(json.dumps({"known": 1, "cell": value}))
        except ValidationError:
            return False
        return True

    return [takes(value) for value in values]


def fields_of_page(card: Card) -> list[Field]:
    """The fields as the page finds them in the API's document, the one in question first."""
    _, named = schema_of(batch_type(applicant_type(card)))
    return fields_of({"components": {"schemas": named}})


def taken_from_file(fields: list[Field], values: Sequence[Any]) -> list[bool]:
    text = io.StringIO()
    header = ["cell", "known", "note"]
    csv.writer(text).writerows([header, *([text_of(value), "1", "kept"] for value in values)])
    wrong = {fault.line for fault in read(text.getvalue().encode(), fields).faults}
    return [line not in wrong for line in range(2, len(values) + 2)]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(field=fields(), more=some.lists(numbers, max_size=12))
@example(field={"name": "cell", "type": "integer", "constraints": {"minimum": 1, "enum": [0, 1, 1.5]}}, more=[])
@example(field={"name": "cell", "type": "number", "constraints": {"minimum": 0, "exclusiveMinimum": 0}}, more=[])
@example(field={"name": "cell", "type": "number", "constraints": {"enum": [1], "required": True}}, more=[])
@example(field={"name": "cell", "type": "boolean", "constraints": {"enum": [True]}} | WORDS, more=[])
def test_contract_api_and_page_take_the_same_values(field: dict[str, Any], more: list[float]) -> None:
    package = package_of(field)
    card = card_of(package)
    assume(package.features[0].choices or not card.features[0].enum or listed(card.features[0]))  # else nothing may be
    values = [*STRANGE, *EDGES, *more, *(field["constraints"].get(name, 0) for name in BOUNDS), *LABELS]
    on_page = fields_of_page(card)
    asked = on_page[0]
    verdicts = {
        "contract": taken_by_contract(package, values),
        "api": taken_by_api(card, values),
        "form": [asked.broken(value) is None for value in values],
        "file": taken_from_file(on_page, values),
    }
    differ = {
        repr(value): dict(zip(verdicts, taken, strict=True))
        for value, *taken in zip(values, *verdicts.values(), strict=True)
        if len(set(taken)) > 1
    }
    assert differ == {}


NUMBERS_OF_WORDS = {
    "At least": lambda value, bound: value >= bound,
    "More than": lambda value, bound: value > bound,
    "At most": lambda value, bound: value <= bound,
    "Less than": lambda value, bound: value < bound,
}
SENTENCE = re.compile(r"(At least|More than|At most|Less than) ([-\d,.]+)\.(?: |$)|From ([-\d,.]+) to ([-\d,.]+)\.")


def taken_by_words(said: str, value: float) -> bool:
    """Whether somebody who reads these sentences takes a value for allowed."""
    taken = True
    for words, bound, low, high in SENTENCE.findall(said):
        if words:
            taken &= NUMBERS_OF_WORDS[words](value, number(bound))
        else:
            taken &= number(low) <= value <= number(high)
    return taken


def number(text: str) -> float:
    return float(text.replace(",", ""))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    kind=some.sampled_from(["integer", "number"]),
    bounds=some.dictionaries(some.sampled_from(BOUNDS), near, max_size=4),
    more=some.lists(near, max_size=12),
)
@example(kind="number", bounds={"exclusiveMinimum": 0}, more=[])
def test_words_about_bounds_say_what_the_api_takes(kind: str, bounds: dict[str, float], more: list[float]) -> None:
    card = card_of(package_of({"name": "cell", "type": kind, "constraints": bounds}))
    said = Texts(Language("en")).bounds(fields_of_page(card)[0])
    values = [value for value in [*more, *bounds.values(), 0, 1, -1] if kind == "number" or value == int(value)]
    assert [taken_by_words(said, value) for value in values] == taken_by_api(card, values), said
    assert bool(said) == bool(bounds)


@pytest.mark.parametrize(
    ("constraints", "said"),
    [
        ({"minimum": 0}, "a boolean has no bounds"),
        ({"enum": [1]}, "the enum of type boolean holds true and false"),
    ],
)
def test_boolean_with_rules_of_numbers_is_refused(constraints: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        package_of({"name": "cell", "type": "boolean", "constraints": constraints})


@pytest.mark.parametrize("value", ["a", True])
def test_closed_list_of_numbers_holds_numbers(value: Any) -> None:
    with pytest.raises(ValidationError, match="the enum of type integer holds numbers"):
        package_of({"name": "cell", "type": "integer", "constraints": {"enum": [1, value]}})
