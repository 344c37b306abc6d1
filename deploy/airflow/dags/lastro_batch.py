"""Airflow's DAG of the scoring of files: the parts of an input, a task for each, then the manifest"""

import json

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param
from lastro_project import filters, ran, setting, task, tries

ABOUT = """
### Files of applicants to files of scores
`input` is a file, a folder or a pattern, `output` a folder, both local or `s3://`, as in `python -m src.batch`.

* `parts` begins the run and names its parts and the version that scores them: the champion of that moment.
* `score` scores one part each, as many at a time as Airflow has room for.
* `manifest` ends the run: where `manifest.json` is, all is there, and the run stands in the prediction log.

They leave the bytes of one command. A task that is repeated writes the same again. Rows that break the contract are no
failure: they stand in `rejected/`, and the manifest counts them.
"""
FILES = "-- {{ params.input | quoted }} {{ params.output | quoted }}"
MODEL = "--model {{ ti.xcom_pull(task_ids='parts')[0]['model'] }}"

with DAG(
    dag_id="lastro_batch",
    description="files of applicants -> files of scores, part by part",
    doc_md=ABOUT,
    schedule=setting("batch_schedule", "") or None,
    catchup=False,
    max_active_runs=1,
    default_args=tries(),
    params={
        "input": Param(
            setting("batch_input", "") or None, type="string", minLength=1, description="file, folder or pattern"
        ),
        "output": Param(setting("batch_output", "") or None, type="string", minLength=1, description="a folder"),
    },
    user_defined_filters=filters(),
    tags=["lastro"],
) as dag:
    parts = task("parts", f"python -m src.batch --parts {FILES}", output_processor=json.loads)
    one = ran(f'python -m src.batch --only "$part" --model "$model" {FILES}')
    score = BashOperator.partial(task_id="score", **one, map_index_template="{{ task.env['part'] }}").expand(
        env=parts.output
    )
    score >> task("manifest", f"python -m src.batch --manifest {MODEL} {FILES}")
