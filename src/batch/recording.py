"""a run's manifest, its counts and rejected rows -> the prediction log, once

The log is the one that `LASTRO_DATABASE_URL` or `LASTRO_STATE` names, as for the service; it is made, or brought to the
newest schema, if it has to be.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from src.batch.counting import Counted
from src.errors import LastroError
from src.files import sha256_of
from src.journal.batch_runs import record_run
from src.journal.batch_tables import BatchRun
from src.journal.clock import SYSTEM, Clock
from src.journal.database import SchemaError, connect_engine, migrate, sqlite_file
from src.journal.service import service_of
from src.journal.settings import Settings
from src.journal.tables import SERVICES
from src.journal.writer import reason
from src.model.card import Card

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0  # seconds that a run, which has taken its time, waits for the log


def batch_run(manifest: bytes, card: Card, counted: Counted, rejected: int, output: str, *, reasons: bool) -> BatchRun:
    """Return a run as the log has it; `output` is the folder's absolute address, `card` that of the model.

    Its time and the process that ran are not known yet: `record` adds them.
    """
    said: dict[str, Any] = json.loads(manifest)
    model = said["model"]
    return BatchRun(
        run_id=said["run_id"],
        time=SYSTEM.now(),
        model_sha256=model["sha256"],
        model_version=model["version"],
        form_sha256=model["form_sha256"],
        git_commit=model["git_commit"],
        threshold=card.threshold,
        scale=card.scale.model_dump_json(),
        reasons=reasons,
        rows=counted.rows + rejected,
        rejected=rejected,
        approved=counted.approved,
        output=output,
        manifest_sha256=sha256_of(manifest),
        input=json.dumps(said["input"]),
        counts=json.dumps(counted.counts),
        approved_pds=json.dumps([(many, its) for _, many, its in counted.approved_pds]),
        service_id=None,
    )


def open_log(settings: Settings | None = None) -> None:
    """Make the log, or bring it to the newest schema; raises LastroError where it cannot be reached."""
    settings = settings or Settings()
    engine = connect_engine(settings.journal_url, settings.database_timeout)
    try:
        migrate(engine, sqlite_file(settings.journal_url))
    except (SQLAlchemyError, OSError, SchemaError) as error:
        raise LastroError(f"the prediction log: {reason(error)}; a batch is recorded there") from None
    finally:
        engine.dispose()


def record(
    run: BatchRun, rejected: Iterable[int], *, settings: Settings | None = None, commit: str = "", clock: Clock = SYSTEM
) -> bool:
    """Write a run, the numbers of its rejected rows, and which code ran; False if the log has it already.

    `commit` is what an image was built from. Raises LastroError, and nothing is written, where the log cannot be.
    """
    settings = settings or Settings()
    file = sqlite_file(settings.journal_url)
    process = service_of(ROOT, commit, clock)
    engine = connect_engine(settings.journal_url, max(PATIENCE, settings.database_timeout))
    try:
        migrate(engine, file)
        with engine.begin() as connection:
            new = record_run(connection, run._replace(time=process.started, service_id=process.id), rejected)
            if new:
                connection.execute(SERVICES.insert().values(process._asdict()))
            return new
    except (SQLAlchemyError, OSError, SchemaError) as error:
        raise LastroError(f"the prediction log: {reason(error)}") from None
    finally:
        engine.dispose()
