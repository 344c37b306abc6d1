"""what keeps the service from starting -> a sentence in the server's log, and a server that ends with an exit code"""

import sys

from fastapi import FastAPI
from pydantic import ValidationError
from starlette.types import Message, Receive, Scope, Send

from src.errors import LastroError
from src.journal.group_commit import WriteRefusedError

FAILED = "lifespan.startup.failed"


class Refusal(FastAPI):
    """An application that does not start: its server logs why and ends.

    A factory that raised would end the server by a traceback, and let one with several workers try for ever.
    """

    def __init__(self, error: LastroError) -> None:
        super().__init__(openapi_url=None)
        self.error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the start, and whatever else is asked."""
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": FAILED, "message": str(self.error)})
        raise self.error


def plainly(send: Send) -> Send:
    """Return `send`, but a start that failed by an error for users is told by its sentence, not by its traceback."""

    async def tell(message: Message) -> None:
        error = sys.exception()  # Starlette tells it while it handles it
        if message["type"] == FAILED and isinstance(error, LastroError | WriteRefusedError):
            message = {**message, "message": str(error)}
        await send(message)

    return tell


def wrong_variables(error: ValidationError) -> LastroError:
    """Return a sentence for each variable that is wrong; never its value, which may be a secret."""
    return LastroError(
        "\n".join(
            f"LASTRO_{'_'.join(map(str, problem['loc'][:1])).upper()}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_url=False, include_input=False, include_context=False)
        )
    )
