"""what is asked most -> its endpoint, past FastAPI's own layers

Router, dependencies, body parsing and exit stacks would cost as much as all that the endpoint does.
"""

from collections.abc import Sequence

from fastapi.routing import APIRoute
from starlette._utils import get_route_path  # the path that its router would look up, whatever the prefix
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from src.api.problems import ProblemError, on_refused
from src.journal.group_commit import WriteRefusedError


class DirectMiddleware:
    """The innermost layer: answers POSTs to these routes, whose endpoints read the request themselves.

    A path of theirs may end with a parameter, which is then all that follows. All else, another method of theirs too,
    is FastAPI's, which knows the same routes for its document.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[APIRoute]) -> None:
        self.app = app
        self.routes = {route.path: route for route in routes if "{" not in route.path}
        self.open = [(route.path.partition("{")[0], route) for route in routes if route.path not in self.routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        route = self.route(get_route_path(scope)) if scope.get("method") == "POST" else None
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive)
        try:
            response: Response = await route.endpoint(request)
        except ProblemError as problem:
            response = problem.response()
        except WriteRefusedError as error:
            response = await on_refused(request, error)
        await response(scope, receive, send)

    def route(self, path: str) -> APIRoute | None:
        """Return the route of a path."""
        found = self.routes.get(path)
        if found is None:
            for start, route in self.open:
                if path.startswith(start) and path != start:
                    return route
        return found
