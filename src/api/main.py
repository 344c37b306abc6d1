"""settings and the delivered versions -> the service, as a server asks for it

`uvicorn --factory src.api.main:create_app --http src.api.protocol:Connection`
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from src.api.garbage import uncollected

if TYPE_CHECKING:
    from fastapi import FastAPI

    from src.api.settings import Settings


def create_app(settings: "Settings | None" = None, clock: Callable[[], datetime] | None = None) -> "FastAPI":
    """Return the service; raises LastroError where the model is not the one that its card names.

    Without settings, as a server calls it, they are the environment's; what is wrong then is the server's last word.
    `clock` says which moment it is, with its zone: for a simulation, by whose time predictions, outcomes and their
    identifiers then go. Limits, tokens and the server's own log keep the system's, and no request can set either.
    """
    with uncollected():  # all that a service is made of is imported and built here, a sixth sooner so
        from src.api.application import from_environment, service
        from src.api.startup import Refusal
        from src.errors import LastroError, refusal
        from src.journal.clock import clock_of

        if settings is not None:
            return service(settings, clock_of(clock))
        try:
            return service(from_environment(), clock_of(clock))
        except LastroError as error:
            return Refusal(error)
        except OSError as error:
            return Refusal(LastroError(refusal(error)))
