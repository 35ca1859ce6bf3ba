"""Evaluate through lm-evaluation-harness, on the practice base and the local Hub.

One process writes the tasks, runs the harness on them, and evaluates with both backends: the
scores are the same.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import CommitOperationAdd, HfApi

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core import config
from recipes.core.benchmarks.harness_templates import choices, jinja
from recipes.core.errors import UserError
from recipes.evaluate import harness_tasks
from recipes.evaluate.settings import ChoiceSettings
from recipes.practice import benchmarks, publish
from tests.recipes.conftest import practice_files
from tests.recipes.evaluate import lm_eval_tasks
from tests.recipes.recipe_runner import recipe_runner
from tests.recipes.train.train_jobs import environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("torch"),  # one Hub and one process for all of them
    pytest.mark.filterwarnings("ignore"),  # from PEFT and huggingface_hub
]
BASE, ADAPTER, DATA = "practice/kakugo-practice-base", "practice/adapter", "practice/chats"
ITEMS, CODE = 6, "epo_Latn"
OPTIONS = ("option_a", "option_b", "option_c", "option_d")
SCRIPT = """
import json, sys
from recipes import cli
from recipes.core import model_loading
model_loading.quiet()
folder, base, data, code, *compared = sys.argv[1:]
recipe = ["evaluate", "--org", "practice", "--language", code, "--dataset", data]
assert cli.main([*recipe, "--config", f"{folder}/transformers.yaml",
                 "--write-tasks", f"{folder}/tasks"]) == 0
for backend in ("transformers", "lm_eval"):
    assert cli.main([*recipe, "--config", f"{folder}/{backend}.yaml", "--base", base, *compared,
                     "--into", f"practice/{backend}"]) == 0
from lm_eval import evaluator
from lm_eval.tasks import TaskManager
evaluator.add_env_info = lambda *_: None  # it runs `pip list`
results = evaluator.simple_evaluate(
    model="hf", model_args={"pretrained": base, "dtype": "float32", "device": "cpu"},
    batch_size=8, tasks=[f"kakugo_{code}"], apply_chat_template=True, bootstrap_iters=0,
    task_manager=TaskManager(include_path=f"{folder}/tasks", include_defaults=False))
with open(f"{folder}/results.json", "w") as file:
    json.dump(results["results"], file)
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, torch_fork_server: ForkServer) -> Path:
    """Run the script; return a folder with recipes, tasks, and the results of all three runs."""
    folder = tmp_path_factory.mktemp("harness")
    _write_recipes(folder)
    with LocalHub(folder / "hub") as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
        _push_world(api, folder)
        with recipe_runner(torch_fork_server, environment(hub, folder), folder / "runs") as runner:
            runner.run_script(SCRIPT, str(folder), BASE, DATA, CODE, "--adapter", ADAPTER)
        for backend in ("transformers", "lm_eval"):
            path = f"{CODE}/adapter/results.jsonl"
            local = api.hf_hub_download(f"practice/{backend}", path, repo_type="dataset")
            (folder / f"{backend}.jsonl").write_text(Path(local).read_text())
        (folder / "revision").write_text(api.dataset_info("practice/kakugo-practice-sib200").sha)
    return folder


def _write_recipes(folder: Path) -> None:
    recipe = yaml.safe_load(Path(config.__file__).parents[1].joinpath("practice.yaml").read_text())
    section = recipe["evaluate"] | {"merge": False, "choice": {"batch": 8, "normalise": "none"}}
    del section["chat"]
    for benchmark in section["benchmarks"].values():
        benchmark["limit"] = ITEMS
    section["benchmarks"]["sib200"]["shots"] = {"count": 2, "split": "test"}
    section["benchmarks"]["global_mmlu"] = {
        "dataset": "{org}/mmlu", "revision": "main", "split": "test", "prompt": "{question}",
        "shots": {"count": 1, "split": "dev"}, "english": {}, "limit": ITEMS,
    }  # fmt: skip
    harness = {"backend": "lm_eval", "lm_eval": {"model": "hf", "args": {"device": "cpu"}}}
    for name, more in (("transformers", {}), ("lm_eval", harness)):
        text = yaml.safe_dump({**recipe, "evaluate": section | more}, sort_keys=False)
        (folder / f"{name}.yaml").write_text(text)


def _push_world(api: HfApi, folder: Path) -> None:
    """Push benchmarks, base and adapter, and a dataset that has the second sentence of a test."""
    datasets = practice_files()
    for name in ("flores", "sib200", "belebele"):
        _push(api, f"practice/kakugo-practice-{name}", datasets[name])
    _push(api, "practice/mmlu", _mmlu())
    for repo, path in ((BASE, publish.BASE), (ADAPTER, lm_eval_tasks.adapter(folder / "adapter"))):
        api.create_repo(repo)
        api.upload_folder(repo_id=repo, folder_path=path)
    file = datasets["flores"][f"{CODE}/devtest.jsonl"]
    copied = str(json.loads(file.splitlines()[1])["text"])
    turns = [{"role": "user", "content": copied}, {"role": "assistant", "content": "Jes."}]
    _push(api, DATA, {"train.jsonl": json.dumps({"messages": turns}).encode()})


def _mmlu() -> dict[str, bytes]:
    """Return the files of a dataset like Global-MMLU, with two subjects."""
    texts = [row["text"] for row in benchmarks.flores("eng_Latn", "devtest")[:12]]
    rows = [
        {"sample_id": str(n), "subject": ("law", "art history", "law")[n % 3], "question": text,
         "answer": "ABCD"[n % 4], **dict(zip(OPTIONS, texts[n:] + texts[:n], strict=False))}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    configs = [
        {"config_name": code,
         "data_files": [{"split": split, "path": f"{split}.jsonl"} for split in ("dev", "test")]}
        for code in (CODE, "eng_Latn")
    ]  # fmt: skip
    lines = [json.dumps(row).encode() for row in rows]
    return {
        "README.md": f"---\n{yaml.safe_dump({'configs': configs})}---\n".encode(),
        "dev.jsonl": b"\n".join(lines[:3]),
        "test.jsonl": b"\n".join(lines[3:]),
    }


def _push(api: HfApi, repo: str, files: dict[str, bytes]) -> None:
    api.create_repo(repo, repo_type="dataset")
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit(repo, operations, repo_type="dataset", commit_message="Add rows")


def results(runs: Path, backend: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the rows of results.jsonl by model, test and metric."""
    rows = map(json.loads, (runs / f"{backend}.jsonl").read_text().splitlines())
    keys = ("role", "benchmark", "test_language", "direction", "metric")
    return {tuple(str(row[key]) for key in keys): row for row in rows}


def test_both_backends_give_the_same_scores(runs: Path) -> None:
    ours, theirs = results(runs, "transformers"), results(runs, "lm_eval")
    assert ours.keys() == theirs.keys() and len(ours) == 2 * (2 + 2 + 2 + 2 + 2)
    for key, row in ours.items():
        assert theirs[key]["value"] == pytest.approx(row["value"], abs=1e-9)
        assert theirs[key]["n"] == row["n"]
    assert {row["decoding"].rpartition(", ")[0].rpartition(", ")[2] for row in theirs.values()} == {
        "lm_eval hf"
    }


def test_the_written_tasks_give_the_same_scores(runs: Path) -> None:
    theirs = json.loads((runs / "results.json").read_text())
    names = {"accuracy": "acc,none", "chrF++": "chrf++,answer", "BLEU": "bleu,answer"}
    compared = 0
    for (role, benchmark, tested, direction, metric), row in results(runs, "transformers").items():
        task = f"kakugo_{benchmark}_{tested if row['direction'] is None else direction}"
        if role == "base" and task.replace("-", "_to_") in theirs:
            value = theirs[task.replace("-", "_to_")][names[metric]]
            assert value == pytest.approx(row["value"], abs=1e-9)
            compared += 1
    assert compared == 10


def test_the_written_tasks_name_the_commit_and_leave_out_contaminated_items(runs: Path) -> None:
    texts = {path.stem: path.read_text() for path in (runs / "tasks").glob("*.yaml")}
    revision = (runs / "revision").read_text()
    assert f"revision: {revision}" in texts["kakugo_sib200_epo_Latn"]
    assert "shots: 2" in texts["kakugo_sib200_epo_Latn"]
    for name in ("kakugo_flores_eng_Latn_to_epo_Latn", "kakugo_flores_epo_Latn_to_eng_Latn"):
        assert "left_out:\n  - 1\n" in texts[name]
    assert "kakugo_belebele_eng_Latn" in texts["kakugo_epo_Latn"]


def test_jinja_templates_are_those_of_the_recipe() -> None:
    fields = {"text": "text", "language": '"Esperanto"'}
    assert jinja("Into {language}:\n{text}", fields) == ('Into {{ "Esperanto" }}:\n{{ text }}')
    assert jinja("{{a}} {text}", fields) == '{{ "{" }}a} {{ text }}'


def test_answers_with_texts_become_an_expression() -> None:
    assert choices("{letter}) {option}", ["mc_answer1", "a", "b", "c"]).startswith(
        '{{ ["A" ~ ") " ~ mc_answer1, '
    )
    assert choices("{letter}", ["solution0", "solution1"]) == ["A", "B"]


def test_a_normalisation_that_the_harness_lacks_is_refused(tmp_path: Path) -> None:
    settings = replace(lm_eval_tasks.practice(), choice=ChoiceSettings(8, "tokens"))
    tasks = [
        harness_tasks.ScoredTask(task) for task in lm_eval_tasks.tasks(tmp_path, settings)[2:3]
    ]
    with pytest.raises(UserError, match="cannot divide .* by tokens: set `normalise` to none or"):
        harness_tasks.write(tmp_path / "tasks", tasks, settings, CODE)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is a file: give a folder"):
        harness_tasks.write(tmp_path / "file", [], settings, CODE)
    with pytest.raises(UserError, match="file/tasks cannot be written: Not a directory"):
        harness_tasks.write(tmp_path / "file" / "tasks", [], settings, CODE)
