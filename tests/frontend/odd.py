"""What a lender's table may ask: every kind of field by the shapes of the API's document, under names of any text"""

from typing import Any

from src.frontend.schema import fields_of

STATES = ["never asked", "no record"]
NULL = {"type": "null"}
ODD_NAMES = (
    "Monthly Rent", "a.b", "x-y", "UPPER", "idade é", "a/b", "~0~1", "it's \"so\"", "<b>bold</b>", "**strong** _em_",
    "[link](http://x.y)", ":red[x] :smile: $x^2$", "1. one", "- two", "# three", "`code`", "&lt;b&gt;", "=1+1",
    "long " * 40, "e-mail me@x.org", "a\\b|c",
)  # fmt: skip


def anyof(*branches: dict[str, Any], states: list[str] | None = None, **about: Any) -> dict[str, Any]:
    """A property that may be null; with `states` it says why."""
    reasons = [{"type": "string", "enum": states}] if states else []
    return {"anyOf": [*branches, *reasons, NULL], **({"states": states} if states else {}), **about}


KINDS: dict[str, dict[str, Any]] = {
    "income": anyof({"type": "number", "minimum": 0}, states=STATES, codes={"-9": "no record", "-8": "never asked"}),
    "children": {"type": "integer", "minimum": 0, "maximum": 9},
    "owner": anyof({"type": "boolean"}, states=STATES, codes={"Y": True, "N": False}),
    "housing": anyof({"type": "string", "enum": ["own", "rent", *STATES]}) | {
        "states": STATES, "codes": {"A1": "own", "A2": "rent"}
    },
    "employer": anyof({"type": "string", "maxLength": 20}, suggestions=["Acme", "Bolt"]),
    "city": anyof({"type": "string", "maxLength": 20}),
    "branch": anyof({"type": "string"}, suggestions=["12", "34"]) | {"states": STATES},
    "since": anyof({"type": "string", "format": "date"}, formatMinimum="1990-01-01") | {"formatMaximum": "2026-12-31"},
    "ended": anyof({"type": "string", "format": "date"}, states=STATES),
    "applied": anyof({"type": "string", "format": "date"}, time=True),
}  # fmt: skip
EXAMPLE: dict[str, Any] = {
    "income": "no record", "children": 2, "owner": True, "housing": "rent", "employer": "Acme", "since": "2001-02-03",
    "ended": "never asked",
}  # fmt: skip


def document(properties: dict[str, Any], required: list[str], example: dict[str, Any]) -> dict[str, Any]:
    """The part of the API's document that the page reads."""
    asked = {"properties": properties, "required": required, "example": example}
    return {"components": {"schemas": {"Applicant": asked}}}


KINDS_FIELDS = fields_of(document(KINDS, ["children"], EXAMPLE))
ODD_FIELDS = fields_of(
    document(
        {name: [*KINDS.values()][place % len(KINDS)] | {"title": name} for place, name in enumerate(ODD_NAMES)},
        [],
        {"Monthly Rent": "no record"},
    )
)
WIDE: dict[str, dict[str, Any]] = {
    f"fact {place}": anyof({"type": "number"}, title=f"Fact {place}") for place in range(119)
} | {"needed": {"type": "integer", "title": "Needed"}}
WIDE_FIELDS = fields_of(document(WIDE, ["needed"], {"needed": 3}))
