"""Both recipes as jobs run them, against the local Hub: what they push, and that twice is once."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import CommitOperationAdd, HfApi, ModelCard

from bot.localhub.testing import LocalHub
from recipes.base import commit_of
from recipes.evaluate import benchmarks
from recipes.evaluate.settings import parse
from recipes.manifest import Manifest
from recipes.refusal import Refusal

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
BASE, DATA = "practice/kakugo-tiny", "practice/kakugo-epo_Latn"
ADAPTER, RESULTS = "practice/kakugo-tiny-epo_Latn", "practice/kakugo-results"
FOLDER = "epo_Latn/kakugo-tiny-epo_Latn"
COPIED = "La kvara frazo de la provo estas tute alia ol la ceteraj."
ENGLISH = [f"Sentence number {i} is about the colour of a house." for i in range(6)]
ESPERANTO = [f"La frazo numero {i} temas pri la koloro de domo." for i in range(5)] + [COPIED]
RECIPE: dict[str, Any] = {
    "plan": {"practice": True},
    "train": {
        "threads": 1,
        "max_length": 96,
        "model": {"dtype": "float32"},
        "lora": {"r": 4, "target_modules": "all-linear", "modules_to_save": ["embed_tokens"],
                 "ensure_weight_tying": True},
        "trainer": {"seed": 1, "max_steps": 3, "per_device_train_batch_size": 4, "bf16": False,
                    "learning_rate": 0.01, "logging_steps": 1, "save_strategy": "no",
                    "activation_checkpointing": False, "dataloader_pin_memory": False},
    },
    "evaluate": {
        "threads": 1,
        "model": {"dtype": "float32"},
        "merge": True,
        "system": "Be brief.",
        "bootstrap": {"samples": 200, "seed": 1},
        "generation": {"batch": 4, "max_new_tokens": 8},
        "choice": {"batch": 4, "normalise": "tokens"},
        "copied": 24,
        "benchmarks": {
            "flores": {"dataset": "{org}/flores", "revision": "main", "split": "devtest",
                       "shots": {"count": 1, "split": "devtest"},
                       "prompts": {"from_english": "Into {language}: {text}",
                                   "into_english": "From {language}: {text}"}},
            "belebele": {"dataset": "{org}/belebele", "revision": "main", "split": "test",
                         "prompt": "{passage} {question} {option_a}", "answer": "{letter}"},
            "global_mmlu": {"dataset": "{org}/belebele", "revision": "main", "split": "test",
                            "configs": {"yor_Latn": "yo"}, "prompt": "", "answer": ""},
        },
    },
}  # fmt: skip


def publish(api: HfApi, repo: str, configs: dict[str, dict[str, list[dict[str, Any]]]]) -> None:
    """Push rows as jsonl, one file a config and split, named in the card as `datasets` wants it."""
    named = [
        {"config_name": config, "data_files": [
            {"split": split, "path": f"{config}/{split}.jsonl"} for split in splits]}
        for config, splits in configs.items()
    ]  # fmt: skip
    files = {"README.md": f"---\n{yaml.safe_dump({'configs': named})}---\n"}
    for config, splits in configs.items():
        for split, rows in splits.items():
            files[f"{config}/{split}.jsonl"] = "\n".join(json.dumps(row) for row in rows)
    api.create_repo(repo, repo_type="dataset")
    operations = [CommitOperationAdd(path, text.encode()) for path, text in files.items()]
    api.create_commit(repo, operations, repo_type="dataset", commit_message="Add rows")


def sentences(texts: list[str]) -> dict[str, list[dict[str, Any]]]:
    return {"devtest": [{"id": i, "text": text} for i, text in enumerate(texts)]}


def question(number: int) -> dict[str, Any]:
    options = {f"mc_answer{i}": f"elekto {i}" for i in range(1, 5)}
    return {"link": f"l{number}", "question_number": 1, "question": "Kio?", **options,
            "flores_passage": f"Jen la alineo numero {number}, sufiĉe longa.",
            "correct_answer_num": str(number % 4 + 1)}  # fmt: skip


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        api = client(hub)
        api.create_repo(BASE)
        api.upload_folder(repo_id=BASE, folder_path=tiny_base)
        publish(api, "practice/flores",
                {"epo_Latn": sentences(ESPERANTO), "eng_Latn": sentences(ENGLISH)})  # fmt: skip
        publish(api, "practice/belebele", {"epo_Latn": {"test": [question(i) for i in range(8)]}})
        chats = [[{"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": "Jes."}]
                 for i in range(12)]  # fmt: skip
        chats.append([{"role": "user", "content": f"Traduku: {COPIED}"},
                      {"role": "assistant", "content": "Ne."}])  # fmt: skip
        rows = [{"messages": chat, "source": "t"} for chat in chats]
        publish(api, DATA, {"default": {"train": rows, "test": rows[:2]}})
        yield hub


def client(hub: LocalHub) -> HfApi:
    return HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))


@pytest.fixture
def recipe(hub: LocalHub, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `kakugo-recipe` in a process of its own, as a job does."""
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(RECIPE, sort_keys=False))
    own = {"HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token("kakugo-bot"), "OMP_NUM_THREADS": "1",
           "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "cache")}  # fmt: skip

    def run(step: str, *more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "recipes.cli", step, "--config", str(path), "--org",
                   "practice", "--language", "epo_Latn", "--request", "r1", *more]  # fmt: skip
        return subprocess.run(command, env=os.environ | own, capture_output=True, text=True)

    return run


def read(hub: LocalHub, repo: str, path: str, kind: str = "model") -> str:
    api = client(hub)
    return Path(api.hf_hub_download(repo, path, repo_type=kind)).read_text()


def commits(hub: LocalHub, repo: str, kind: str = "model") -> list[str]:
    return [commit.title for commit in client(hub).list_repo_commits(repo, repo_type=kind)]


def test_train_then_evaluate(hub: LocalHub, recipe: Callable[..., Any]) -> None:
    train = ("train", "--dataset", DATA, "--base", BASE, "--into", ADAPTER)
    done = recipe(*train)
    assert done.returncode == 0, done.stderr
    assert "progress: 3/3 steps loss=" in done.stdout
    trained = Manifest.from_json(read(hub, ADAPTER, "run.json"))
    assert (trained.step, trained.practice, trained.counts.kept) == ("train", True, 13)
    assert trained.inputs == {
        BASE: client(hub).model_info(BASE).sha,
        DATA: client(hub).dataset_info(DATA).sha,
    }
    card = ModelCard(read(hub, ADAPTER, "README.md"))
    assert card.data.base_model == BASE and card.data["base_model_relation"] == "adapter"
    assert (card.data.language, card.data.license, card.data.datasets) == (
        "eo", "apache-2.0", [DATA])  # fmt: skip
    assert "Practice" in card.text and "Not evaluated yet." in card.text
    assert trained.inputs[BASE] in card.text and trained.inputs[DATA] in card.text
    assert len(read(hub, ADAPTER, "training_log.jsonl").splitlines()) == 3
    config = json.loads(read(hub, ADAPTER, "adapter_config.json"))
    assert (config["base_model_name_or_path"], config["revision"]) == (BASE, trained.inputs[BASE])
    assert commits(hub, ADAPTER)[0] == "Finish train of epo_Latn"

    again = recipe(*train)
    assert again.returncode == 0 and "made already" in again.stdout
    assert "progress" not in again.stdout

    evaluate = ("evaluate", "--dataset", DATA, "--base", BASE, "--adapter", ADAPTER,
                "--into", RESULTS)  # fmt: skip
    done = recipe(*evaluate)
    assert done.returncode == 0, done.stderr
    assert "progress: 32/32 items" in done.stdout
    evaluated = Manifest.from_json(read(hub, RESULTS, f"{FOLDER}/run.json", "dataset"))
    assert evaluated.counts.dropped == {"in_training_data": 2}  # one sentence, both directions
    assert evaluated.metrics["contamination"] == {"texts": 18, "found": 1}
    assert evaluated.metrics["not_covered"] == ["global_mmlu"]
    table = evaluated.metrics["results"]
    assert [(row["benchmark"], row["n"]) for row in table] == [
        ("flores", 4), ("flores", 4), ("belebele", 8)]  # fmt: skip

    rows = [json.loads(line) for line in
            read(hub, RESULTS, f"{FOLDER}/results.jsonl", "dataset").splitlines()]  # fmt: skip
    assert [row["role"] for row in rows] == ["base", "adapter"] * 3
    assert all(row["practice"] and row["request"] == "r1" and row["base"] == BASE for row in rows)
    for base, adapter, summary in zip(rows[::2], rows[1::2], table, strict=True):
        assert adapter["difference"] == pytest.approx(adapter["value"] - base["value"])
        assert adapter["ci"][0] <= adapter["value"] <= adapter["ci"][1]
        assert summary["adapter"] == pytest.approx(adapter["value"], abs=1e-4)
    outputs = read(hub, RESULTS, f"{FOLDER}/outputs.jsonl", "dataset").splitlines()
    assert len(outputs) == 32

    card = ModelCard(read(hub, ADAPTER, "README.md"))
    assert "Not evaluated yet." not in card.text and "practice Belebele" in card.text
    assert card.data.base_model == BASE and len(card.data.eval_results) == 3
    assert commits(hub, RESULTS, "dataset")[0] == "Finish evaluate of epo_Latn"
    again = recipe(*evaluate)
    assert again.returncode == 0 and "already" in again.stdout


def test_a_base_that_cannot_chat_is_refused_and_nothing_is_pushed(
    hub: LocalHub, recipe: Callable[..., Any], tiny_base: Path
) -> None:
    api = client(hub)
    api.create_repo("practice/mute")
    api.upload_folder(
        repo_id="practice/mute", folder_path=tiny_base, ignore_patterns="chat_template*"
    )
    done = recipe("train", "--dataset", DATA, "--base", "practice/mute", "--into", "practice/x")
    assert done.returncode == 2
    assert "practice/mute has none" in done.stderr and "Traceback" not in done.stderr
    assert not api.repo_exists("practice/x")


def test_what_is_not_on_the_hub_is_refused_by_name(hub: LocalHub) -> None:
    with pytest.raises(Refusal, match="no dataset practice/nothing on the Hub"):
        commit_of(client(hub), "practice/nothing", "dataset")
    with pytest.raises(Refusal, match="practice/flores has no revision v9"):
        commit_of(client(hub), "practice/flores", "dataset", "v9")


def test_an_unknown_benchmark_is_refused(hub: LocalHub) -> None:
    section = copy.deepcopy(RECIPE["evaluate"])
    section["benchmarks"] = {"sib": section["benchmarks"]["belebele"]}
    with pytest.raises(Refusal, match="'sib'"):
        benchmarks.load(client(hub), parse(section), "epo_Latn")


@pytest.mark.parametrize(
    ("place", "key", "message"),
    [((), "merge", "`evaluate`.*merge"), (("choice",), "batch", "`choice`.*batch"),
     (("benchmarks", "flores"), "dataset", "`flores`.*dataset")],
)  # fmt: skip
def test_a_number_that_the_recipe_lacks_is_refused(
    place: tuple[str, ...], key: str, message: str
) -> None:
    section = copy.deepcopy(RECIPE["evaluate"])
    inner = section
    for name in place:
        inner = inner[name]
    del inner[key]
    with pytest.raises(Refusal, match=message):
        parse(section)
