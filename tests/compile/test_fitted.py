import pytest

from src.compile.fitted import bases, cut_points, matrix_columns, trees_of
from tests.serving.kinds import KINDS, fitted


@pytest.mark.parametrize("kind", KINDS)
def test_bases_of_a_model_are_its_pipelines_however_it_is_wrapped(kind: str) -> None:
    expected = ["LogisticRegression", "RandomForestClassifier", "HistGradientBoostingClassifier"]
    alone = [expected[0], "AdditiveClassifier", *expected[1:], "RClassifier"]
    for name in (kind, f"{kind}, calibrated"):
        found = [type(base[-1]).__name__ for base in bases(fitted(name))]
        assert found == (expected if kind == "blend" else [alone[KINDS.index(kind)]])


@pytest.mark.parametrize("kind", ["forest", "boosting"])
def test_columns_are_named_as_the_encoder_names_them(kind: str) -> None:
    encoder = fitted(kind)[0]
    named = [f"{name}=missing" if missing else name for name, missing, _ in matrix_columns(encoder)]
    assert named == list(encoder.get_feature_names_out())


def test_cut_points_of_a_scorecard_are_its_edges_and_of_trees_their_thresholds() -> None:
    encoder = fitted("scorecard")[0]
    edges = {(name, float(edge)) for name, found in encoder.edges_.items() for edge in found}
    assert set(cut_points(fitted("scorecard"))) == edges
    numeric = set(fitted("forest")[0].numeric)
    assert {name for name, _ in cut_points(fitted("forest"))} <= numeric


def test_trees_are_as_many_as_the_model_has() -> None:
    assert len(trees_of(fitted("forest")[-1])) == 15
    assert len(trees_of(fitted("boosting")[-1])) == 15
    assert trees_of(fitted("scorecard")[-1]) == []
