"""the routes and the card -> the OpenAPI document"""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from src.api.admission import Access, Admission, scope_of
from src.api.outcome_bodies import outcomes_schemas
from src.api.problems import MEDIA_TYPE, ProblemDocument
from src.api.versions import Version
from src.serving.applicants import schema_of
from src.serving.overrides import ids_type, overrides_type

KEY, BEARER = "ApiKey", "Bearer"
SCHEMES = {  # the second is no `http`: a tool that fills in both would then be refused, for it would show two at once
    KEY: {"type": "apiKey", "in": "header", "name": "x-api-key"},
    BEARER: {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Bearer`, a blank, and a token of POST /login or an API key; instead of x-api-key.",
    },
}
DETAILS = {
    400: "a key and a token are sent, where one is wanted",
    401: "the key, the token or the password is missing or wrong, or the token has ended",
    403: "the key or the user may not do this",
    404: "there is no such thing, or it is another caller's",
    408: "the body took too long",
    409: "this cannot be shown here, `detail` has the command that shows it; or the stored features have expired",
    413: "the body is too large",
    415: "the body is not JSON",
    422: "fields are missing, unknown or wrong: `errors` names each",
    429: "more requests than allowed: wait as Retry-After says",
    503: "the log, the features or the limits' storage do not answer, or that version is refused: nothing was recorded",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the document's answers that are problem documents."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    return {status: {"description": DETAILS[status], "content": content} for status in statuses}


def document(app: FastAPI, version: Version, admission: Admission) -> dict[str, Any]:
    """Return the whole OpenAPI document; a version brings its number and the applicant's schema."""
    number, title = version.number or "0", version.card.dataset.title
    text = f"Credit scores of {title}. The version is the model's; 0 is not published."
    found = get_openapi(title=app.title, version=number, description=text, routes=app.routes)
    for path, item in found["paths"].items():
        if admission.access(path) is Access.KEY:
            for method, operation in item.items():
                add_key(operation, scope_of(method.upper(), path))
    components = found.setdefault("components", {})
    batch_schema, named = schema_of(version.batch)
    problem, parts = schema_of(ProblemDocument)
    stored = {"Overrides": schema_of(overrides_type(version.card))[0], "Ids": schema_of(ids_type())[0]}
    own = {"Batch": batch_schema, "ProblemDocument": problem, **stored, **outcomes_schemas(version.outcomes)}
    components.setdefault("schemas", {}).update(named | parts | own)
    components["securitySchemes"] = SCHEMES
    return found


def add_key(operation: dict[str, Any], scope: str) -> None:
    """Let an operation of the document want a key or a token with a scope, and name what follows from that."""
    operation["security"] = [{KEY: [scope]}, {BEARER: [scope]}]
    refusals = {str(status): answer for status, answer in problems(400, 401, 403, 429, 503).items()}
    operation["responses"] = dict(sorted((operation["responses"] | refusals).items()))


def install(app: FastAPI, champion: Callable[[], Version], admission: Admission) -> None:
    """Serve the champion's document, made once for each."""
    made: list[tuple[Version, dict[str, Any]]] = []

    def openapi() -> dict[str, Any]:
        """Return the document."""
        present = champion()
        if not made or made[0][0] is not present:
            made[:] = [(present, document(app, present, admission))]
        return made[0][1]

    async def serve_document(request: Request) -> Response:
        """Answer by openapi.json, which names the prefix that a proxy has stripped."""
        prefix = request.scope.get("root_path", "").rstrip("/")
        return JSONResponse(app.openapi() | ({"servers": [{"url": prefix}]} if prefix else {}))

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to change the document
    app.add_api_route("/openapi.json", serve_document, include_in_schema=False)
