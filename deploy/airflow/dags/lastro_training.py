"""Airflow's DAG of the training: each stage of dvc.yaml in its order, then push, publish, and what the gates say"""

from airflow.sdk import DAG, chain
from lastro_project import setting, task, tries

STAGES = ("ingest", "prepare", "train", "export", "evaluate")  # a test compares them with dvc.yaml
ABOUT = """
### From the data to a published version
Each of the first five tasks asks DVC for one stage of `dvc.yaml`. **DVC decides what is computed**: a stage whose
inputs are as `dvc.lock` says ends at once, and one that was killed is computed by the next run.

| task | what it runs | where it fails |
|---|---|---|
| `ingest` … `evaluate` | `dvc repro --single-item STAGE` | the former outputs stay |
| `push` | `dvc push` | nothing is published |
| `publish` | `python -m src.lineage.registry publish` | the chain's event is written last: no half version |
| `gates` | `python -m src.lineage.registry gates` | it is published, and **must not be promoted as it stands** |

A new version waits as challenger. Who promotes it is a person, by `python -m src.lineage.registry promote`.
One run at a time, since DVC locks the project. A task that fails for good is told to whom alerts go.
"""

with DAG(
    dag_id="lastro_training",
    description="data -> a published version of the model, by the stages of dvc.yaml",
    doc_md=ABOUT,
    schedule=setting("training_schedule", "17 3 * * 1") or None,
    catchup=False,
    max_active_runs=1,
    default_args=tries(),
    tags=["lastro"],
) as dag:
    chain(
        *(task(stage, f"dvc repro --single-item {stage}") for stage in STAGES),
        task("push", "dvc push"),
        task("publish", "python -m src.lineage.registry publish"),
        task("gates", "python -m src.lineage.registry gates", retries=0),
    )
