"""a request -> with an id and a bounded body; an answer -> with id, limit and security headers, and counted"""

import asyncio
import logging
import re
from collections.abc import Iterable
from itertools import chain
from random import getrandbits
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src.api.larger import command_for
from src.api.metrics import Metrics
from src.api.problems import ProblemError, failure
from src.api.protocol import Bounds, taken_from, write_whole
from src.api.startup import plainly

SECURITY_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
SECURITY_NAMES = frozenset(name for name, _ in SECURITY_HEADERS)
CLOSE = {"Connection": "close"}
ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
UNBOUNDED = (
    "heads are not bounded in size and time: the server was started without `--http src.api.protocol:Connection`"
)
logger = logging.getLogger(__name__)


class ExchangeMiddleware:
    """Pure ASGI and one layer: every further layer costs each request a few microseconds."""

    def __init__(self, app: ASGIApp, metrics: Metrics, bounds: Bounds, body_timeout: float) -> None:
        self.app = app
        self.metrics = metrics
        self.bounds = bounds
        self.body_timeout = body_timeout
        self.unasked = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connection pass on."""
        if scope["type"] != "http":
            await self.app(scope, receive, plainly(send))
            return
        if self.unasked:
            self.ask_for_bounds()
        exchange = Exchange(self, scope, receive, send)
        try:
            exchange.require_sizes()
            await self.app(exchange.scope, exchange.receive, exchange.send)
        except ProblemError as problem:
            await problem.response()(scope, receive, exchange.send)
        except Exception:
            if not exchange.started:
                await failure().response()(scope, receive, exchange.send)
            raise
        finally:
            exchange.close()

    def ask_for_bounds(self) -> None:
        """Warn, once, where the server makes connections of its own."""
        self.unasked = False
        if not self.bounds.in_force:
            logger.warning(UNBOUNDED)


class Exchange:
    """One request and its answer."""

    def __init__(self, layer: ExchangeMiddleware, scope: Scope, receive: Receive, send: Send) -> None:
        self.start = perf_counter()
        self.layer, self.method = layer, scope["method"]
        self.cycle = taken_from(scope)
        # HEAD is answered as GET is (RFC 9110, 9.3.2); the server, which keeps the method, leaves out the body
        self.scope = scope if self.method != "HEAD" else {**scope, "method": "GET"}
        self.inner_receive, self.inner_send = receive, send
        headers = dict(scope["headers"])
        wished = headers.get(b"x-request-id")
        self.id = wished if wished and ACCEPTED_ID.fullmatch(wished) else b"%032x" % getrandbits(128)
        self.length = int(headers.get(b"content-length", b"0"))
        self.expects = b"expect" in headers
        self.received = 0
        self.complete = self.started = False
        self.head: Message | None = None
        self.status = 500

    def require_sizes(self) -> None:
        """Raise ProblemError where the head is too long, or the body says that it will be."""
        bounds = self.layer.bounds
        if size_of_head(self.scope) > bounds.head_bytes:
            raise ProblemError(431, f"A head has at most {bounds.head_bytes} bytes.", headers=CLOSE)
        if self.length > bounds.body_bytes:
            raise too_large(bounds.body_bytes, self.scope["path"])

    async def receive(self) -> Message:
        """Return the next part of the body; raises ProblemError 413 or 408 where it is too long or too slow."""
        if self.complete:
            return await self.inner_receive()
        message = await (self.in_time() if self.cycle is None or self.cycle.more_body else self.inner_receive())
        self.complete = not message.get("more_body", False)
        self.received += len(message.get("body", b""))
        if self.received > self.layer.bounds.body_bytes:
            raise too_large(self.layer.bounds.body_bytes, self.scope["path"])
        return message

    async def in_time(self) -> Message:
        """Wait for the next part of the body; raises ProblemError 408 where it does not come."""
        try:
            async with asyncio.timeout(self.start + self.layer.body_timeout - perf_counter()):
                return await self.inner_receive()
        except TimeoutError:
            raise ProblemError(408, "The body did not arrive in time.", headers=CLOSE) from None

    async def send(self, message: Message) -> None:
        """Send an answer's part; its head, with what we add to it, waits for the body."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self.headers(message["headers"])
            self.head = message
            return
        head, self.head = self.head, None
        if head is not None:
            self.started = True
            if self.cycle is not None and write_whole(self.cycle, head, message):
                return
            await self.inner_send(head)
        await self.inner_send(message)

    def headers(self, own: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return a head's headers, and the id, what is left of the limit, and the security headers."""
        headers = [*own, (b"x-request-id", self.id)]
        names = [name for name, _ in headers]
        if SECURITY_NAMES.isdisjoint(names):
            headers += SECURITY_HEADERS
        else:
            headers += [each for each in SECURITY_HEADERS if each[0] not in names]
        if caller := self.scope.get("state", {}).get("caller"):
            headers += caller.headers
        if self.expects and not self.complete:
            headers.append((b"connection", b"close"))  # nobody can tell whether the body will still be sent
        return headers

    def close(self) -> None:
        """Count the request; name in the log what failed by our fault."""
        route = getattr(self.scope.get("route"), "path", "unknown")
        seconds = perf_counter() - self.start
        self.layer.metrics.request(route, self.method, self.status, seconds)
        level = logging.ERROR if self.status >= 500 else logging.DEBUG
        if logger.isEnabledFor(level):
            values = {"route": route, "method": self.method, "status": self.status, "seconds": round(seconds, 6)}
            logger.log(level, "request", extra={"request_id": self.id.decode(), **values})


def size_of_head(scope: Scope) -> int:
    """Return about the bytes of a request's address and headers."""
    return len(scope.get("raw_path", b"")) + len(scope["query_string"]) + sum(map(len, chain(*scope["headers"])))


def too_large(limit: int, path: str) -> ProblemError:
    """Return 413; the connection is closed, for the rest of the body is not read."""
    return ProblemError(413, f"A body has at most {limit} bytes.{command_for(path)}", headers=CLOSE)
