"""models/model.json: what training decided, and the sha256 of the only model file that may be loaded"""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from src.contract.costs import Costs
from src.contract.fields import NUMBERS, Column, Kind, Translation
from src.contract.rules import Scalar
from src.errors import LastroError, sentences
from src.files import write_json
from src.params import Scale

if TYPE_CHECKING:
    from src.contract.package import Package

CARD = "model.json"
MODEL = "model.pkl"
BOUNDS = {"minimum", "maximum", "exclusive_minimum", "exclusive_maximum"}
RARE = (
    "first",
    "last",
    "states",
    "suggestions",
    "codes",
    "trim",
    "ignore_case",
)  # of a feature: written where they say something
Value = Scalar | None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Feature(BaseModel):
    """One input of the model: what the API asks for, what the form shows.

    `states` are the labels of reasons for not having a value, `suggestions` the texts that training has kept, `codes`
    what the data set's file writes for a label or a truth, where that is not the same; `first` and `last` are a date's
    bounds; `trim` and `ignore_case` say how texts are compared.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")  # cards of earlier releases say more

    name: str
    type: Kind
    title: str
    description: str
    unit: str | None
    group: str | None = None
    changeable: bool = False
    categories: list[str] | None
    enum: list[float] | None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    first: str | None = None
    last: str | None = None
    required: bool
    states: list[str] = []
    suggestions: list[str] = []
    codes: dict[str, Value] = {}
    trim: bool = False
    ignore_case: bool = False
    example: Value
    direction: str | None

    @model_serializer(mode="wrap")
    def _short(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        rare = {name for name in RARE if not getattr(self, name)}
        return {name: value for name, value in written(self).items() if name not in rare}

    @property
    def numeric(self) -> bool:
        """Say whether its values are numbers, as a model reads them: a boolean is one, and so are a date's days."""
        return self.type not in ("category", "text")

    @property
    def mixed(self) -> bool:
        """Say whether its values are numbers or reasons for not having one."""
        return self.numeric and bool(self.states)


class Time(_Part):
    """The field that says when an application was made; a date counts as the days before it."""

    name: str
    title: str
    description: str
    latest: str


class Target(_Part):
    """What is predicted; `bad_rate` is the share of bads in the training split.

    `bads` and `goods` are the labels that an outcome may have, `codes` what the file writes for them; cards of earlier
    releases have none of the three.
    """

    name: str
    title: str
    bad: Scalar
    bad_rate: float
    bads: list[Scalar] = []
    goods: list[Scalar] = []
    codes: dict[str, Value] = {}


class CardCosts(_Part):
    """What a wrong decision costs, and which file says so."""

    false_accept: float
    false_reject: float
    source: str

    @property
    def pair(self) -> Costs:
        """Return the costs as the metrics take them."""
        return Costs(false_accept=self.false_accept, false_reject=self.false_reject)


class Dataset(_Part):
    """The data package."""

    name: str
    title: str


class RParity(_Part):
    """How far the table is from R's own PDs: rows, those of them that R cannot score, the largest |ΔPD| of the others.

    R cannot score where something is missing, or a label has no training rows.
    """

    dataset_rows: int
    random_rows: int
    not_scored: int
    largest_difference: float


class FromR(_Part):
    """Of a model that an R script fits: the script, R and its BLAS, what R warned of, and what stands for what.

    `base` is the level of each category whose weight a missing one has, and each label in `unseen`, which no training
    row has; `medians` is what stands for a missing number.
    """

    script: str
    sha256: str
    version: str
    blas: str
    warnings: list[str]
    base: dict[str, str]
    unseen: dict[str, list[str]]
    medians: dict[str, float]
    parity: RParity


class Card(_Part):
    """Everything that training decided; nothing downstream repeats it.

    `protected` names the protected fields, `groups` describes those of them that are no features; `r` is there where
    the model is one from R.
    """

    name: str
    candidate: str
    calibrated: bool
    sha256: str
    dataset: Dataset
    data: dict[str, str]
    features: list[Feature]
    time: Time | None = None
    target: Target
    protected: list[str]
    groups: list[Feature] = []
    reference: dict[str, Value]
    costs: CardCosts
    threshold: float
    scale: Scale
    translations: dict[str, dict[str, Translation]]
    libraries: dict[str, str]
    r: FromR | None = Field(None, exclude_if=lambda found: found is None)


def features_of(package: "Package") -> list[Feature]:
    """Return what the card keeps of the contract's features."""
    return [feature_of(column, package) for column in package.features]


def feature_of(column: Column, package: "Package") -> Feature:
    """Return what the card keeps of a contract's field; labels take the place of the file's codes."""
    rules, first, last = column.constraints, *days_of(column)
    return Feature(
        name=column.name,
        type=column.kind,
        title=column.title or column.name,
        description=column.description,
        unit=column.unit,
        group=column.group,
        changeable=column.changeable,
        categories=column.labels or None,
        enum=None if column.choices or not rules.enum else [float(value) for value in rules.enum],
        **(rules.model_dump(include=BOUNDS) if column.kind in NUMBERS else {}),
        first=first,
        last=last,
        required=rules.required,
        states=package.states(column),
        codes=codes_of(column, package),
        trim=column.kind == "text" and column.trim,
        ignore_case=column.kind == "text" and column.ignore_case,
        example=column.example_value,
        direction=column.direction,
    )


def target_of(package: "Package", known: Iterable[Scalar], bad_rate: float) -> Target:
    """Return what the card keeps of the target; `known` are the values in the table, where the contract lists none."""
    target = package.target
    bads, labels = target.bad_labels, target.good_labels or target.labels or sorted(known)
    return Target(
        name=target.name,
        title=target.title,
        bad=target.bad_label,
        bad_rate=bad_rate,
        bads=bads,
        goods=[label for label in labels if label not in bads],
        codes=codes_of(target, package),
    )


def days_of(column: Column) -> tuple[str | None, str | None]:
    """Return the first and the last day that a date's bounds allow."""
    bounds, one = column.day_bounds if column.kind == "date" else {}, timedelta(days=1)
    lows = [bounds.get("minimum"), bounds["exclusiveMinimum"] + one if "exclusiveMinimum" in bounds else None]
    highs = [bounds.get("maximum"), bounds["exclusiveMaximum"] - one if "exclusiveMaximum" in bounds else None]
    first, last = max(filter(None, lows), default=None), min(filter(None, highs), default=None)
    return first.isoformat() if first else None, last.isoformat() if last else None


def codes_of(column: Column, package: "Package") -> dict[str, Value]:
    """Return what the file writes for a label, a truth, or a missing value, where that is not what the API takes."""
    truths = dict.fromkeys(column.true_values, True) | dict.fromkeys(column.false_values, False)
    written: dict[str, Value] = {
        **(truths if column.kind == "boolean" else column.choices),
        **dict.fromkeys(missing.text for missing in package.missing_values(column)),
        **package.state_of(column),
    }
    said = {"true": True, "false": False, "": None}
    return {code: value for code, value in written.items() if code != value and said.get(code.lower(), code) != value}


def translations_of(package: "Package") -> dict[str, dict[str, Translation]]:
    """Return language -> field -> texts, categories by the label that the API uses."""
    found: dict[str, dict[str, Translation]] = {}
    for column in package.columns:
        for language, texts in column.translations.items():
            labels = column.choices | package.state_of(column)
            by_label = {labels.get(str(value), str(value)): text for value, text in texts.categories.items()}
            found.setdefault(language, {})[column.name] = texts.model_copy(update={"categories": by_label})
    return found


def write_card(path: Path, card: Card) -> None:
    """Write the card."""
    content: dict[str, Any] = card.model_dump(mode="json")
    write_json(path, content)


def read_card(path: Path) -> Card:
    """Read and check a card; raises LastroError where it is missing or is none."""
    try:
        return Card.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise LastroError(f"{path}: no such file; `dvc repro` writes it") from None
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None
