import pytest

from src.frontend.bins import said
from src.frontend.language import Language
from src.frontend.texts import Texts

UNITS, LABELS = {"age": "years"}, {"job": ["other", "18 to 25"]}
ENGLISH = Texts(Language("en"), {}, UNITS, LABELS)
PORTUGUESE = Texts(Language("pt-BR"), {"job": {"categories": {"none": "nenhum"}}}, UNITS, LABELS)


@pytest.mark.parametrize(
    ("text", "english", "portuguese"),
    [
        ("18 to 25", "18 to 25", "18 a 25"),
        ("over 0.5 to 1234.5", "over 0.5 to 1,234.5", "acima de 0,5 a 1.234,5"),
        ("12 to < 18.5", "12 to < 18.5", "12 a < 18,5"),
        ("< -3", "< -3", "< -3"),
        (">= 1347", "≥ 1,347", "≥ 1.347"),
        ("30 to 400 days before", "30 to 400 days before", "30 a 400 dias antes"),
        ("12", "12", "12"),
        ("< 2e-12", "< 2e-12", "< 2e-12"),
        ("any", "any number", "qualquer número"),
        ("other", "other", "outros"),
        ("missing", "not known", "não se sabe"),
        ("True", "yes", "sim"),
        ("false", "no", "não"),
        ("none", "none", "none"),
        ("from 1 to 2", "from 1 to 2", "from 1 to 2"),
    ],
)
def test_names_of_bins_and_groups_are_in_the_pages_language(
    text: str, english: str, portuguese: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words, wanted in ((ENGLISH, english), (PORTUGUESE, portuguese)):
        monkeypatch.setattr("src.frontend.language.current", lambda words=words: words.language)
        assert said(words, "age", text) == wanted


def test_labels_of_the_data_set_are_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("src.frontend.language.current", lambda: PORTUGUESE.language)
    assert [said(PORTUGUESE, "job", text) for text in ("none", "other", "18 to 25")] == ["nenhum", "other", "18 to 25"]


def test_years_have_no_marks_of_thousands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("src.frontend.language.current", lambda: ENGLISH.language)
    assert said(ENGLISH, "born", "1980 to 1990", years=True) == "1980 to 1990"
    assert said(ENGLISH, "income", "1980 to 1990") == "1,980 to 1,990"
