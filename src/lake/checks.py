"""the log -> table gold.checks: the windows that the monitor has judged, as it judges them now"""

from collections.abc import Sequence
from typing import Any

import pyarrow as arrow
import sqlalchemy as sa

from src.files import sha256_of
from src.journal.monitoring_tables import CHECKS
from src.journal.tables import zoned
from src.lake.predictions import MOMENT
from src.lake.whole import Source

TYPES: dict[type, arrow.DataType] = {
    sa.DateTime: MOMENT,
    sa.Float: arrow.float64(),
    sa.Integer: arrow.int64(),
    sa.Boolean: arrow.bool_(),
}
SCHEMA = arrow.schema([(one.name, TYPES.get(type(one.type), arrow.string())) for one in CHECKS.c if one.name != "id"])


def judged(log: sa.Engine) -> Source:
    """Return the checks as the table's rows, named by what they say; a log without a monitor has none."""
    rows: Sequence[Any] = []
    if sa.inspect(log).has_table(CHECKS.name):
        with log.connect() as connection:
            rows = connection.execute(sa.select(*(CHECKS.c[name] for name in SCHEMA.names)).order_by(CHECKS.c.id)).all()
    columns = [
        [zoned(value) if kind == MOMENT and value is not None else value for value in column]
        for kind, column in zip(SCHEMA.types, zip(*rows, strict=True) if rows else [[]] * len(SCHEMA), strict=True)
    ]
    return Source(sha256_of(repr(columns).encode()), lambda: arrow.table(columns, schema=SCHEMA))
