"""The card -> which outcomes and groups may be told, with every kind of field"""

from typing import Any

import pytest

from src.contract.package import Package
from src.model.card import Target, feature_of, target_of
from src.serving.outcomes import NotInContractError, OutcomeContract
from tests.serving.kinds import card


def package(target: dict[str, Any], *protected: dict[str, Any]) -> Package:
    fields = [
        {"name": "income", "type": "number"},
        *(field | {"role": "protected"} for field in protected),
        {"name": "paid", "role": "target"} | target,
    ]
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": fields}}
    return Package.model_validate({"name": "small", "resources": [resource]})


def contract(target: dict[str, Any], *protected: dict[str, Any], known: tuple[Any, ...] = ()) -> OutcomeContract:
    found = package(target, *protected)
    groups = [feature_of(column, found) for column in found.with_role("protected")]
    return OutcomeContract(card().model_copy(update={"target": target_of(found, known, 0.1), "groups": groups}))


CODED = {"type": "integer", "bad": [2, 3], "categories": [
    {"value": 1, "label": "good"}, {"value": 2, "label": "late"}, {"value": 3, "label": "lost"},
    {"value": 4, "label": "open"}], "good": 1}  # fmt: skip


def test_labels_are_the_bads_and_the_goods_and_a_file_may_write_codes() -> None:
    found = contract(CODED)
    assert [*found.labels] == ["good", "late", "lost"]  # an open loan has no outcome
    assert [found.outcome("late"), found.written_outcome("3"), found.written_outcome("good")] == [
        "late",
        "lost",
        "good",
    ]
    for value in ("open", "2", 2, True):
        with pytest.raises(NotInContractError, match='must be one of "good", "late", "lost", the labels of paid'):
            found.outcome(value)
    with pytest.raises(NotInContractError):
        found.written_outcome("4")


@pytest.mark.parametrize(
    ("target", "known", "right", "wrong"),
    [
        ({"type": "integer", "bad": 1}, (1, 0), {0: "0", 1.0: "1"}, (2, "1", True)),
        ({"type": "boolean", "bad": False}, (True, False), {True: "true", False: "false"}, (1, "true")),
        ({"bad": "no", "categories": ["yes", "no"]}, (), {"no": "no", "yes": "yes"}, ("maybe", "")),
    ],
)
def test_an_outcome_is_a_label_of_its_own_type(
    target: dict[str, Any], known: tuple[Any, ...], right: dict[Any, str], wrong: tuple[Any, ...]
) -> None:
    found = contract(target, known=known)
    for value, text in right.items():
        assert (found.outcome(value), found.written_outcome(text)) == (text, text)
    for value in wrong:
        with pytest.raises(NotInContractError):
            found.outcome(value)


def test_a_file_writes_truths_and_numbers_as_its_contract_has_them() -> None:
    found = contract({"type": "boolean", "bad": True, "trueValues": ["Y"], "falseValues": ["N"]}, known=(True, False))
    assert [found.written_outcome(text) for text in ("Y", "N", "TRUE")] == ["true", "false", "true"]
    assert contract({"type": "integer", "bad": 1}, known=(0, 1)).written_outcome("1.0") == "1"


def test_groups_keep_the_rules_of_their_fields() -> None:
    sex = {"name": "sex", "categories": [{"value": "f", "label": "female"}, {"value": "m", "label": "male"}]}
    age = {"name": "age", "type": "integer", "constraints": {"minimum": 18}}
    found = contract(CODED, sex, age, {"name": "city"}, {"name": "union", "type": "boolean"})
    told = {"sex": "female", "age": 33.0, "city": "Fés", "union": True}
    assert [found.group(*one) for one in told.items()] == ["female", "33", "Fés", "true"]
    written = {"sex": "f", "age": "33", "city": "Fés", "union": "True"}
    assert [found.written_group(*one) for one in written.items()] == ["female", "33", "Fés", "true"]
    for name, value in {"sex": "f", "age": 17, "city": "a\x00", "union": "yes", "income": 1, "job": "x"}.items():
        with pytest.raises(NotInContractError) as error:
            found.group(name, value)
        assert "17" not in str(error.value)
    for name, text in {"sex": "x", "age": "old", "union": "2"}.items():
        with pytest.raises(NotInContractError):
            found.written_group(name, text)


def test_a_card_of_an_earlier_release_knows_no_labels() -> None:
    target = Target(name="paid", title="", bad="no", bad_rate=0.1)
    found = OutcomeContract(card().model_copy(update={"target": target}))
    assert not found.complete
    with pytest.raises(NotInContractError, match="of an earlier release"):
        found.outcome("no")
