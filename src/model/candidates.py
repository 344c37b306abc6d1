"""params.yaml's candidates -> unfitted scikit-learn pipelines from the contract's columns to a probability"""

from collections.abc import Collection, Mapping
from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from src.model.binning import ScorecardEncoder
from src.model.card import Feature
from src.model.columns import field_of_columns
from src.model.directions import expected
from src.model.features import ApplicantEncoder, StatefulEncoder
from src.model.kinds import KINDS, Setting
from src.params import Candidate, Text

LIBRARY = "scikit-learn"
KEPT = Text()


def build(
    candidates: Mapping[str, Candidate],
    features: list[Feature],
    seed: int,
    text: Text = KEPT,
    free: Collection[str] = (),
) -> dict[str, Pipeline]:
    """Return one unfitted pipeline a candidate, in the order of params.yaml.

    `seed` makes every fit repeatable; `text` says which values of a text are kept; those that are `free` are not bound
    to expected directions of risk. A blend holds its members' pipelines.
    """
    signs = expected(features)
    bases = {
        name: _base(candidate, features, seed, text, {} if name in free else signs)
        for name, candidate in candidates.items()
        if not candidate.parts
    }
    return {name: _blend(c, bases, seed) if c.parts else bases[name] for name, c in candidates.items()}


def libraries(candidates: Mapping[str, Candidate], name: str) -> set[str]:
    """Return the libraries whose versions decide whether the candidate's pickle can be loaded."""
    parts = [candidates[part] for part in (name, *candidates[name].parts)]
    return {LIBRARY, *(KINDS[part.kind].library for part in parts)}


def _base(
    candidate: Candidate, features: list[Feature], seed: int, text: Text, directions: Mapping[str, int]
) -> Pipeline:
    kind = KINDS[candidate.kind]
    signs, options = dict(directions) if kind.binds(candidate) else {}, kind.encoding(candidate)
    if "bins" in options:
        classifier = kind.build(candidate, Setting(seed, [], {}))
        bound = {"directions": signs, "regression": clone(classifier)} if signs else {}
        encode = encoder(features, seed, text, options | bound)
    else:
        encode = encoder(features, seed, text, options)
        expects = [signs.get(name, 0) for name in encode.get_feature_names_out()]
        columns = field_of_columns(encode)
        labels = [place for place, name in enumerate(columns) if name in encode.categories]
        texts = encode.texts if isinstance(encode, StatefulEncoder) else []
        classifier = kind.build(candidate, Setting(seed, expects, {}, columns, labels, encode.categories, texts))
    return Pipeline([("encode", encode), ("classify", classifier)])


def encoder(features: list[Feature], seed: int, text: Text, options: Mapping[str, Any]) -> ApplicantEncoder:
    """Return the encoder of these features: that of labels and numbers alone, where there is nothing else."""
    numeric = [feature for feature in features if feature.numeric]
    texts = [feature.name for feature in features if is_text(feature, text)]
    columns: dict[str, Any] = {
        "numeric": [feature.name for feature in numeric],
        "optional": [feature.name for feature in numeric if not feature.required],
        "categories": {f.name: f.categories or [] for f in features if not f.numeric and f.name not in texts},
    }
    states = {feature.name: feature.states for feature in features if feature.states}
    kept: dict[str, Any] = {"states": states, "texts": texts, "least": text.least, "most": text.most, "seed": seed}
    if {"directions", "least_iv"} & set(options):
        return ScorecardEncoder(**columns, **options, **kept)
    if not states and not texts:
        return ApplicantEncoder(**columns, **options)
    return StatefulEncoder(**columns, **options, **kept)


def is_text(feature: Feature, text: Text) -> bool:
    """Say whether a feature is coded by its values' risk: a text, or a closed list longer than what is kept of one."""
    return feature.type == "text" or len(feature.categories or ()) > text.most


def _blend(candidate: Candidate, bases: Mapping[str, Pipeline], seed: int) -> Pipeline:
    vote = KINDS[candidate.kind].build(candidate, Setting(seed, [], bases))
    return Pipeline([("blend", vote)])
