"""models/ is verified before anything is loaded, and each predictor says what the fitted model says"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src.compile.compiler import member_of
from src.errors import LastroError
from src.files import sha256_of
from src.model.artifact import to_bytes
from src.model.card import read_card, write_card
from src.pipeline.export import export_of, trees_of
from src.serving.codes import FieldCode
from src.serving.export import CODES, EXPORT, TREES, Member, Parity, parted, read_export, read_stated
from src.serving.predictors import AdditivePredictor, PointsPredictor, TreesPredictor, load
from tests.serving.kinds import (
    NAMES,
    applicants,
    card,
    compiled,
    features,
    fitted,
    fitted_pds,
    served,
    served_pds,
    table,
    typical,
)

NONE = Parity(dataset_rows=1, random_rows=0, largest_difference=0, flipped_decisions=0)


def folder_of(name: str, folder: Path) -> Path:
    """What training and `export` leave of a model."""
    pickle, found = to_bytes(fitted(name)), compiled(name)
    known = card().model_copy(update={"sha256": sha256_of(pickle)})
    trees = trees_of(found)
    write_card(folder / "model.json", known)
    (folder / "model.pkl").write_bytes(pickle)
    (folder / TREES).write_bytes(trees)
    named = sha256_of((folder / "model.json").read_bytes())
    export = export_of(known, found, trees, NONE, named, member_of(fitted(name), features()))
    (folder / EXPORT).write_text(export.model_dump_json())
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_folder_of_every_model_is_served_with_the_fitted_models_pd(name: str, tmp_path: Path) -> None:
    predictor = load(folder_of(name, tmp_path)).scorer.predictor
    given = applicants(table()[0])
    assert np.abs(served_pds(predictor, given) - fitted_pds(name, given)).max() < 1e-9


@pytest.mark.parametrize(
    "name", ["scorecard", "forest", "boosting, calibrated", pytest.param("r", marks=pytest.mark.r)]
)
def test_replacements_are_what_the_changed_applicants_get(name: str) -> None:
    predictor, given = served(name), applicants(table()[0].head(20))
    rows, reference = [predictor.row(applicant) for applicant in given], predictor.row(typical())
    names = list(typical())
    for applicant, row in zip(given, rows, strict=True):
        found = predictor.replaced(row, reference)
        changed = [applicant | {names[place]: typical()[names[place]]} for _, place in found]
        assert [pd for pd, _ in found] == pytest.approx(
            served_pds(predictor, changed).tolist() if changed else [], abs=1e-12
        )


@pytest.mark.parametrize("name", NAMES)
def test_what_is_readable_is_a_table_of_weights_calibrated_or_not(name: str) -> None:
    kinds = {"scorecard": PointsPredictor, "additive": AdditivePredictor, "r": PointsPredictor}
    assert type(served(name)) is kinds.get(name.partition(",")[0], TreesPredictor)


@pytest.mark.parametrize("name", ["scorecard", "forest"])
def test_changed_serving_file_is_refused(name: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path)
    export = json.loads((folder / EXPORT).read_text())
    if name == "scorecard":
        export["fields"][0]["weights"][1] += 1e-6
        (folder / EXPORT).write_text(json.dumps(export))
    else:
        content = bytearray((folder / TREES).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / TREES).write_bytes(content)
    with pytest.raises(LastroError, match="refused"):
        load(folder)


@pytest.mark.parametrize("name", ["scorecard", "forest"])
def test_changed_pickle_is_refused_even_where_it_is_not_served(name: str, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path)
    (folder / "model.pkl").write_bytes(b"another")
    with pytest.raises(LastroError, match=r"model\.pkl: refused"):
        load(folder)
    (folder / "model.pkl").unlink()
    load(folder)


def test_card_of_another_threshold_is_refused_and_an_older_form_names_no_card(tmp_path: Path) -> None:
    folder = folder_of("scorecard", tmp_path)
    assert load(folder).form_sha256 == sha256_of((folder / EXPORT).read_bytes())
    named = read_card(folder / "model.json")
    write_card(folder / "model.json", named.model_copy(update={"threshold": named.threshold / 2}))
    with pytest.raises(LastroError, match=r"model\.json: refused, its sha256 is"):
        load(folder)
    older = read_stated(folder / EXPORT).model_copy(update={"card_sha256": None})
    (folder / EXPORT).write_text(older.model_dump_json())
    assert "card_sha256" not in json.loads((folder / EXPORT).read_text())
    assert load(folder).scorer.threshold == named.threshold / 2


def with_codes(folder: Path) -> Path:
    """The same model, its cuts beside export.json."""
    stated, codes = parted(read_export(folder / EXPORT), most=0)
    (folder / EXPORT).write_text(stated.model_dump_json())
    (folder / CODES).write_bytes(codes)
    return folder


@pytest.mark.parametrize("name", ["scorecard, calibrated", "forest"])
def test_model_with_its_cuts_in_a_file_of_their_own_is_the_same(name: str, tmp_path: Path) -> None:
    before = load(folder_of(name, tmp_path))
    after = load(with_codes(tmp_path))
    assert not any(field.cuts or field.weights for field in read_stated(tmp_path / EXPORT).fields)
    assert after.export.fields == before.export.fields
    given = applicants(table()[0])
    assert (served_pds(after.scorer.predictor, given) == served_pds(before.scorer.predictor, given)).all()


@pytest.mark.parametrize("spoil", [lambda codes: codes.replace(b"1", b"2", 1), lambda _: b""])
def test_changed_cuts_are_refused(spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = with_codes(folder_of("forest", tmp_path)) / CODES
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(LastroError, match=r"codes\.json: refused"):
        load(tmp_path)
    path.unlink()
    with pytest.raises(LastroError, match=r"codes\.json: no such file"):
        load(tmp_path)


def test_few_cuts_stay_where_they_are(tmp_path: Path) -> None:
    export = read_export(folder_of("scorecard", tmp_path) / EXPORT)
    count = sum(len(field.cuts) for field in export.fields)
    assert parted(export, most=count) == (export, b"")
    assert "codes_sha256" not in json.loads((tmp_path / EXPORT).read_text())
    stated, codes = parted(export, most=count - 1)
    assert json.loads(stated.model_dump_json())["codes_sha256"] == sha256_of(codes)


def test_cuts_of_a_blends_member_count_too_for_git_holds_both(tmp_path: Path) -> None:
    table = read_export(folder_of("scorecard", tmp_path) / EXPORT)
    count = sum(len(field.cuts) for field in table.fields)
    member = Member(fields=table.fields, intercept=table.intercept, pairs=[], weights_sha256=table.weights_sha256)
    both = table.model_copy(update={"member": member})
    assert parted(both, most=2 * count) == (both, b"")
    stated, codes = parted(both, most=2 * count - 1)
    assert codes
    assert stated.member == member


def test_cuts_of_other_fields_are_refused(tmp_path: Path) -> None:
    folder = with_codes(folder_of("forest", tmp_path))
    export = json.loads((folder / EXPORT).read_text())
    (folder / EXPORT).write_text(json.dumps(export | {"fields": export["fields"][::-1]}))
    with pytest.raises(LastroError, match=r"codes\.json: refused, its fields are not those of export\.json"):
        load(folder)


def test_export_of_another_model_is_refused_and_both_are_named(tmp_path: Path) -> None:
    folder = folder_of("forest", tmp_path)
    export = json.loads((folder / EXPORT).read_text())
    (folder / EXPORT).write_text(json.dumps(export | {"model": "0" * 64}))
    with pytest.raises(LastroError, match=f"is of the model {'0' * 64}, the card names {export['model']}"):
        load(folder)


def test_missing_and_broken_export_are_sentences(tmp_path: Path) -> None:
    folder = folder_of("forest", tmp_path)
    (folder / EXPORT).write_text("{}")
    with pytest.raises(LastroError, match=r"export\.json: model"):
        load(folder)
    (folder / EXPORT).unlink()
    with pytest.raises(LastroError, match=r"export\.json: no such file; `dvc repro` writes it"):
        load(folder)


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)], ids=["empty", "other", "cut", "nothing"]
)
def test_file_without_trees_is_one_line(content: bytes, tmp_path: Path) -> None:
    folder = folder_of("forest", tmp_path)
    (folder / TREES).write_bytes(content)
    export = json.loads((folder / EXPORT).read_text()) | {"sha256": sha256_of(content)}
    (folder / EXPORT).write_text(json.dumps(export))
    with pytest.raises(LastroError, match=r"trees\.npz: holds no trees that this version can read") as raised:
        load(folder)
    assert "\n" not in str(raised.value)


def test_other_width_than_the_fields_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    folder = folder_of("forest", tmp_path)
    export = json.loads((folder / EXPORT).read_text())
    (folder / EXPORT).write_text(json.dumps(export | {"fields": export["fields"][1:]}))
    with pytest.raises(LastroError, match=r"export\.json: its fields are not those of trees\.npz"):
        load(folder)


def test_formula_of_other_trees_is_refused(tmp_path: Path) -> None:
    folder = folder_of("forest", tmp_path)
    export = json.loads((folder / EXPORT).read_text())
    (folder / EXPORT).write_text(json.dumps(export | {"formula": {"kind": "total", "part": 1}}))
    with pytest.raises(LastroError, match=r"export\.json: its formula is not of trees\.npz, which has 1 parts"):
        load(folder)


def test_log_odds_are_added_one_after_another() -> None:
    fields = [FieldCode(name=str(weight), weights=[weight]) for weight in (1e16, 1.0, -1e16)]
    predictor = PointsPredictor(fields, 0.0)
    row = predictor.row({})
    assert (row, predictor.log_odds(row)) == ([1e16, 1.0, -1e16], 0.0), "a sum that compensates gives 1"
