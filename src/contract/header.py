"""the names in a file's header + the fields of the package -> the place of each field"""

import difflib
import re
from collections.abc import Mapping, Sequence

from src.contract.fields import ContractError

MAY_HAVE_MORE = ("subset", "partial")
MAY_HAVE_LESS = ("superset", "partial")


def places_of(found: Sequence[str], names: Sequence[str], match: str) -> dict[str, int]:
    """Return the place in the header of each field that is there; the order of the columns is free.

    A column without a name is the field that the package lists in its place. `match` is the schema's `fieldsMatch`.
    Raises ContractError naming what is missing, with the nearest name of the file, what is too much, and what is there
    twice.

    >>> places_of(["", "Amount"], ["row", "Amount"], "exact")
    {'Amount': 1, 'row': 0}
    """
    places = {name: found.index(name) for name in names if name in found}
    for place, name in enumerate(found):
        if not name.strip() and place < len(names) and names[place] not in places:
            places[names[place]] = place
    missing = [name for name in names if name not in places]
    taken = set(places.values())
    extra = [name for place, name in enumerate(found) if place not in taken and name not in places]
    twice = sorted({name for name in found if found.count(name) > 1 and (match not in MAY_HAVE_MORE or name in places)})
    problems = {
        "missing column": [] if match in MAY_HAVE_LESS and places else [_near(name, extra) for name in missing],
        "extra column": [] if match in MAY_HAVE_MORE else list(map(repr, extra)),
        "column named twice": [repr(name) for name in twice if name.strip()],
    }
    _refuse(problems, len(names))
    return places


def _near(name: str, extra: Sequence[str]) -> str:
    """Return a missing name, and the one of the file that it may mean: names are those of the header, sign by sign."""
    by_letters = {_letters(other): other for other in extra}
    near = difflib.get_close_matches(_letters(name), by_letters, n=1, cutoff=0.6)
    return f"{name!r} (the nearest in the file: {by_letters[near[0]]!r})" if near else repr(name)


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold() or name


def _refuse(problems: Mapping[str, Sequence[str]], count: int) -> None:
    told = [f"{what}: {', '.join(columns)}" for what, columns in problems.items() if columns]
    if told:
        raise ContractError(f"{'; '.join(told)} (the data package lists {count} fields)")
