"""a file of a run, places -> the inputs of its rows again, as the run read them, if its bytes are the same"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from src.batch.checking import Checker
from src.batch.parts import source_of
from src.batch.planning import columns_of
from src.batch.run import Input
from src.contract.package import Package
from src.contract.parts import Plan, parts_of, plan_of, read_part
from src.errors import LastroError
from src.model.card import CARD, Card, read_card
from src.serving.codes import FieldCode
from src.serving.export import EXPORT, read_form


class Form(NamedTuple):
    """What a model asks for: its card, and the fields as its export has them."""

    card: Card
    fields: list[FieldCode]


def form_of(models: Path) -> Form:
    """Return what the model of a folder asks for, by what Git keeps of it; raises LastroError."""
    return Form(read_card(models / CARD), read_form(models / EXPORT)[0].fields)


def verified_plan(file: Input, package: Package) -> Plan:
    """Return how a file is cut into parts; raises LastroError where it is gone, or another now."""
    try:
        plan = plan_of(source_of(file.path), package, needed=[])
    except LastroError as error:
        raise LastroError(f"{file.path}: {str(error).removeprefix(f'{file.path}: ')}") from None
    if plan.sha256 != file.sha256:
        raise LastroError(f"{file.path}: its sha256 is {plan.sha256}, the manifest names {file.sha256}")
    return plan


def rows_at(
    file: Input, plan: Plan, package: Package, form: Form, wanted: set[int]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the inputs of rows by their places in a file, those that the contract takes."""
    checker = Checker(form.card, form.fields, package)
    names = columns_of(form.card, package)
    for part in parts_of(source_of(file.path), plan, names):
        its = {place for place in wanted if part.first <= place < part.first + part.rows}
        if its:
            checked = checker.check(read_part(source_of(file.path), plan.layout, part, names), part.first)
            for at, place in enumerate(checked.rows.tolist()):
                if place in its:
                    yield place, {name: one.values[one.codes[at]] for name, one in checked.columns.items()}
