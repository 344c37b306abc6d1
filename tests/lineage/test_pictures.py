"""Every plot of the evaluation becomes a picture, whatever the data set."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from src.lineage.pictures import PICTURES, draw, names
from tests.conftest import ROOT

PLOTS = ROOT / "reports" / "plots"


def drawn(plots: dict[str, Any], folder: Path) -> dict[str, np.ndarray]:
    """Draw plots of these rows; returns each picture's pixels."""
    folder.mkdir()
    for name, rows in plots.items():
        (folder / f"{name}.json").write_text(json.dumps(rows))
    draw(folder, folder)
    return {path.name: imread(path) for path in folder.glob("*.png")}


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in PLOTS.glob("*.json")}


def test_every_plot_is_drawn_into_a_picture_of_its_own(committed: dict[str, Any], tmp_path: Path) -> None:
    assert names(PLOTS) == [f"{name}.png" for name in PICTURES]
    assert set(PICTURES) == set(committed)
    pictures = drawn(committed, tmp_path / "plots")
    assert set(pictures) == set(names(PLOTS))
    assert {picture.shape for picture in pictures.values()} == {(480, 720, 4)}
    assert all(picture.std() > 0.02 for picture in pictures.values()), "something is drawn"
    assert len({picture.tobytes() for picture in pictures.values()}) == len(pictures)


def test_plot_that_is_not_there_is_not_drawn(committed: dict[str, Any], tmp_path: Path) -> None:
    assert set(drawn({"roc": committed["roc"]}, tmp_path / "plots")) == {"roc.png"}


def test_decisions_of_one_kind_and_a_hundred_features_can_be_drawn(tmp_path: Path) -> None:
    confusion = [{"outcome": "good", "decision": "approve", "count": 0}]
    importance = [{"feature": f"feature_{number}", "loss": 0.0, "std": 0.0} for number in range(100)]
    assert len(drawn({"confusion": confusion, "importance": importance}, tmp_path / "plots")) == 2


@pytest.mark.parametrize("name", [r"Fee ($) of \frac{ ($)", "a^{_b", "<b>x</b> & y", "Größe (m²)"])
def test_feature_of_any_name_can_be_drawn(name: str, tmp_path: Path) -> None:
    assert len(drawn({"importance": [{"feature": name, "loss": 0.1, "std": 0.0}]}, tmp_path / "plots")) == 1
