"""a table, a change of it -> the table with the change, made once though others write too

Iceberg takes a commit only where nobody else was first. Who was second loads the table, looks again at what is to be
done, and does that: nothing is lost, and nothing is there twice.
"""

import random
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import AlwaysFalse, BooleanExpression, In
from pyiceberg.table import Table, Transaction

from src.lake.catalog import LakeError

TRIES = 30
LONGEST = 2.0  # seconds between two tries
Done = TypeVar("Done")


def commit(table: Table, change: Callable[[Transaction], Done]) -> Done:
    """Return what `change` returns once its transaction is committed; it is called again where another was first."""
    for attempt in range(TRIES):
        transaction = table.transaction()
        done = change(transaction)
        try:
            transaction.commit_transaction()
        except CommitFailedException:
            time.sleep(random.uniform(0, min(LONGEST, 0.05 * 2**attempt)))  # noqa: S311 (who waits how long)
            table.refresh()
        else:
            return done
    raise LakeError(f"{'.'.join(table.name())}: others write it all the time; run the command again")


def any_of(column: str, values: Iterable[Any]) -> BooleanExpression:
    """Return the condition that a column has one of some values; of none, no row has it."""
    wanted = set(values)
    build: Any = In  # its makers are not what type checkers see of a pydantic model
    found: BooleanExpression = build(column, wanted) if wanted else AlwaysFalse()
    return found
