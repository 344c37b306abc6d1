from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from src.frontend.changes import MOST, Change, Search, smallest
from src.frontend.schema import Field, Value, field_of

Decide = Callable[[Mapping[str, Value]], float]


def number(name: str, high: float, kind: str = "integer", **rules: Any) -> Field:
    return field_of(name, {"type": kind, "minimum": 0, "maximum": high, "changeable": True, **rules}, True, 0)


def category(name: str, labels: str, **rules: Any) -> Field:
    return field_of(name, {"type": "string", "enum": list(labels), "changeable": True, **rules}, True, labels[0])


def asked_by(
    decide: Decide, asked: list[Mapping[str, Value]]
) -> Callable[[Sequence[Mapping[str, Value]]], list[float]]:
    """A service that answers so, and keeps what it was asked."""

    def ask(applicants: Sequence[Mapping[str, Value]]) -> list[float]:
        asked.extend(applicants)
        return [decide(applicant) for applicant in applicants]

    return ask


def found(fields: Sequence[Field], applicant: Mapping[str, Value], decide: Decide) -> list[Change]:
    """The changes, after what holds of all of them."""
    asked: list[Mapping[str, Value]] = []
    changes = smallest(applicant, fields, asked_by(decide, asked), decide(applicant))
    by_name = {field.name: field for field in fields}
    assert len(asked) <= MOST
    assert len({tuple(each.values()) for each in asked}) == len(asked)  # nothing is asked about twice
    for each in asked:
        different = [name for name, value in each.items() if value != applicant[name]]
        assert 1 <= len(different) <= 2
        assert all(by_name[name].changeable and by_name[name].broken(each[name]) is None for name in different)
    assert all(decide({**applicant, **dict(change)}) > 0 for change in changes)
    return changes


def cost(fields: Sequence[Field], applicant: Mapping[str, Value], change: Mapping[str, Value]) -> tuple[int, float]:
    """How many fields a change has, and the sum of its moves, told anew."""
    moves = [
        1.0 if field.choices else abs(change[field.name] - applicant[field.name]) / field.maximum  # type: ignore
        for field in fields
        if field.name in change
    ]
    return len(moves), round(sum(moves), 9)


def brute_force(fields: Sequence[Field], applicant: Mapping[str, Value], decide: Decide) -> tuple[int, float] | None:
    """The cost of the smallest change of all."""
    values = {f.name: f.choices or range(int(f.maximum or 0) + 1) for f in fields if f.changeable}
    tried = [
        {name: value for name, value in zip(names, picked, strict=True) if value != applicant[name]}
        for names in combinations(values, 2)
        for picked in product(*(values[name] for name in names))
    ]
    costs = [cost(fields, applicant, each) for each in tried if each and decide({**applicant, **each}) > 0]
    return min(costs, default=None)


WIDE = number("a", 150)
SMALL = [
    number("a", 6),
    number("b", 4),
    category("c", "xyz"),
    category("d", "xy"),
    category("e", "xy", changeable=False),
]


@settings(deadline=None)
@given(seed=some.integers(0, 2**32), share=some.sampled_from([0.005, 0.02, 0.1, 0.5]), start=some.integers(0, 4))
def test_on_a_small_grid_it_is_the_smallest_change_of_all_however_the_service_decides(
    seed: int, share: float, start: int
) -> None:
    applicant: dict[str, Value] = {"a": start, "b": start, "c": "y", "d": "x", "e": "x"}

    def decide(one: Mapping[str, Value]) -> float:
        return -1.0 if one == applicant else share - Random(f"{seed}{sorted(one.items())}").random()

    changes = found(SMALL, applicant, decide)
    costs = [cost(SMALL, applicant, dict(change)) for change in changes]
    assert costs == sorted(costs)
    assert (costs[0] if costs else None) == brute_force(SMALL, applicant, decide)


@settings(deadline=None)
@given(start=some.integers(0, 100_000), limit=some.integers(0, 100_000))
def test_number_of_a_wide_range_is_moved_to_the_very_first_that_is_approved(start: int, limit: int) -> None:
    fields = [number("amount", 100_000), category("c", "xyz")]

    def decide(one: Mapping[str, Any]) -> float:
        beyond = one["amount"] <= limit if start > limit else one["amount"] > start + limit
        return 1.0 if beyond else -1.0

    wanted = limit if start > limit else start + limit + 1
    changes = found(fields, {"amount": start, "c": "x"}, decide)
    assert changes == ([(("amount", wanted),)] if wanted <= 100_000 else [])


@settings(deadline=None)
@given(seed=some.integers(0, 2**32), share=some.sampled_from([0.005, 0.02, 0.1]), start=some.integers(0, 150))
def test_number_of_a_range_that_the_questions_reach_is_the_nearest_however_the_service_decides(
    seed: int, share: float, start: int
) -> None:
    applicant: dict[str, Value] = {"a": start}

    def decide(one: Mapping[str, Value]) -> float:
        return -1.0 if one == applicant else share - Random(f"{seed}{one['a']}").random()

    costs = [cost([WIDE], applicant, dict(change)) for change in found([WIDE], applicant, decide)]
    expected = [abs(value - start) / 150 for value in range(151) if decide({"a": value}) > 0]
    assert costs == ([(1, round(min(expected), 9))] if expected else [])


@settings(deadline=None)
@given(some.floats(0.01, 0.99))
def test_two_numbers_are_changed_where_neither_is_enough(limit: float) -> None:
    fields = [number("a", 1000), number("b", 1, "number"), number("c", 50, changeable=False)]
    applicant: dict[str, Value] = {"a": 1000, "b": 1.0, "c": 50}

    def decide(one: Mapping[str, Any]) -> float:
        return 2 * limit - max(one["a"] / 1000, limit) - max(one["b"], limit) + 0.001

    (change,) = found(fields, applicant, decide)
    assert [name for name, _ in change] == ["a", "b"]
    assert cost(fields, applicant, dict(change))[1] == pytest.approx(2 - 2 * limit, abs=0.004)


def test_more_labels_than_questions_are_cut_at_the_nearest_of_every_field() -> None:
    fields = [category(f"f{place}", "".join(map(chr, range(97, 123)))) for place in range(20)]
    applicant: dict[str, Value] = {field.name: "m" for field in fields}
    assert found(fields, applicant, lambda _: -1.0) == []
    near = found(fields, applicant, lambda one: 1.0 if one["f19"] == "n" else -1.0)
    assert near == [(("f19", "n"),)]
    both = found(fields, applicant, lambda one: 0.6 * (one["f0"] == "n") + 0.6 * (one["f19"] == "n") - 1)
    assert both == [(("f0", "n"), ("f19", "n"))]


@pytest.mark.parametrize(
    "field",
    [
        number("x", 9, changeable=False),
        field_of("x", {"type": "number", "minimum": 0, "changeable": True}, True, 1),
        field_of("x", {"type": "integer", "minimum": 0, "maximum": 2**53 - 1, "changeable": True}, True, 1),
        number("x", 0),
    ],
    ids=["not changeable", "no upper bound", "the bound that the API writes for none", "no range"],
)
def test_field_that_cannot_move_is_left_as_it_is(field: Field) -> None:
    assert found([field], {"x": 0}, lambda _: 1.0) == []


@pytest.mark.parametrize(("value", "count"), [(None, 2), (True, 1), (False, 1)])
def test_truths_and_what_is_not_known_are_changed_like_labels(value: Value, count: int) -> None:
    member = field_of("x", {"anyOf": [{"type": "boolean"}, {"type": "null"}], "changeable": True}, False, None)
    search = Search({"x": value}, [member], lambda applicants: [-1.0] * len(applicants))
    search.ask_alone()
    assert len(search.known) == count


def test_exclusive_bound_is_never_gone_to() -> None:
    field = field_of(
        "x", {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "changeable": True}, True, 0.5
    )
    assert found([field], {"x": 0.5}, lambda one: (one["x"] >= 0.99) - 0.5)[0] == (("x", 0.99),)  # type: ignore[operator]
