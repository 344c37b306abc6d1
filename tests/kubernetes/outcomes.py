"""In a pod of the CronJob training: applicants of long ago and what became of them -> LASTRO_DATABASE_URL"""

from datetime import date
from pathlib import Path

import numpy as np

from ops import pipeline
from ops.deployment import ROOT

ROWS, DAY, SEED = 300, date(2024, 3, 4), 7


def main() -> None:
    """Draw them from the test split, as an applicant's weight of the development sample has it."""
    pipeline.enter(pipeline.copy(ROOT, pipeline.WORK / "lastro"))
    pipeline.call("dvc", "pull", "--quiet")
    from src.contract.table import read_table
    from src.journal.database import connect_engine
    from src.journal.settings import Settings
    from src.model.development import read_development
    from src.monitoring.demo import write
    from src.monitoring.traffic import pool_of, traffic_of
    from src.serving.predictors import load

    models = Path("models")
    development, chance = read_development(models), np.random.default_rng(SEED)
    pool = pool_of(load(models), development, read_table(Path("data/processed/test.parquet")), chance)  # type: ignore[arg-type]
    traffic = traffic_of(pool, DAY, chance.choice(len(pool.weights), ROWS, p=pool.weights), chance, 1.0)
    engine = connect_engine(Settings().journal_url, 10)
    write(engine, [traffic], traffic.outcomes)
    engine.dispose()
    print(f"{ROWS} outcomes")  # noqa: T201


if __name__ == "__main__":
    main()
