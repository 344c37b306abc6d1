"""a client's bytes -> uvicorn's requests, in bounds of size and time: `uvicorn … --http src.api.protocol:Connection`

uvicorn bounds neither a head nor the rest of a body that was answered before it had come.
"""

from asyncio import AbstractEventLoop, TimerHandle, Transport
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from itertools import chain
from typing import Any

from starlette.types import Message, Scope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HEADER_RE, STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

BOUNDS = "bounds"  # where the lifespan's state holds them
NAMES = 256  # headers' names that are remembered; an application has a few dozen
LENGTH = b"content-length: "
FRAMING = frozenset((LENGTH, b"connection: ", b"transfer-encoding: "))  # which decide how an answer ends
CONTROLS = bytes([*range(9), *range(10, 32), 127])  # no header's value has them (RFC 9110, 5.5)
CYCLE = "cycle"  # where a request's scope holds what uvicorn has of it so far


@dataclass
class Bounds:
    """What a client may send, and until when; the app hands them over in its lifespan's state."""

    head_bytes: int
    head_seconds: float
    body_bytes: int
    drain_seconds: float = 0.0
    draining: bool = False  # from the server's SIGTERM on: each connection's next answer is its last
    in_force: bool = False  # set by the first connection; unset where the server makes connections of its own


class Part(Enum):
    """What of a request is on its way."""

    NONE = "none"
    HEAD = "head"
    BODY = "body"


class Connection(HttpToolsProtocol):
    """A connection that is closed where a request's head grows too long or takes too long.

    A request that is answered before its body was read (a wrong key, say) does not end the connection: the rest of the
    body is thrown away, within the bounds of a body's size and a head's time, and the next request is answered.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.bounds: Bounds = app_state[BOUNDS]
        self.bounds.in_force = True
        self.part = Part.NONE
        self.size = 0  # bytes that came of this part, or of nothing
        self.counted = 0  # bytes of the newest piece; none where a request ended in it
        self.timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn's own override
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock and let uvicorn clean up."""
        self.wait_no_longer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self.part = Part.HEAD
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the head is complete; the middleware bounds one that came in a single piece."""
        self.part, self.size = Part.BODY, 0
        super().on_headers_complete()
        if self.bounds.draining:
            self.cycle.keep_alive = False
        self.scope[CYCLE] = self.cycle  # type: ignore[literal-required]  # a server's own addition

    def on_message_complete(self) -> None:
        """Note that the request is complete; what else came with its last piece is not counted."""
        self.part, self.size, self.counted = Part.NONE, 0, 0
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Count what does not complete a request; most come in one piece and cost nothing here."""
        self.counted = len(data)
        super().data_received(data)
        answered = self.cycle is None or self.cycle.response_complete
        if self.part is not Part.HEAD and not answered:
            self.wait_no_longer()
            return
        if not self.counted:
            self.wait_no_longer()  # for the next head the clock begins anew
        self.wait()
        self.size += self.counted
        if self.size > (self.bounds.body_bytes if self.part is Part.BODY else self.bounds.head_bytes):
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def wait(self) -> None:
        """Start the clock of a head, or of a body that nobody reads, unless it runs."""
        if self.timer is None:
            self.timer = self.loop.call_later(self.bounds.head_seconds, self.refuse, HTTPStatus.REQUEST_TIMEOUT)

    def wait_no_longer(self) -> None:
        """Stop the clock."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def refuse(self, status: HTTPStatus) -> None:
        """Close, after a problem document where a head was due and no other answer is on its way."""
        if self.transport.is_closing():
            return
        if self.part is not Part.BODY and (self.cycle is None or self.cycle.response_complete):
            from src.api.problems import ProblemError  # and FastAPI, which is imported with the application

            response = ProblemError(status, "The request's head is too long or takes too long.").response()
            lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode(), b"connection: close"]
            lines += [name + b": " + value for name, value in response.raw_headers]
            self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.close()


def taken_from(scope: Scope) -> RequestResponseCycle | None:
    """Return what uvicorn has of a request, whose body is here already where no more of it is due; None without it.

    The scope lets it go, for it holds the scope: a ring of the two would stay until the collector of cycles comes by.
    """
    cycle: RequestResponseCycle | None = scope.pop(CYCLE, None)
    return cycle


@lru_cache(NAMES)
def field_of(name: bytes) -> bytes | None:
    """Return how a header begins, None where its name has a sign that none has."""
    return None if HEADER_RE.search(name) else name.lower() + b": "


def write_whole(cycle: RequestResponseCycle, start: Message, body: Message) -> bool:
    """Write an answer's head and body at once, as uvicorn would one by one, and say whether that was done.

    It is where the answer is complete, tells its length and leaves the connection open. uvicorn writes twice and looks
    at each header's signs by themselves, which takes as long as to score an applicant.
    """
    content: bytes = body.get("body", b"")
    if (
        body["type"] != "http.response.body"
        or body.get("more_body")
        or not cycle.keep_alive
        or cycle.disconnected
        or cycle.flow.write_paused
        or cycle.access_log
        or cycle.scope["method"] == "HEAD"
    ):
        return False
    lengths, parts = [], [STATUS_LINE[start["status"]]]
    for name, value in chain(cycle.default_headers, start["headers"]):
        field = field_of(name)
        if field is None or field in FRAMING:
            if field != LENGTH:
                return False
            lengths.append(value)
        parts += field, value, b"\r\n"
    values = b"".join(parts[2::3])
    if lengths != [b"%d" % len(content)] or values != values.translate(None, CONTROLS):
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    parts += b"\r\n", content
    cycle.transport.write(b"".join(parts))
    cycle.message_event.set()
    cycle.on_response()
    return True
