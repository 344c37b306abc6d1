"""a request's body -> the value that its type reads from it, or a problem that says what is wrong; JSON -> an answer"""

import json
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from src.api.problems import ProblemError, invalid

JSON = "application/json"


class Json(Response):
    """An answer that is JSON already; Starlette's own would look through its headers for what stands there."""

    def __init__(self, body: bytes) -> None:
        self.body, self.status_code, self.background = body, 200, None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]


class Body:
    """A kind of body: its type, and how many names its values' objects have."""

    def __init__(self, kind: Any, names: Callable[[Any], int]) -> None:
        self.read = TypeAdapter(kind).validator.validate_json
        self.names = names

    async def of(self, request: Request) -> Any:
        """Return the request's body; raises ProblemError 415 or 422."""
        require_json(request.scope["headers"])
        return self.parsed(await whole(request))

    def parsed(self, text: bytes) -> Any:
        """Return what a text of JSON says; raises ProblemError 422."""
        if text.startswith(BOM_UTF8):
            text = text.removeprefix(BOM_UTF8)  # RFC 8259, 8.1: it may be ignored
        try:
            found = self.read(text)
        except ValidationError as error:
            raise refusal(text, error) from None
        # each name is followed by a colon: with no more colons than names, none can stand there twice
        if text.count(b":") != self.names(found):
            require_unique_names(text)
        return found


def require_json(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise ProblemError 415 where a body is not JSON, or comes in a coding such as gzip."""
    media_type, coding = b"", b""
    for name, value in headers:
        if name == b"content-type":
            media_type = value
        elif name == b"content-encoding":
            coding = value
    if media_type.partition(b";")[0].strip().lower() != JSON.encode():
        raise ProblemError(415, f"Send the body as {JSON}.")
    if coding.strip().lower() not in (b"", b"identity"):
        raise ProblemError(415, "Send the body without a content coding.", headers={"Accept-Encoding": "identity"})


async def whole(request: Request) -> bytes:
    """Return all parts of the body; most have one. Raises ClientDisconnect where the client has gone."""
    parts, more = [], True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def refusal(text: bytes, error: ValidationError) -> ProblemError:
    """Return 422 with each field that is wrong, or the one thing that is wrong with all of the text."""
    if text.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # UTF-32 begins as the first one does
        return ProblemError(422, "The body begins with the mark of UTF-16 or UTF-32: send JSON as UTF-8.")
    return invalid(error.errors(include_url=False, include_input=False, include_context=False))


def require_unique_names(text: bytes) -> None:
    """Raise ProblemError 422 where an object holds a name twice: readers do not agree on which value counts."""
    found = json.loads(text, object_pairs_hook=tuple, parse_int=str, parse_float=str)
    errors = [
        ErrorDetails(type="repeated", loc=place, msg="The name stands here more than once", input=None)
        for place in repeated(found)
    ]
    if errors:
        raise invalid(errors)


def repeated(value: Any, place: tuple[int | str, ...] = ()) -> Iterator[tuple[int | str, ...]]:
    """Yield where a name is repeated within its object; an object is the tuple of its pairs."""
    if isinstance(value, tuple):
        seen = set()
        for name, inner in value:
            if name in seen:
                yield (*place, name)
            seen.add(name)
            yield from repeated(inner, (*place, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from repeated(inner, (*place, number))
