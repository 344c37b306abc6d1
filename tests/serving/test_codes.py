import numpy as np
import pytest
from pydantic import ValidationError

from src.serving.codes import Encoder, FieldCode
from src.serving.export import Export


def test_number_is_coded_by_the_cuts_that_it_reaches() -> None:
    code = FieldCode(name="a", cuts=[1.0, 2.5]).placer()
    below, above = np.nextafter(2.5, 0), np.nextafter(2.5, 9)
    assert [code(value) for value in (-1e300, 0.999, 1, 1.0, below, 2.5, above, 1e300)] == [1, 1, 2, 2, 2, 3, 3, 3]


def test_label_is_coded_by_its_place_and_an_unknown_one_is_missing() -> None:
    code = FieldCode(name="a", labels=["x", "y"]).placer()
    assert [code(value) for value in ("x", "y", "z", None)] == [1, 2, 0, 0]


def test_missing_number_has_a_code_of_its_own() -> None:
    assert FieldCode(name="a", cuts=[0.0]).placer()(None) == 0
    assert FieldCode(name="a").placer()(3) == 1  # a number that no part of the model looks at


def test_boolean_is_a_number() -> None:
    code = FieldCode(name="a", cuts=[1.0]).placer()
    assert (code(False), code(True)) == (1, 2)


def test_places_are_in_the_order_of_the_fields() -> None:
    fields = [FieldCode(name="b", labels=["x"]), FieldCode(name="a", cuts=[0.5])]
    encoder = Encoder(fields, [field.placer() for field in fields])
    found = encoder.row({"a": 1, "b": "x", "unused": 3})
    assert found == [1, 2]


def test_unknown_key_of_an_export_is_refused() -> None:
    parity = {"dataset_rows": 1, "random_rows": 0, "largest_difference": 0, "flipped_decisions": 0}
    with pytest.raises(ValidationError, match="surprise"):
        Export.model_validate({"model": "a", "file": "trees.npz", "sha256": "c", "fields": [],
                               "parity": parity, "surprise": 1})  # fmt: skip


def test_state_has_a_code_after_the_numbers_and_one_never_seen_is_missing() -> None:
    field = FieldCode(name="a", cuts=[1.0], states={"refused": 2, "not asked": -1})
    code = field.placer()
    assert [code(value) for value in (0, 1, "refused", "not asked", None)] == [1, 2, 3, 0, 0]
    assert field.count == 3


def test_text_has_its_labels_code_another_one_that_of_all_others() -> None:
    field = FieldCode(name="a", labels=["mill", "bank"], codes=[2, 0], other=1, missing=2)
    code = field.placer()
    assert [code(value) for value in ("mill", "bank", "shop", None, "")] == [3, 1, 2, 3, 3]
    weigh = field.model_copy(update={"weights": [9.0, 0.1, 0.2, 0.3]}).weigher()
    assert [weigh(value) for value in ("mill", "bank", "shop", None)] == [0.3, 0.1, 0.2, 0.3]


def test_date_is_its_days_before_the_application_and_a_number_is_days() -> None:
    field = FieldCode(name="since", cuts=[0.0, 365.0], before="applied on")
    row = Encoder([field], [field.placer()]).row
    days = ("2024-03-01", "2023-03-01", "2024-03-02", None)
    assert [row({"applied on": "2024-03-01", "since": day}) for day in days] == [[2], [3], [1], [0]]
    assert row({"since": 364}) == [2]  # the reference applicant's


def test_date_may_be_missing_for_a_reason() -> None:
    field = FieldCode(name="since", cuts=[30.0], states={"never": 2}, before="on")
    row = Encoder([field], [field.placer()]).row
    assert [row({"on": "2024-03-01", "since": value}) for value in ("never", "2024-01-01")] == [[3], [2]]


def test_field_says_only_what_it_has() -> None:
    old = {"name": "a", "labels": None, "cuts": [1.0], "weights": None}
    assert FieldCode.model_validate(old).model_dump() == old
    rare = {"states": {"x": -1}, "codes": [0], "other": 0, "missing": 1, "before": "on"}
    assert FieldCode.model_validate(old | rare).model_dump() == old | rare


def test_text_is_compared_as_the_package_says() -> None:
    field = FieldCode(name="a", labels=["mill"], codes=[0], other=1, missing=2)
    asked = ("mill", " Mill ", "MILL", "", None)
    assert [field.placer()(value) for value in asked] == [1, 2, 2, 3, 3]
    folded = field.model_copy(update={"trim": True, "ignore_case": True})
    assert [folded.placer()(value) for value in asked] == [1, 1, 1, 3, 3]
