"""params.yaml's candidates -> unfitted scikit-learn pipelines from the contract's columns to a probability"""

from collections.abc import Mapping

from sklearn.pipeline import Pipeline

from src.contract.fields import Column
from src.model.features import ApplicantEncoder
from src.model.kinds import KINDS, Setting
from src.params import Candidate

SIGN = {"increasing": 1, "decreasing": -1, None: 0}
LIBRARY = "scikit-learn"


def build(candidates: Mapping[str, Candidate], columns: list[Column], seed: int) -> dict[str, Pipeline]:
    """Return one unfitted pipeline a candidate, in the order of params.yaml.

    `columns` are the contract's features; `seed` makes every fit repeatable. A blend holds its members' pipelines.
    """
    bases = {name: _base(c, columns, seed) for name, c in candidates.items() if not c.parts}
    return {name: _blend(c, bases, seed) if c.parts else bases[name] for name, c in candidates.items()}


def libraries(candidates: Mapping[str, Candidate], name: str) -> set[str]:
    """Return the libraries whose versions decide whether the candidate's pickle can be loaded."""
    parts = [candidates[part] for part in (name, *candidates[name].parts)]
    return {LIBRARY, *(KINDS[part.kind].library for part in parts)}


def _base(candidate: Candidate, columns: list[Column], seed: int) -> Pipeline:
    kind, numeric = KINDS[candidate.kind], [column for column in columns if column.kind != "category"]
    encoder = ApplicantEncoder(
        numeric=[column.name for column in numeric],
        optional=[column.name for column in numeric if not column.constraints.required],
        categories={column.name: column.labels for column in columns if column.kind == "category"},
        **kind.encoding(candidate),
    )
    directions = [] if encoder.bins else _directions(encoder, numeric)
    classifier = kind.build(candidate, Setting(seed, directions, {}))
    return Pipeline([("encode", encoder), ("classify", classifier)])


def _directions(encoder: ApplicantEncoder, numeric: list[Column]) -> list[int]:
    by_name = {column.name: SIGN[column.direction] for column in numeric}
    return [by_name.get(name, 0) for name in encoder.get_feature_names_out()]


def _blend(candidate: Candidate, bases: Mapping[str, Pipeline], seed: int) -> Pipeline:
    vote = KINDS[candidate.kind].build(candidate, Setting(seed, [], bases))
    return Pipeline([("blend", vote)])
