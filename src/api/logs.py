"""log records -> JSON lines on standard error, without what an applicant, a key or a token says"""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access")
OWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"}  # what is no extra


class JsonHandler(logging.StreamHandler[Any]):
    """The one handler of the process; its own type, so that it is added once."""


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object: its event, extras, time, level, logger, and where it failed.

    An exception is its type and the places it passed: its text may repeat an applicant's value.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; an extra called `named` is the line's `name`, for a record's own is its logger's."""
        found: dict[str, Any] = {"event": record.getMessage()}
        found |= {"name" if key == "named" else key: value for key, value in vars(record).items() if key not in OWN}
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        found |= {"timestamp": moment.replace("+00:00", "Z"), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info and record.exc_info[0]:
            found |= {"exception": record.exc_info[0].__name__, "places": list(places(record.exc_info[2]))}
        return json.dumps(found, ensure_ascii=False, default=repr)


def configure(level: str) -> None:
    """Send every logger's records, uvicorn's too, to one JSON handler."""
    root = logging.getLogger()
    root.setLevel(level)
    if not any(isinstance(handler, JsonHandler) for handler in root.handlers):
        handler = JsonHandler(sys.stderr)
        handler.setFormatter(JsonFormatter())
        root.addHandler(handler)
    for name in SERVER_LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"


def places(step: TracebackType | None) -> Iterator[str]:
    """Yield `file:line function` of each frame, outermost first."""
    while step is not None:
        code = step.tb_frame.f_code
        yield f"{Path(code.co_filename).name}:{step.tb_lineno} {code.co_name}"
        step = step.tb_next
