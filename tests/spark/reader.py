"""a catalog, a warehouse, questions -> Spark's answers, in an environment of its own; imports nothing of ours

`python tests/spark/reader.py`, on stdin as JSON: jars, the catalog's settings, questions.
"""

import json
import sys

from pyspark.sql import SparkSession


def main() -> None:
    """Print each question's rows as JSON."""
    asked = json.load(sys.stdin)
    builder = SparkSession.builder.master("local[1]").appName("reader").config("spark.jars", ",".join(asked["jars"]))
    for name, value in {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", **asked["settings"]}.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    answers = [[list(row) for row in spark.sql(sql).collect()] for sql in asked["questions"]]
    sys.stdout.write(json.dumps([spark.version, answers], default=str) + "\n")
    spark.stop()


if __name__ == "__main__":
    main()
