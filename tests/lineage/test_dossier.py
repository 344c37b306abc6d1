"""What a version says is about its own model, and as long as MLflow takes it."""

from pathlib import Path

import pytest

from src.lineage.dossier import LONGEST, Dossier, read_dossier
from src.lineage.lock import LineageError
from src.model.card import Card, read_card
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def card() -> Card:
    return read_card(ROOT / "models/model.json")


def test_committed_evaluation_and_model_card_are_read(card: Card) -> None:
    found = read_dossier(ROOT, card)
    assert found.text == (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert len(found.metrics) == 8
    assert found.plots == ROOT / "reports/plots"


def test_short_description_is_the_model_card_or_as_many_of_its_sections_as_fit(card: Card) -> None:
    found = read_dossier(ROOT, card)
    kept, _, rest = found.short.rpartition("\n\n*")
    assert len(found.short) <= LONGEST < len(found.text)
    assert found.text.startswith(f"{kept}\n\n## ")
    assert "`MODEL_CARD.md`" in rest
    brief = Dossier(card, {}, found.plots, "# Brief\n\n## One\n")
    assert brief.short == brief.text


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("models/evaluation.json", '{"sha256": "0"}', r"evaluation\.json is not about the model"),
        ("MODEL_CARD.md", "# Of another", r"MODEL_CARD\.md is not about the model"),
        ("MODEL_CARD.md", None, r"MODEL_CARD\.md: no such file; `dvc repro`"),
        ("reports/plots", None, r"plots: no such folder; `dvc repro`"),
    ],
)
def test_what_is_missing_or_about_another_model_is_named(
    card: Card, tmp_path: Path, path: str, content: str | None, said: str
) -> None:
    for name in ("models/evaluation.json", "MODEL_CARD.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    if path != "reports/plots":
        (tmp_path / "reports/plots").mkdir(parents=True)
        (tmp_path / path).unlink()
    if content:
        (tmp_path / path).write_text(content)
    with pytest.raises(LineageError, match=said):
        read_dossier(tmp_path, card)
