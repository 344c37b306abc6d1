"""the service where no compiler was: trees are summed by numpy"""

from fastapi import FastAPI

from src.api.main import create_app as service
from src.serving import kernel


def create_app() -> FastAPI:
    """Return the service of the environment's settings, which finds no kernel."""
    kernel.SOURCE = kernel.SOURCE.with_name("no-kernel.c")
    return service()
