import json

import pytest

from src.contract.package import Package, read_package
from src.model.card import features_of, read_card, translations_of, write_card
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def german() -> Package:
    return read_package(ROOT / "data/external/german_credit/datapackage.yaml")


def test_committed_card_describes_the_committed_package(german: Package) -> None:
    card = read_card(ROOT / "models/model.json")
    assert card.features == features_of(german)
    assert set(card.reference) == {feature.name for feature in card.features}
    assert card.target.bad == german.target.bad_label
    assert card.protected == [column.name for column in german.with_role("protected")]
    assert not set(card.protected) & set(card.reference)


def test_every_example_and_reference_value_is_one_that_the_feature_allows() -> None:
    card = read_card(ROOT / "models/model.json")
    for feature in card.features:
        for value in (feature.example, card.reference[feature.name]):
            if feature.categories:
                assert value in feature.categories, feature.name
            else:
                assert feature.minimum <= value <= feature.maximum, feature.name


def test_feature_speaks_in_labels_and_keeps_bounds(package: Package) -> None:
    income, years, owner, region = features_of(package)
    assert (income.type, income.required, income.direction) == ("number", True, "decreasing")
    assert (years.required, years.title) == (False, "years")
    assert owner.type == "boolean"
    assert region.categories == ["North", "South"]


def test_translations_are_keyed_by_the_label_that_the_api_uses(german: Package) -> None:
    texts = translations_of(german)["pt-BR"]
    for column in german.features:
        assert list(texts[column.name].categories) == column.labels


def test_group_goes_from_the_package_to_the_card_in_every_language() -> None:
    card = read_card(ROOT / "models/model.json")
    loan = next(feature for feature in card.features if feature.name == "duration_months")
    assert (loan.group, loan.changeable) == ("The loan", True)
    assert card.translations["pt-BR"]["duration_months"].group == "O empréstimo"


def test_card_comes_back_as_it_was_written(tmp_path) -> None:
    card = read_card(ROOT / "models/model.json")
    write_card(tmp_path / "model.json", card)
    assert read_card(tmp_path / "model.json") == card
    assert (tmp_path / "model.json").read_bytes() == (ROOT / "models/model.json").read_bytes()
    assert "NaN" not in json.dumps(card.model_dump(mode="json"))
