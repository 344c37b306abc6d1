"""the OpenAPI document -> the pages /docs and /redoc, which load nothing from elsewhere

Swagger UI and ReDoc are files of the package fastapi-offline. The pages' addresses are relative, so that they are right
behind a proxy that strips a prefix, and no script stands in a page, so that the policy need not allow it.
"""

import importlib.util
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from src.errors import LastroError

PACKAGE = "fastapi_offline"
SWAGGER, REDOC, START = "swagger-ui-bundle.js", "redoc.standalone.js", "start.js"
STYLE, ICON = "swagger-ui.css", "favicon.png"
FILES = (SWAGGER, REDOC, STYLE, ICON)
PATHS = ("/", "/docs", "/redoc", f"/docs/{START}", *(f"/docs/{name}" for name in FILES))
"""what anybody may read"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY}
KEPT = {"Cache-Control": "public, max-age=3600"}
STARTED = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#page", deepLinking: true, layout: "BaseLayout"})\n'
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
{body}
</body>
</html>
"""
BODIES = {
    "/docs": f'<div id="page"></div>\n<script src="docs/{SWAGGER}"></script>\n<script src="docs/{START}"></script>',
    "/redoc": f'<redoc spec-url="openapi.json"></redoc>\n<script src="docs/{REDOC}"></script>',
}


def install(app: FastAPI) -> None:
    """Serve the pages and what they load; `/` leads to the first."""
    for path, body in BODIES.items():
        add(app, path, partial(HTMLResponse, PAGE.format(title=escape(app.title), body=body), headers=HEADERS))
    for name in FILES:
        add(app, f"/docs/{name}", partial(FileResponse, folder() / name, headers=KEPT))
    add(app, f"/docs/{START}", partial(Response, STARTED, headers=KEPT, media_type="text/javascript"))
    add(app, "/", partial(RedirectResponse, "docs"))


def add(app: FastAPI, path: str, respond: Callable[[], Response]) -> None:
    """Answer by a response of this kind whoever reads the path."""

    async def answer() -> Response:
        return respond()

    app.add_api_route(path, answer, include_in_schema=False)


def folder() -> Path:
    """Return where the package keeps its files, without importing it; raises LastroError where it is not there."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise LastroError(f"the package {PACKAGE} is not installed: /docs is made of its files")
    return Path(found.origin).parent / "static"
