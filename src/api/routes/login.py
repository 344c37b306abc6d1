"""POST /login: a user's name and password -> a token for some minutes"""

from fastapi import APIRouter, Request

from src.api.bodies import JSON, Body
from src.api.openapi import problems
from src.api.problems import ProblemError
from src.api.schemas import Text, TokenOut
from src.api.security import Gate
from src.serving.applicants import named_fields, schema_of

CREDENTIALS = "Credentials"


class Login:
    """What the route needs."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        kind = named_fields(CREDENTIALS, {"username": Text, "password": Text}, "A user's name and password.")
        self.schema, _ = schema_of(kind)
        self.body = Body(kind, names=len)

    async def login(self, request: Request) -> TokenOut:
        """Return a token, to be sent as `Authorization: Bearer`."""
        tokens = self.gate.tokens
        if not tokens.users:
            raise ProblemError(404, "This deployment has no users: who calls it shows an API key.")
        given = await self.body.of(request)
        token = await self.gate.login(given["username"], given["password"], request.scope)
        return TokenOut(access_token=token, expires_in=tokens.seconds)

    def router(self) -> APIRouter:
        """Return the route."""
        routes = APIRouter(tags=["login"])
        routes.add_api_route(
            "/login",
            self.login,
            methods=["POST"],
            responses=problems(401, 404, 408, 413, 415, 422, 429, 503),
            openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": self.schema}}}},
        )
        return routes
