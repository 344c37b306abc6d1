"""the body of POST /outcomes: its type, and its schema by the contract that answers now"""

from typing import Annotated, Any, NotRequired
from uuid import UUID

from pydantic import BeforeValidator, Field
from pydantic.config import JsonDict

from src.api.schemas import Timed
from src.serving.applicants import named_fields, schema_of, value_type
from src.serving.outcomes import OutcomeContract

MOST = 1000  # entries of a request
EXAMPLE = "01a2154c-e722-7ce6-9311-e31f8d544d61"


def scalar(value: Any) -> Any:
    """Return a label or null; raises ValueError for what can be neither."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError("must be a label: a text, a number, true or false")


def outcomes_type() -> Any:
    """Return the type of the body; which labels and groups there are is each version's to say."""
    label = Annotated[Any, BeforeValidator(scalar)]
    texts = {
        "outcome": "The label of what became of the applicant.",
        "observed_at": "Since when it is known. Null or left out: now, unless it counts already.",
        "groups": "Protected fields that are no features, for declined applicants too.",
    }
    kinds = {"outcome": label, "observed_at": Timed | None, "groups": dict[str, label] | None}
    fields = {name: NotRequired[Annotated[kind, Field(description=texts[name])]] for name, kind in kinds.items()}
    text = "What is told of one prediction: an outcome, groups, or both."
    entry: Any = named_fields("Outcome", {"prediction_id": UUID, **fields}, text)
    many = Annotated[list[entry], Field(min_length=1, max_length=MOST)]
    return named_fields("Outcomes", {"outcomes": many}, f"1 to {MOST} entries.")


def outcomes_schemas(contract: OutcomeContract) -> dict[str, JsonDict]:
    """Return the body's schema and its entry's, with this contract's labels and groups and an example of them."""
    body, parts = schema_of(outcomes_type())
    entry, labels = parts["Outcome"], [*contract.labels.values()]
    entry["example"] = {"prediction_id": EXAMPLE, "observed_at": "2026-06-30T12:00:00Z"}
    if labels:
        entry["properties"]["outcome"]["enum"] = [*labels, None]
        entry["example"]["outcome"] = labels[0]
    types = {name: schema_of(value_type(field))[0] for name, field in contract.groups.items()}
    groups: JsonDict = {name: {"anyOf": [kind, {"type": "null"}]} for name, kind in types.items()}
    entry["properties"]["groups"]["anyOf"][0] = {
        "type": "object", "properties": groups, "additionalProperties": False,
    }  # fmt: skip
    return {"Outcomes": body, **parts}


def names(body: Any) -> int:
    """Return how many names the objects of a body have."""
    return 1 + sum(len(entry) + len(entry.get("groups") or ()) for entry in body["outcomes"])
