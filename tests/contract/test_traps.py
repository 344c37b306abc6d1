"""What YAML makes of words that nobody put in quotes is found when the package is read, and the mend is said"""

from pathlib import Path

import pytest

from src.contract.fields import ContractError
from src.contract.package import read_package

PACKAGE = """
name: p
resources:
  - name: t
    path: t.csv
    schema:
      fields:
        - {{name: x, {field}}}
        - {{name: amount, type: number}}
        - {{name: made, type: date, role: time}}
        - {{name: paid, role: target, bad: "no"}}
"""


def read(folder: Path, field: str) -> list[str]:
    """Read a package with a field of these properties; the lines of the refusal, none where it is read."""
    path = folder / "datapackage.yaml"
    path.write_text(PACKAGE.format(field=field), encoding="utf-8")
    try:
        read_package(path)
    except ContractError as error:
        return [line.removeprefix(f"{path}: resources.0.schema.fields.0: ") for line in str(error).splitlines()]
    return []


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("categories: [yes, 'no']", "field 'x': categories: YAML reads yes as true: write it in quotes"),
        ("categories: [on, OFF]", "categories: YAML reads on as true and OFF as false: write it in quotes"),
        ("categories: [a, 010]", "categories: YAML reads 010 as the number 8: write it in quotes"),
        ("categories: [a, 1:30]", "categories: YAML reads 1:30 as the number 90: write it in quotes"),
        ("categories: [a, 1.50]", "categories: YAML reads 1.50 as the number 1.5: write it in quotes"),
        ("categories: [a, 2011-12-01]", "categories: YAML reads 2011-12-01 as a date: write it in quotes"),
        ("categories: [a, NULL]", "categories: YAML reads NULL as nothing: write it in quotes"),
        ("categories: [{value: yes, label: a}]", "categories: YAML reads yes as true: write it in quotes"),
        ("categories: [{value: a, label: no}]", "label: YAML reads no as false: write it in quotes"),
        ("categories: [a], title: on", "title: YAML reads on as true: write it in quotes"),
        ("missingValues: [NULL]", "missingValues: YAML reads NULL as nothing: write it in quotes"),
        ("missingValues: [{value: ~, label: a}]", "missingValues: YAML reads ~ as nothing: write it in quotes"),
        ("type: integer, missingValues: [0x1F]", "missingValues: YAML reads 0x1F as the number 31: write it in quotes"),
        ("type: integer, categories: [1, 010]", "categories: YAML reads 010 as the number 8: write it in quotes"),
        ("type: number, constraints: {enum: [1, yes]}", "enum: YAML reads yes as true: write it in quotes"),
        ("type: number, constraints: {maximum: 1e5}", "maximum: YAML reads 1e5 as text: write it as a plain number"),
        ("type: number, constraints: {minimum: 1:30}", "minimum: YAML reads 1:30 as the number 90: write it in quotes"),
        ("type: boolean, trueValues: [yes]", "trueValues: YAML reads yes as true: write it in quotes"),
        ("type: boolean, falseValues: [0]", "falseValues: YAML reads 0 as the number 0: write it in quotes"),
        ("categories: [a], translations: {pt: {categories: {a: no}}}", "label: YAML reads no as false"),
        ("categories: ['yes'], translations: {pt: {categories: {yes: s}}}", "categories: YAML reads yes as true"),
        ("role: ignored, bad: yes", "bad: YAML reads yes as true: write it in quotes"),
    ],
)  # fmt: skip
def test_trap_is_one_line_that_says_which_word_to_write_how(tmp_path: Path, field: str, said: str) -> None:
    [line] = read(tmp_path, field)
    assert said in line


@pytest.mark.parametrize(
    "field",
    [
        "categories: ['yes', 'no', '010', '2011-12-01', 'NULL']",
        "categories: [Y, N, T, F, A1, 1, 2]",
        "type: integer, categories: [1, -2, 1.5], constraints: {minimum: -10.50}",
        "type: boolean, categories: [true, {value: no, label: never}], example: yes",
        "type: date, constraints: {minimum: 2011-12-01}, example: 2012-01-01",
        "type: number, missingValues: [-9, '', n/a], constraints: {maximum: 1_000}, example: 12.50",
        "missingValues: [-9, '010'], example:",
        "example: ~",
    ],
)
def test_what_yaml_reads_as_it_is_meant_is_taken(tmp_path: Path, field: str) -> None:
    assert read(tmp_path, field) == []


def test_traps_of_several_fields_are_told_at_once(tmp_path: Path) -> None:
    assert len(read(tmp_path, "categories: [yes], title: no, missingValues: [NULL]")) == 3


def test_column_that_is_named_like_a_boolean_is_told(tmp_path: Path) -> None:
    path = tmp_path / "datapackage.yaml"
    path.write_text(PACKAGE.format(field="type: string").replace("name: x", "name: no"), encoding="utf-8")
    with pytest.raises(ContractError, match="name: YAML reads no as false: write it in quotes"):
        read_package(path)
