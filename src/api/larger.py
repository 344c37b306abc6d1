"""what is too much for one request -> the command that takes a file of any size"""

from collections.abc import Sequence

from pydantic_core import ErrorDetails

COMMANDS = {  # a list of a body -> what to run instead
    "applicants": "a file of any size is scored by `python -m src.batch INPUT OUTPUT`",
    "outcomes": "a file of them is recorded by `python -m src.monitoring outcomes FILE`",
}
LIST_OF = {"/predict/batch": "applicants", "/outcomes": "outcomes"}


def with_commands(errors: Sequence[ErrorDetails]) -> Sequence[ErrorDetails]:
    """Return what is wrong with a body, a list that is too long with what to run instead."""
    for error in errors:
        if error["type"] == "too_long" and len(error["loc"]) == 1 and error["loc"][0] in COMMANDS:
            error["msg"] += f"; {COMMANDS[str(error['loc'][0])]}"
    return errors


def command_for(path: str) -> str:
    """Return, as a sentence behind another one, what to run instead of a request whose body is too large."""
    command = COMMANDS.get(LIST_OF.get(path, ""))
    return f" {command[0].upper()}{command[1:]}." if command else ""
