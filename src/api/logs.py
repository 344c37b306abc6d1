"""log records -> JSON lines on standard error, without what an applicant, a key or a token says"""

import logging
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access")
Event = MutableMapping[str, Any]


class JsonHandler(logging.StreamHandler[Any]):
    """The one handler of the process; its own type, so that it is added once."""


def configure(level: str) -> None:
    """Send every logger's records, uvicorn's too, to one JSON handler."""
    root = logging.getLogger()
    root.setLevel(level)
    if not any(isinstance(handler, JsonHandler) for handler in root.handlers):
        handler = JsonHandler(sys.stderr)
        handler.setFormatter(formatter())
        root.addHandler(handler)
    for name in SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"


def formatter() -> ProcessorFormatter:
    """Return what writes a record as one JSON object: time, level, logger, event, extras, where it failed."""
    return ProcessorFormatter(
        foreign_pre_chain=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_log_level,
            add_logger_name,
            ExtraAdder(),
            name_of_caller,
        ],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            failure_without_values,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        keep_exc_info=False,
        keep_stack_info=False,
    )


def name_of_caller(_: Any, __: str, event: Event) -> Event:
    """Call `named` what the line calls `name`: a record's own `name` is its logger's."""
    if "named" in event:
        event["name"] = event.pop("named")
    return event


def failure_without_values(_: Any, __: str, event: Event) -> Event:
    """Replace an exception by its type and the places it passed: its text may repeat an applicant's value."""
    failure = event.pop("exc_info", None)
    error = failure[1] if isinstance(failure, tuple) else failure
    event.pop("color_message", None)
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["places"] = places(error)
    return event


def places(error: BaseException) -> list[str]:
    """Return `file:line function` of each frame, outermost first."""
    found, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        found.append(f"{Path(code.co_filename).name}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return found
