"""what went wrong -> an RFC 9457 problem document"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails, to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from src.journal.group_commit import WriteRefusedError

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
SHOWN = 100  # errors that one answer names; more are counted


class FieldError(BaseModel):
    """One field that is wrong."""

    pointer: str = Field(description="JSON pointer to the field in the body, or the parameter's name")
    detail: str
    type: str = Field(description="the broken rule, in pydantic's word")


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


class ProblemError(Exception):
    """An answer that is an error: its status, what to do about it, the fields that are wrong."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, headers

    def response(self) -> Response:
        """Return the problem document."""
        document = ProblemDocument(title=HTTPStatus(self.status).phrase, status=self.status, detail=self.detail)
        if self.errors is not None:
            document.errors = list(self.errors)
        body = to_json(document, exclude_none=True)
        return Response(body, self.status, self.headers, MEDIA_TYPE)


def invalid(errors: Sequence[ErrorDetails], start: str = "#") -> ProblemError:
    """Return 422 that names each wrong field by its JSON pointer below `start`; never repeats a value."""
    named = [
        FieldError(pointer="/".join([start, *map(escaped, error["loc"])]), detail=error["msg"], type=error["type"])
        for error in errors[:SHOWN]
    ]
    count = f"{len(errors)} fields are wrong" if len(errors) > 1 else "1 field is wrong"
    detail = f"{count}; the first {SHOWN} are named" if len(errors) > SHOWN else count
    return ProblemError(422, detail, named)


def escaped(part: int | str) -> str:
    """Return one step of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


async def on_problem(_: Request, error: Exception) -> Response:
    """Answer a problem that the service raised."""
    return error.response() if isinstance(error, ProblemError) else await on_failure(_, error)


async def on_http(_: Request, error: Exception) -> Response:
    """Answer what Starlette refuses by itself: an unknown path, a wrong method."""
    if not isinstance(error, HTTPException):
        return await on_failure(_, error)
    return ProblemError(error.status_code, str(error.detail), headers=error.headers).response()


async def on_refused(_: Request, error: Exception) -> Response:
    """Answer where the prediction log does not: what was not recorded is not said."""
    logger.error("prediction log unavailable", extra={"reason": str(error)})
    detail = "The prediction log does not answer; nothing was recorded. Try again shortly."
    return ProblemError(503, detail, headers={"Retry-After": "1"}).response()


async def on_invalid(_: Request, error: Exception) -> Response:
    """Answer a parameter that FastAPI refuses."""
    details: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else []
    for detail in details:
        detail["loc"] = detail["loc"][1:]  # FastAPI puts "query" or "path" before the parameter's name
    return invalid(details, "").response()


async def on_failure(_: Request, __: Exception) -> Response:
    """Answer a fault of ours outside of the middleware that answers it with the request's id."""
    return failure().response()


def failure() -> ProblemError:
    """Return 500: the client learns that it was a fault of ours, the log learns which."""
    return ProblemError(500, "The service failed; the request id names this failure in its log.")


def install(app: FastAPI) -> None:
    """Answer every error by a problem document."""
    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(WriteRefusedError, on_refused)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_failure)
