"""a client's bytes -> uvicorn's requests, whose heads are bounded in size and time

uvicorn bounds neither, and its command takes no other protocol than its own: `install` lets it make this one instead.
"""

from asyncio import TimerHandle, Transport
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from src.api.problems import ProblemError


class Connection(HttpToolsProtocol):
    """A connection that is closed where a request's head grows too long or takes too long."""

    most_bytes = 2**15
    seconds = 10.0
    size = 0  # bytes that came since the head began
    unfinished = True
    timer: TimerHandle | None = None

    def __new__(cls, *_: object, **__: object) -> "Connection":
        """Stand in for uvicorn's class, too."""
        return object.__new__(Connection)

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn's own override
        """Wait for the first head."""
        super().connection_made(transport)
        self.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self.wait_no_longer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins."""
        self.unfinished, self.size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is complete; the service itself bounds one that came at once."""
        self.unfinished = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count what does not complete a head; most heads come in one piece and cost nothing here."""
        super().data_received(data)
        if self.unfinished or self.cycle is None or self.cycle.response_complete:
            self.size += len(data)
            self.wait()
            if self.size > self.most_bytes:
                self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            self.wait_no_longer()

    def wait(self) -> None:
        """Give the head its time, once."""
        if self.timer is None:
            self.timer = self.loop.call_later(self.seconds, self.refuse, HTTPStatus.REQUEST_TIMEOUT)

    def wait_no_longer(self) -> None:
        """The head is there."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def refuse(self, status: HTTPStatus) -> None:
        """Answer by a problem document, unless an answer is on its way, and close."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            response = ProblemError(status, "The request's head is too long or takes too long.").response()
            lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode(), b"connection: close"]
            lines += [name + b": " + value for name, value in response.raw_headers]
            self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.close()


def install(most_bytes: int, seconds: float) -> None:
    """Let uvicorn make this connection wherever it would make its own."""
    Connection.most_bytes, Connection.seconds = most_bytes, seconds
    HttpToolsProtocol.__new__ = Connection.__new__  # type: ignore[method-assign, assignment]
