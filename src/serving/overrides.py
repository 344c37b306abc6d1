"""the card -> the types of the bodies that are about stored applicants: what replaces a stored value, and their ids"""

from typing import Annotated, Any, NotRequired

from pydantic import Field

from src.model.card import Card
from src.serving.applicants import MOST_APPLICANTS, named_fields, shown, time_type, value_type

LONGEST_ID = 256  # characters


def overrides_type(card: Card) -> Any:
    """Return the type of what replaces an applicant's stored values: any of the fields of one applicant."""
    fields: dict[str, Any] = {feature.name: NotRequired[value_type(feature)] for feature in card.features}
    if card.time:
        fields[card.time.name] = NotRequired[time_type(card.time)]
    changeable = [feature for feature in card.features if feature.changeable] or card.features
    example = {changeable[0].name: shown(changeable[0], card)}
    return named_fields("Overrides", fields, "What counts instead of an applicant's stored values.", example)


def ids_type() -> Any:
    """Return the type of a body that names stored applicants."""
    one = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
    many = Annotated[list[one], Field(min_length=1, max_length=MOST_APPLICANTS)]
    return named_fields("Ids", {"ids": many}, f"1 to {MOST_APPLICANTS} applicants' ids.")
