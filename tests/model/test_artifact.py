import json
import pickle
import pickletools
from importlib.metadata import version
from pathlib import Path

import pytest
from sklearn.dummy import DummyClassifier

from src.errors import LastroError
from src.files import sha256_of
from src.model.artifact import ArtifactError, library_versions, load_model, to_bytes
from tests.conftest import ROOT


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The committed card, naming a small model beside it."""
    content = to_bytes(DummyClassifier().fit([[0], [1]], [0, 1]))
    card = json.loads((ROOT / "models/model.json").read_text()) | {"sha256": sha256_of(content)}
    (tmp_path / "model.pkl").write_bytes(content)
    (tmp_path / "model.json").write_text(json.dumps(card))
    return tmp_path


def change_card(models: Path, **changes: object) -> None:
    path = models / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


def test_model_that_the_card_names_is_loaded(models: Path) -> None:
    card, model = load_model(models)
    assert isinstance(model, DummyClassifier)
    assert card.sha256 == sha256_of((models / "model.pkl").read_bytes())


def test_model_with_another_sha256_is_refused_before_it_runs_code(models: Path, tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    pickle.loads(bomb)
    assert (tmp_path / "exploded").exists()  # the bomb works
    (tmp_path / "exploded").unlink()
    (models / "model.pkl").write_bytes(bomb)
    with pytest.raises(ArtifactError, match=f"refused, its sha256 is {sha256_of(bomb)}, the card names"):
        load_model(models)
    assert not (tmp_path / "exploded").exists()


def test_one_flipped_bit_is_refused(models: Path) -> None:
    content = bytearray((models / "model.pkl").read_bytes())
    content[len(content) // 2] ^= 1
    (models / "model.pkl").write_bytes(content)
    with pytest.raises(ArtifactError, match="refused"):
        load_model(models)


@pytest.mark.parametrize(
    ("library", "installed"),
    [("scikit-learn", version("scikit-learn")), ("pydantic", version("pydantic")), ("no-such", "none")],
)
def test_other_version_of_a_candidates_library_is_refused_and_both_are_named(
    models: Path, library: str, installed: str
) -> None:
    change_card(models, libraries=library_versions(["scikit-learn"]) | {library: "0.1"})
    with pytest.raises(ArtifactError, match=f"fitted with {library} 0.1, but {installed} is installed"):
        load_model(models)


def test_other_versions_of_the_libraries_below_are_no_hindrance(models: Path) -> None:
    change_card(
        models, libraries=library_versions(["scikit-learn"]) | {"numpy": "0.1", "pandas": "0.1", "scipy": "0.1"}
    )
    assert isinstance(load_model(models)[1], DummyClassifier)


def test_missing_model_and_missing_card_say_what_brings_them(models: Path) -> None:
    (models / "model.pkl").unlink()
    with pytest.raises(ArtifactError, match="dvc pull"):
        load_model(models)
    (models / "model.json").unlink()
    with pytest.raises(LastroError, match="dvc repro"):
        load_model(models)


def test_card_with_an_unknown_field_names_it(models: Path) -> None:
    change_card(models, surprise=1)
    with pytest.raises(LastroError, match=r"model.json: surprise"):
        load_model(models)


def test_canonical_pickle_writes_every_string_in_full_and_loads_equal() -> None:
    text = "e" * 3
    value = {"a": [text, "".join(["e", "ee"]), "é" * 300], "b": ("e", "e")}
    content = to_bytes(value)
    assert pickle.loads(content) == value
    strings = [str(arg) for op, arg, _ in pickletools.genops(content) if op.name in ("SHORT_BINUNICODE", "BINUNICODE")]
    assert strings.count("eee") == 2
    assert strings.count("e") == 2


def test_equal_models_give_equal_bytes() -> None:
    fits = [to_bytes(DummyClassifier().fit([[0], [1]], [0, 1])) for _ in range(2)]
    assert fits[0] == fits[1]
