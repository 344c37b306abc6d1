"""a request -> its caller, before any route sees it: who asks, whether it may ask now, and for this

Whatever is not in OPEN_PATHS wants a key or a token within its limit: a new route, a mounted application, a path that
no route knows. Reading and verifying want the scope `read`; what else is asked wants the scope of its path in SCOPE_OF,
and `admin` where it has none. Routes need no guard of their own and find the caller in `request.state.caller`.
"""

import re
from enum import Enum

from starlette._utils import get_route_path  # the path that its router will look up, whatever the prefix
from starlette.types import ASGIApp, Receive, Scope, Send

from src.api import docs
from src.api.callers import Caller
from src.api.entries import ADMIN, OUTCOMES, PREDICT, READ
from src.api.problems import ProblemError
from src.api.security import Gate

POLICY_VIOLATION = 1008  # of RFC 6455
NOBODY = Caller("", frozenset(), [])


class Access(Enum):
    """What a request must show or keep."""

    FREE = "nothing"
    ADDRESS = "a limit by address"
    KEY = "a key or a token, and its limit"


METRICS = "/metrics"
OPEN_PATHS = {
    "/health": Access.FREE,
    "/ready": Access.FREE,
    "/login": Access.ADDRESS,
    "/openapi.json": Access.ADDRESS,
    **dict.fromkeys(docs.PATHS, Access.ADDRESS),
}
SCOPE_OF = {"predict": PREDICT, "outcomes": OUTCOMES}  # what is asked of a path that begins so, but for reading
VERIFIES = re.compile(r"/predictions/[^/]+/verify")  # a question, though it is posted


def scope_of(method: str, path: str) -> str:
    """Return the scope that a request wants."""
    if method == "GET":  # HEAD comes as GET
        return READ
    found = SCOPE_OF.get(path[1:].partition("/")[0])
    return found or (READ if method == "POST" and VERIFIES.fullmatch(path) else ADMIN)


class Admission:
    """The rule by paths, as this deployment has it, and who keeps it."""

    def __init__(self, gate: Gate, *, metrics_open: bool) -> None:
        self.gate = gate
        self.open_paths = OPEN_PATHS | {METRICS: Access.FREE} if metrics_open else OPEN_PATHS

    def access(self, path: str) -> Access:
        """Return what a path asks for."""
        return self.open_paths.get(path, Access.KEY)

    def caller(self, scope: Scope) -> Caller:
        """Return who asks; raises ProblemError 400, 401, 403, 429 or 503."""
        path = get_route_path(scope)
        access = self.access(path)
        if access is Access.KEY:
            caller = self.gate.admit(scope)
            self.gate.require(scope_of(scope["method"], path), caller, scope)
            return caller
        return self.gate.admit_reader(scope) if access is Access.ADDRESS else NOBODY


class AdmissionMiddleware:
    """Refuses what may not pass; pure ASGI, for every request comes by."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self.app, self.admission = app, admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its caller; refuse WebSockets, which nobody admits and no route speaks."""
        if scope["type"] == "http":
            try:
                scope.setdefault("state", {})["caller"] = self.admission.caller(scope)
            except ProblemError as problem:
                await problem.response()(scope, receive, send)
                return
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        await self.app(scope, receive, send)
