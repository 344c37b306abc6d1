"""models/model.json: what training decided, and the sha256 of the only model file that may be loaded"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from src.contract.fields import Column, Kind, Translation
from src.contract.package import Costs, Package
from src.errors import LastroError, sentences
from src.files import write_json
from src.params import Scale

CARD = "model.json"
MODEL = "model.pkl"
BOUNDS = {"minimum", "maximum", "exclusive_minimum", "exclusive_maximum"}
Value = bool | int | float | str | None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Feature(_Part):
    """One input of the model: what the API asks for, what the form shows."""

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
    required: bool
    missing_label: str | None
    example: Value
    direction: str | None


class Target(_Part):
    """What is predicted; `bad_rate` is the share of bads in the training split."""

    name: str
    title: str
    bad: bool | int | float | str
    bad_rate: float


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


class Card(_Part):
    """Everything that training decided; nothing downstream repeats it."""

    name: str
    candidate: str
    calibrated: bool
    sha256: str
    dataset: Dataset
    data: dict[str, str]
    features: list[Feature]
    target: Target
    protected: list[str]
    reference: dict[str, Value]
    costs: CardCosts
    threshold: float
    scale: Scale
    translations: dict[str, dict[str, Translation]]
    libraries: dict[str, str]

    @property
    def numeric(self) -> list[str]:
        """Return the names of numeric and boolean features, in the contract's order."""
        return [feature.name for feature in self.features if feature.categories is None]

    @property
    def categories(self) -> dict[str, list[str]]:
        """Return each categorical feature's labels by its name, in the contract's order."""
        return {feature.name: feature.categories for feature in self.features if feature.categories is not None}


def feature_of(column: Column, package: Package) -> Feature:
    """Return what the card keeps of a contract's field; labels take the place of the file's codes."""
    rules, example = column.constraints, column.example
    labelled = [category.label for category in package.missing_values(column) if category.label != str(category.value)]
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
        **({} if column.choices else rules.model_dump(include=BOUNDS)),
        required=rules.required,
        missing_label=labelled[0] if labelled else None,
        example=column.choices.get(str(example), example) if column.choices else example,
        direction=column.direction,
    )


def translations_of(package: Package) -> dict[str, dict[str, Translation]]:
    """Return language -> field -> texts, categories by the label that the API uses."""
    found: dict[str, dict[str, Translation]] = {}
    for column in package.columns:
        for language, texts in column.translations.items():
            by_label = {column.choices.get(str(value), str(value)): text for value, text in texts.categories.items()}
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
