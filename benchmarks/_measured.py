"""a log's address -> one run of the monitor, and what it cost, as JSON: a process that loads what the monitor loads"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from src.journal.database import connect_engine
from src.lineage.policy import Monitoring
from src.monitoring.measure import measure
from src.monitoring.versions import read_versions

ROOT = Path(__file__).resolve().parents[1]
MODELS, NONE = ROOT / "models", ROOT / "no delivery"
END = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = 60.0


def largest() -> float:
    """Return the most MiB that this program has held; what `getrusage` says begins with whoever started it."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) / 1024


def main() -> None:
    """Run the monitor once, an hour after the log's year."""
    versions, engine = read_versions(NONE, MODELS), connect_engine(sys.argv[1], PATIENCE)
    before = time.process_time()
    found = measure(engine, versions, Monitoring(), END + timedelta(hours=1))
    cpu = time.process_time() - before
    print(json.dumps({**found._asdict(), "cpu": cpu, "mib": largest()}))


if __name__ == "__main__":
    main()
