"""a request -> its caller, before any route sees it: who asks, and whether it may ask now

Whatever is not in OPEN_PATHS wants a key within its limit: a new route, a mounted application, a path that no route
knows. Routes need no guard of their own and find the caller in `request.state.caller`.
"""

from enum import Enum

from starlette._utils import get_route_path  # the path that its router will look up, whatever the prefix
from starlette.types import ASGIApp, Receive, Scope, Send

from src.api import docs
from src.api.problems import ProblemError
from src.api.security import Caller, Gate

POLICY_VIOLATION = 1008  # of RFC 6455
NOBODY = Caller("", [])


class Access(Enum):
    """What a request must show or keep."""

    FREE = "nothing"
    ADDRESS = "a limit by address"
    KEY = "a key and its limit"


METRICS = "/metrics"
OPEN_PATHS = {
    "/health": Access.FREE,
    "/ready": Access.FREE,
    "/login": Access.ADDRESS,
    "/openapi.json": Access.ADDRESS,
    **dict.fromkeys(docs.PATHS, Access.ADDRESS),
}


class Admission:
    """The rule by paths, as this deployment has it, and who keeps it."""

    def __init__(self, gate: Gate, *, metrics_open: bool) -> None:
        self.gate = gate
        self.open_paths = OPEN_PATHS | {METRICS: Access.FREE} if metrics_open else OPEN_PATHS

    def access(self, path: str) -> Access:
        """Return what a path asks for."""
        return self.open_paths.get(path, Access.KEY)

    def caller(self, scope: Scope) -> Caller:
        """Return who asks; raises ProblemError 401, 429 or 503."""
        access = self.access(get_route_path(scope))
        if access is Access.KEY:
            return self.gate.admit(scope)
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
