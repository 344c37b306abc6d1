"""Airflow's DAG of the monitoring: one run of the monitor after another"""

from airflow.sdk import DAG
from lastro_project import setting, task, tries

ABOUT = """
### What happened after the answer
`run` is `python -m src.monitoring run`: it counts new predictions, judges the windows that have closed, moves alerts
on, and sends the messages that wait. A run that was missed is made up for by the next one.

Where the service `monitor` runs already (`make run`, compose, Kubernetes), leave this DAG paused: one is enough.
"""

with DAG(
    dag_id="lastro_monitoring",
    description="new predictions and outcomes -> drift, performance, alerts",
    doc_md=ABOUT,
    schedule=setting("monitoring_schedule", "*/15 * * * *") or None,
    catchup=False,
    max_active_runs=1,
    default_args=tries(),
    tags=["lastro"],
) as dag:
    task("run", "python -m src.monitoring run")
