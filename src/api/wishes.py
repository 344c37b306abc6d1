"""a request's query -> what it asks for beside its body"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from starlette.datastructures import QueryParams

from src.api.problems import ProblemError
from src.api.versions import CHAMPION, MODEL_RULE, WORD
from src.journal.tables import PURPOSES, Purpose

Word = TypeVar("Word", bound=str)
MOST_WISHES = 256
PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "reasons",
        "in": "query",
        "description": "reasons for an approved applicant too",
        "schema": {"type": "boolean", "default": False},
    },
    {
        "name": "purpose",
        "in": "query",
        "description": "what-if: nobody applies; the record says so, and the metrics leave it out",
        "schema": {"type": "string", "enum": PURPOSES, "default": PURPOSES[0]},
    },
    {
        "name": "model",
        "in": "query",
        "description": "champion, challenger or a version's number: who is to answer, by its own contract",
        "schema": {"type": "string", "pattern": f"^({WORD.pattern})$", "default": CHAMPION},
    },
]


class Wish(NamedTuple):
    """What a request asks for beside its body: reasons in any case, for what purpose, which version."""

    reasons: bool
    purpose: Purpose
    model: str | None

    @property
    def open(self) -> bool:
        """Say whether the challenger may have a part in it: somebody applies, and no version was asked for."""
        return self.model is None and self.purpose == PURPOSES[0]


@lru_cache(MOST_WISHES)
def wishes(query: bytes) -> Wish:
    """Return what a request's query wishes; raises ProblemError 422 for other words.

    Kept for the queries that come again: to read one takes a tenth of what a whole request does.
    """
    given = QueryParams(query)
    models = given.getlist("model")
    if len(models) > 1:
        raise ProblemError(422, MODEL_RULE)
    reasons = word(given, "reasons", ("false", "true")) == "true"
    return Wish(reasons, word(given, "purpose", PURPOSES), models[0] if models else None)


def word(query: QueryParams, name: str, words: Sequence[Word]) -> Word:
    """Return a parameter's word, the first where it is not given; raises ProblemError 422 for others, and for two."""
    given = query.getlist(name) or [words[0]]
    for known in words:
        if given == [known]:
            return known
    raise ProblemError(422, f"{name} is {' or '.join(words)}")
