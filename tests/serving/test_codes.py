import numpy as np
import pytest
from pydantic import ValidationError

from src.serving.codes import MISSING, Encoder, FieldCode
from src.serving.export import Export


def test_number_is_coded_by_the_cuts_that_it_reaches() -> None:
    code = FieldCode(name="a", cuts=[1.0, 2.5]).coder()
    below, above = np.nextafter(2.5, 0), np.nextafter(2.5, 9)
    assert [code(value) for value in (-1e300, 0.999, 1, 1.0, below, 2.5, above, 1e300)] == [0, 0, 1, 1, 1, 2, 2, 2]


def test_label_is_coded_by_its_place_and_an_unknown_one_is_missing() -> None:
    code = FieldCode(name="a", labels=["x", "y"]).coder()
    assert [code(value) for value in ("x", "y", "z", None)] == [0, 1, MISSING, MISSING]


def test_missing_number_has_a_code_of_its_own() -> None:
    assert FieldCode(name="a", cuts=[0.0]).coder()(None) == MISSING
    assert FieldCode(name="a").coder()(3) == 0  # a number that no part of the model looks at


def test_boolean_is_a_number() -> None:
    code = FieldCode(name="a", cuts=[1.0]).coder()
    assert (code(False), code(True)) == (0, 1)


def test_codes_are_floats_in_the_order_of_the_fields() -> None:
    fields = [FieldCode(name="b", labels=["x"]), FieldCode(name="a", cuts=[0.5])]
    encoder = Encoder(fields, [field.coder() for field in fields])
    found = encoder.row({"a": 1, "b": "x", "unused": 3})
    assert found == [0.0, 1.0]
    assert all(type(code) is float for code in found)


def test_unknown_key_of_an_export_is_refused() -> None:
    parity = {"dataset_rows": 1, "random_rows": 0, "largest_difference": 0, "flipped_decisions": 0}
    with pytest.raises(ValidationError, match="surprise"):
        Export.model_validate({"model": "a", "file": "model.onnx", "sha256": "c", "fields": [],
                               "libraries": {}, "parity": parity, "surprise": 1})  # fmt: skip
