"""a request -> the same with an id and a bounded body; an answer -> the same with id, security headers and counted"""

import asyncio
import logging
import re
from random import getrandbits
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src.api.metrics import Metrics
from src.api.problems import ProblemError

SECURITY_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
CLOSE = {"Connection": "close"}
ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
logger = logging.getLogger(__name__)


class Envelope:
    """Pure ASGI and one layer: every further layer costs each request a few microseconds."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, max_head_bytes: int, max_body_bytes: int, body_timeout: float
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.max_head_bytes = max_head_bytes
        self.max_body_bytes = max_body_bytes
        self.body_timeout = body_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connection pass as they are."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(self, scope, receive, send)
        try:
            if size_of_head(scope) > self.max_head_bytes:
                raise ProblemError(431, f"A head has at most {self.max_head_bytes} bytes.", headers=CLOSE)
            if exchange.length > self.max_body_bytes:
                raise too_large(self.max_body_bytes)
            await self.app(scope, exchange.receive, exchange.send)
        except ProblemError as problem:
            await problem.response()(scope, receive, exchange.send)
        finally:
            exchange.close()


class Exchange:
    """One request and its answer."""

    def __init__(self, envelope: Envelope, scope: Scope, receive: Receive, send: Send) -> None:
        self.start = perf_counter()
        self.envelope, self.scope = envelope, scope
        self.inner_receive, self.inner_send = receive, send
        headers = dict(scope["headers"])
        wished = headers.get(b"x-request-id")
        self.id = wished if wished and ACCEPTED_ID.fullmatch(wished) else b"%032x" % getrandbits(128)
        self.length = int(headers.get(b"content-length", b"0"))
        self.received = 0
        self.complete = False
        self.status = 500

    async def receive(self) -> Message:
        """The next part of the body; raises ProblemError 413 when it grows too long, 408 when it takes too long."""
        if self.complete:
            return await self.inner_receive()
        try:
            async with asyncio.timeout(self.start + self.envelope.body_timeout - perf_counter()):
                message = await self.inner_receive()
        except TimeoutError:
            raise ProblemError(408, "The body did not arrive in time.", headers=CLOSE) from None
        self.complete = not message.get("more_body", False)
        self.received += len(message.get("body", b""))
        if self.received > self.envelope.max_body_bytes:
            raise too_large(self.envelope.max_body_bytes)
        return message

    async def send(self, message: Message) -> None:
        """Add the id and the security headers to the answer's head."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message["headers"], (b"x-request-id", self.id)]
            present = {name for name, _ in message["headers"]}
            headers += [header for header in SECURITY_HEADERS if header[0] not in present]
            message["headers"] = headers
        await self.inner_send(message)

    def close(self) -> None:
        """Count the request; name in the log what failed by our fault."""
        route = getattr(self.scope.get("route"), "path", "unknown")
        method, seconds = self.scope["method"], perf_counter() - self.start
        self.envelope.metrics.request(route, method, self.status, seconds)
        level = logging.ERROR if self.status >= 500 else logging.DEBUG
        if logger.isEnabledFor(level):
            values = {"route": route, "method": method, "status": self.status, "seconds": round(seconds, 6)}
            logger.log(level, "request", extra={"request_id": self.id.decode(), **values})


def size_of_head(scope: Scope) -> int:
    """About the bytes of a request's address and headers."""
    size = len(scope.get("raw_path", b"")) + len(scope["query_string"])
    for name, value in scope["headers"]:
        size += len(name) + len(value)
    return size


def too_large(limit: int) -> ProblemError:
    """413; the connection is closed, for the rest of the body is not read."""
    return ProblemError(413, f"A body has at most {limit} bytes.", headers=CLOSE)
