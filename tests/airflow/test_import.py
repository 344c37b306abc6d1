"""What Airflow reads of the DAG files: no fault, the tasks of dvc.yaml in its order, nothing of the project loaded"""

import json
import subprocess

import yaml

from tests.airflow.deployment import Airflow, programs
from tests.conftest import ROOT

CODE = """
import json, sys
from airflow.dag_processing.dagbag import BundleDagBag
bag = BundleDagBag(sys.argv[1], bundle_path=sys.argv[1], bundle_name="dags-folder", safe_mode=True)
dags = {
    name: {"tasks": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}, "doc": bool(dag.doc_md),
           "most": dag.max_active_runs, "bounded": all(task.execution_timeout and task.on_failure_callback
                                                       for task in dag.tasks)}
    for name, dag in bag.dags.items()
}
loaded = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
print(json.dumps({"errors": bag.import_errors, "dags": dags, "loaded": loaded}))
"""


def test_dags_are_those_of_the_project_and_load_nothing_of_it(airflow_home: object) -> None:
    airflow = Airflow(airflow_home, ROOT)  # type: ignore[arg-type]
    folder = ROOT / "deploy" / "airflow" / "dags"
    words = [str(programs() / "python"), "-c", CODE, str(folder)]
    done = subprocess.run(words, cwd=airflow.home, env=airflow.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["errors"] == {}
    others = (str(folder), str(programs().parent))
    ours = [
        name for name, file in found["loaded"].items() if file.startswith(f"{ROOT}/") and not file.startswith(others)
    ]
    assert ours == []
    assert {name.partition(".")[0] for name in found["loaded"]} & {"src", "ops", "tests"} == set()
    dags = found["dags"]
    assert set(dags) == {"lastro_training", "lastro_monitoring", "lastro_batch"}
    assert {(dag["doc"], dag["most"], dag["bounded"]) for dag in dags.values()} == {(True, 1, True)}
    order = [*yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"], "push", "publish", "gates"]
    following = {name: order[place + 1 : place + 2] for place, name in enumerate(order)}
    assert dags["lastro_training"]["tasks"] == following
    assert dags["lastro_monitoring"]["tasks"] == {"run": []}
    assert dags["lastro_batch"]["tasks"] == {"parts": ["score"], "score": ["manifest"], "manifest": []}
