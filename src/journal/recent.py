"""the log -> the applicants that a served form answered last, read without a trace: no migration, no file made"""

import json
from typing import Any

from src.errors import LastroError
from src.journal.reader import Reader
from src.journal.settings import Settings

MOST = 100


def recent_applicants(
    form_sha256: str, settings: Settings | None = None, most: int = MOST
) -> list[dict[str, Any]] | None:
    """Return the inputs of the newest applications that this form answered, newest first; what-if questions are none.

    Returns None where no log is in reach: there is no file, the server is silent, or the schema is of a release whose
    rows do not name the form. `settings` are by default those of the environment.
    """
    settings = settings or Settings()
    try:
        with Reader(settings.journal_url, settings.database_timeout) as reader:
            return [json.loads(inputs) for inputs in reader.recent_inputs(form_sha256, most)]
    except LastroError:
        return None
