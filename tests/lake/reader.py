"""metadata files of Iceberg tables, questions -> answers of DuckDB's own Iceberg reader, in an environment of its own

`python tests/lake/reader.py`, the questions as JSON on stdin: each has {name} for each table. Imports nothing of ours.
"""

import json
import sys
from pathlib import Path

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg

EXTENSIONS = {"avro": duckdb_extension_avro, "iceberg": duckdb_extension_iceberg}


def main() -> None:
    """Print each question's rows as JSON."""
    asked = json.load(sys.stdin)
    with duckdb.connect() as connection:
        for name, package in EXTENSIONS.items():
            (file,) = Path(package.__file__).parent.rglob(f"{name}.duckdb_extension")
            connection.execute(f"LOAD '{file}'")
        tables = {name: f"iceberg_scan('{metadata}')" for name, metadata in asked["tables"].items()}
        answers = [connection.execute(sql.format(**tables)).fetchall() for sql in asked["questions"]]
    sys.stdout.write(json.dumps([duckdb.__version__, answers], default=str) + "\n")


if __name__ == "__main__":
    main()
