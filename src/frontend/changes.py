"""a declined applicant, the fields that can change, and whom to ask -> the smallest changes that lead to approval

One field is less than two; of as many fields, the least sum of moves: a number's is its share of the field's range, a
category's is one. Of the 200 questions, the first change one field: to every other label, and to numbers that lie the
farther apart the farther away they are. Where one of them leads to approval, the others look for a smaller change yet.
Where none does, they change two fields: first those pairs that would be enough if their effects added up, the cheapest
first, then those that lack least. On a small grid that is the smallest change of all; on a large one as near as the
questions come.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, zip_longest

from src.frontend.axes import axis, can_move, labels, spread
from src.frontend.schema import Field, Value

MOST = 200  # questions
ALONE = 120  # of them at most before two fields are changed
KEPT = 40  # of them for what lies between a number that is refused and one that is approved
RUNGS = 20  # numbers on either side of the applicant's own that are tried first
BATCH, BETWEEN = 40, 7  # pairs, and numbers in between, that are asked about at once
SHOWN = 3

Step = tuple[str, Value]  # a field and its new value
Change = tuple[Step, ...]  # of one or two fields
Ask = Callable[[Sequence[Mapping[str, Value]]], Sequence[float]]  # how much better than the threshold; > 0: approved


def smallest(applicant: Mapping[str, Value], fields: Sequence[Field], ask: Ask, room: float) -> list[Change]:
    """Return the smallest change of each of a few fields, or else pairs of fields; `room` is the applicant's own."""
    search = Search(applicant, [field for field in fields if can_move(field)], ask)
    search.ask_alone()
    search.narrow()
    if not search.approved():
        search.ask_pairs(room)
    if all(len(change) == 1 for change in search.approved()):
        search.ask_nearer()
    search.narrow()
    return search.approved()[:SHOWN]


class Search:
    """The questions that were asked about one applicant, and their answers."""

    def __init__(self, applicant: Mapping[str, Value], fields: Sequence[Field], ask: Ask) -> None:
        self.applicant, self.fields, self.question = applicant, fields, ask
        axes = {field.name: axis(field, applicant.get(field.name)) for field in fields}
        self.axes = {name: found for name, found in axes.items() if found is not None}
        self.known: dict[Change, float] = {}

    @property
    def left(self) -> int:
        """Return how many questions are left."""
        return MOST - len(self.known)

    def ask(self, changes: Iterable[Change]) -> None:
        """Ask about those that are not known, as far as the questions reach."""
        new = [change for change in changes if change not in self.known][: self.left]
        if new:
            rooms = self.question([{**self.applicant, **dict(change)} for change in new])
            self.known.update(zip(new, rooms, strict=True))

    def cost(self, change: Change) -> float:
        """Return the sum of a change's moves."""
        return sum(
            self.axes[name].share(float(value or 0)) if name in self.axes else 1.0  # what has an axis is a number
            for name, value in change
        )

    def approved(self) -> list[Change]:
        """Return the cheapest change that leads to approval of each field, or pair of fields; the cheapest first."""
        found: dict[tuple[str, ...], Change] = {}
        for change in sorted((change for change, room in self.known.items() if room > 0), key=self.cost):
            found.setdefault(tuple(name for name, _ in change), change)
        return list(found.values())

    def ask_alone(self) -> None:
        """Change each field by itself; where that is too much, by the nearest values of every field."""
        rounds = zip_longest(*([((field.name, value),) for value in self.values(field)] for field in self.fields))
        self.ask([change for changes in rounds for change in changes if change is not None][:ALONE])

    def values(self, field: Field) -> list[Value]:
        """Return what a field is changed to at first, the nearest first."""
        if along := self.axes.get(field.name):
            room = (ALONE - sum(len(each.choices) for each in self.fields)) // (2 * len(self.axes))
            return [along.at(offset) for offset in along.rungs(min(max(room, 3), RUNGS))]
        return labels(field, self.applicant.get(field.name))

    def ask_pairs(self, room: float) -> None:
        """Change two fields, as long as there is something cheaper than what was found."""
        places = {field.name: place for place, field in enumerate(self.fields)}
        alone = sorted(self.known, key=lambda change: places[change[0][0]])
        pairs = [one + other for one, other in combinations(alone, 2) if one[0][0] != other[0][0]]

        def promise(pair: Change) -> tuple[bool, float]:
            lacking = room - sum(self.known[step,] for step in pair)
            return (True, lacking) if lacking >= 0 else (False, self.cost(pair))

        pairs.sort(key=promise)
        while pairs and self.left > (kept := KEPT if self.approved() else 0):
            now = min(BATCH, self.left - kept)
            self.ask(pairs[:now])
            best = min(map(self.cost, self.approved()), default=math.inf)
            pairs = [pair for pair in pairs[now:] if self.cost(pair) < best]

    def ask_nearer(self) -> None:
        """Change one number by less than the best change so far, as evenly as there are questions."""
        best = min(map(self.cost, self.approved()), default=1.0)
        nearer = [
            ((name, along.at(offset)),)
            for name, along in self.axes.items()
            for offset in spread(along.nearer(best), MOST)
        ]
        new = sorted((change for change in nearer if change not in self.known), key=self.cost)
        self.ask(spread(new, max(self.left - KEPT, 0)))

    def narrow(self) -> None:
        """Move every number of what was found back towards the applicant's own, as far as that stays approved."""
        for change in self.approved():
            for name in [name for name, _ in change if name in self.axes]:
                change = self.narrowed(change, name)

    def narrowed(self, change: Change, name: str) -> Change:
        """Return the change with one number moved back."""
        along = self.axes[name]
        while True:
            rooms = self.along(change, name)
            end = min((offset for offset, room in rooms.items() if room > 0), key=abs)
            way = 1 if end > 0 else -1
            refused = [offset for offset, room in rooms.items() if room <= 0 and 0 < offset * way < end * way]
            between = range(max(refused, key=abs, default=0) + way, end, way)
            if not between or not self.left:
                return changed(change, name, along.at(end))
            self.ask(changed(change, name, along.at(offset)) for offset in spread(between, BETWEEN))

    def along(self, change: Change, name: str) -> dict[int, float]:
        """Return the answers to the same change with other numbers in one field, by their offsets."""
        found = {}
        for other, room in self.known.items():
            value = dict(other).get(name)
            if isinstance(value, int | float) and changed(change, name, value) == other:
                found[self.axes[name].offset(value)] = room
        return found


def changed(change: Change, name: str, value: Value) -> Change:
    """Return a change with another value in one of its fields."""
    return tuple((each, value if each == name else before) for each, before in change)
