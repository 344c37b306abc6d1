"""the fields of a table, its keys and missing values (https://datapackage.org/standard/table-schema/)"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from src.contract.fields import NUMERIC, Column, state_column
from src.contract.rules import Categories, Category, Part, check_labels, labels_of, refuse

Key = Annotated[list[str], Field(min_length=1), BeforeValidator(lambda key: [key] if isinstance(key, str) else key)]


Match = Annotated[  # the standard's text has a word, its profile a list of it
    Literal["exact", "equal", "subset", "superset", "partial"],
    BeforeValidator(lambda match: match[0] if isinstance(match, list) and len(match) == 1 else match),
]


class Schema(Part):
    """The table's fields (https://datapackage.org/standard/table-schema/)."""

    fields: Annotated[list[Column], Field(min_length=1)]
    fields_match: Match = Field("exact", alias="fieldsMatch")
    missing_values: Categories = Field([Category(value="")], alias="missingValues")
    primary_key: Annotated[list[str], BeforeValidator(lambda key: [key] if isinstance(key, str) else key)] = Field(
        [], alias="primaryKey"
    )
    unique_keys: list[Key] = Field([], alias="uniqueKeys")

    _honoured = model_validator(mode="before")(
        refuse(["foreignKeys"], "a package has one table, which refers to no other")
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [field.name for field in self.fields]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two fields are named {name!r}")
        for what, key in (("primaryKey", self.primary_key), *(("uniqueKeys", key) for key in self.unique_keys)):
            for name in key:
                if name not in names:
                    raise ValueError(f"{what} names {name!r}, which is no field")
        check_labels("the schema", "missingValues", self.missing_values)
        self._check_roles()
        for field in self.fields:
            self._check_states(field, names)
        return self

    def _check_roles(self) -> None:
        for role, least, most in (("target", 1, 1), ("feature", 1, len(self.fields)), ("time", 0, 1)):
            found = [field.name for field in self.fields if field.role == role]
            if not least <= len(found) <= most:
                raise ValueError(f"one field needs `role: {role}`; found {found}")
        dates = [field.name for field in self.fields if field.role == "feature" and field.kind == "date"]
        if dates and not any(field.role == "time" for field in self.fields):
            raise ValueError(
                f"field {dates[0]!r}: a date is a feature by the days before the application:"
                " the date of that needs a field with `role: time`"
            )

    def _check_states(self, field: Column, names: list[str]) -> None:
        missing = self.missing_values if field.missing_values is None else field.missing_values
        for value in missing:
            if value.text in field.choices:
                raise ValueError(f"field {field.name!r}: {value.text!r} is a category and a missing value")
        states = self.states(field)
        for label in states:
            if label in field.labels:
                raise ValueError(f"field {field.name!r}: {label!r} is the label of a category and of a missing value")
        if states and field.kind in (*NUMERIC, "date") and state_column(field.name) in names:
            raise ValueError(f"field {state_column(field.name)!r}: that name is kept for the states of {field.name!r}")

    def is_required(self, column: Column) -> bool:
        """Return whether no row may lack the field: by its constraint, as a part of the key, or as the target."""
        return column.constraints.required or column.name in self.primary_key or column.role == "target"

    def states(self, column: Column) -> list[str]:
        """Return the labels of the labelled missing values of `column`, in order; none where it is required."""
        return list(dict.fromkeys(self.state_of(column).values()))

    def state_of(self, column: Column) -> dict[str, str]:
        """Return the label of each labelled missing value of `column`, by its text in the file."""
        missing = self.missing_values if column.missing_values is None else column.missing_values
        found = {} if self.is_required(column) else labels_of(missing)
        labelled = {c.label for c in missing if c.same_as is None and c.label != c.text}
        return {text: label for text, label in found.items() if label in labelled}
