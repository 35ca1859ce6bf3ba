"""A real model, SmolLM2-135M, through training, evaluation and export, with direct computations.

Run with `pytest -s tests/bench/test_real_model.py`. See `smollm2.py` for the model, without which
this is skipped.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.localhub.compute.processes import free_port
from bot.localhub.testing import LocalHub
from recipes.core import config
from recipes.train.settings import TrainingSettings, parse
from recipes.train.tokenize import Message
from recipes.validation.documents import read_yaml
from recipes.validation.recipe_files import PACKAGED
from tests.bench import baselines, smollm2
from tests.bench.train_comparison import chats, compare, summary
from tests.recipes.train.train_jobs import client, environment

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]
BASE, DATA, ADAPTER = "practice/smollm2", "practice/chats", "practice/smollm2-epo"
RESULTS = "practice/kakugo-results"
ROWS, ITEMS = 4, 2
CHATS = chats(40)


@pytest.fixture(scope="module")
def base(pytestconfig: pytest.Config) -> Path:
    return smollm2.model_folder(pytestconfig, "bfloat16")


def kakugo_settings() -> TrainingSettings:
    """Return those of the recipe for real languages, for batches of short rows on a CPU."""
    settings = parse(config.load("kakugo", "org", "epo_Latn").train)
    trainer = {**settings.trainer, "use_cpu": True, "packing": False, "save_strategy": "no"}
    return replace(settings, max_length=1024, window=8, threads=1, trainer=trainer)


def test_recipe_is_faster_than_trls_defaults(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = chats(80)
    ours, theirs = compare(str(base), kakugo_settings(), rows[:64], rows[64:], tmp_path)
    with capsys.disabled():
        print(summary(ours, theirs))
        ratio = ours.tokens_per_second / theirs.tokens_per_second
        baselines.compare("training SmolLM2-135M, against TRL's defaults", ratio)
    assert ours.bits_per_byte <= theirs.bits_per_byte


def recipe() -> dict[str, Any]:
    """Return the practice recipe with the training of `kakugo` and few items of each test."""
    recipe: dict[str, Any] = read_yaml(
        (PACKAGED / "practice.yaml").read_text(encoding="utf-8"), "practice.yaml"
    )
    kakugo = read_yaml((PACKAGED / "kakugo.yaml").read_text(encoding="utf-8"), "kakugo.yaml")
    recipe["train"] = {
        "threads": 1,
        "max_length": 512,
        "batch": 2,
        "held_out": {"rows": ROWS},
        "model": {"dtype": "float32"},
        "lora": kakugo["train"]["lora"],
        "trainer": {"seed": 1, "max_steps": 3, "learning_rate": 2e-4, "packing": True,
                    "logging_steps": 1, "eval_steps": 3, "save_strategy": "no", "use_cpu": True,
                    "bf16": False},
    }  # fmt: skip
    choice = {"batch": 4, "normalise": "none"}
    evaluate = recipe["evaluate"] | {"chat": None, "merge": False, "choice": choice}
    evaluate["benchmarks"] = {
        name: benchmark | {"limit": ITEMS} for name, benchmark in evaluate["benchmarks"].items()
    }
    export = recipe["export"] | {"shares": [1.0, 0.5], "rows": ROWS, "worse": 9.0}
    return recipe | {"evaluate": evaluate, "export": export}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Iterator[LocalHub]:
    """Run check, train, evaluate and export as commands, against a local Hub."""
    folder = tmp_path_factory.mktemp("hub")
    with LocalHub(folder / "hub") as hub:
        api = client(hub)
        api.create_repo(BASE)
        api.upload_folder(repo_id=BASE, folder_path=base)
        rows = [json.dumps({"id": str(i), "messages": chat}) for i, chat in enumerate(CHATS)]
        splits = {"train.jsonl": "\n".join(rows[ROWS:]), "test.jsonl": "\n".join(rows[:ROWS])}
        data_files = [{"split": Path(path).stem, "path": path} for path in splits]
        card = json.dumps({"configs": [{"config_name": "default", "data_files": data_files}]})
        api.create_repo(DATA, repo_type="dataset")
        for path, text in {"README.md": f"---\n{card}\n---\n", **splits}.items():
            api.upload_file(
                path_or_fileobj=text.encode(),
                path_in_repo=path,
                repo_id=DATA,
                repo_type="dataset",
            )
        config_file = folder / "real.yaml"
        config_file.write_text(json.dumps(recipe()))
        common = ["--config", str(config_file), "--org", "practice", "--language", "epo_Latn"]
        models = [*common, "--dataset", DATA, "--base", BASE]
        with practice_teacher() as url:
            for command in (
                ["practice-publish", "--org", "practice"],
                ["check", *common, "--teacher", url, "--base", BASE, "--into", RESULTS],
                ["train", *models, "--into", ADAPTER],
                ["evaluate", *models, "--adapter", ADAPTER, "--into", RESULTS],
                ["export", *models, "--adapter", ADAPTER],
            ):
                subprocess.run(
                    [sys.executable, "-m", "recipes.cli", *command],
                    env=environment(hub, folder),
                    check=True,
                )
        yield hub


@contextmanager
def practice_teacher() -> Iterator[str]:
    """Serve the practice teacher; yield its URL."""
    port = free_port()
    command = [sys.executable, "-m", "recipes.cli", "practice-teacher"]
    server = subprocess.Popen(command, env=os.environ | {"PORT": str(port)})
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def nats(model: Any, tokenizer: Any, prompt: str, answer: str) -> tuple[float, int]:
    """Return the loss of an answer and its tokens, from the logits of one plain forward pass."""
    import torch

    ids = tokenizer(prompt + answer, return_tensors="pt")["input_ids"]
    start = len(tokenizer(prompt)["input_ids"])
    with torch.no_grad():
        log_probabilities = model(input_ids=ids).logits[0].double().log_softmax(-1)
    losses = [-log_probabilities[i - 1, ids[0, i]].item() for i in range(start, ids.shape[1])]
    return sum(losses), len(losses)


def total_nats(model: Any, tokenizer: Any) -> tuple[float, int]:
    """Return the loss of all held-out answers with the ends of their turns, and their tokens."""
    pairs = [
        nats(model, tokenizer, prompt_of(tokenizer, chat[0]), f"{chat[1]['content']}<|im_end|>\n")
        for chat in CHATS[:ROWS]
    ]
    return sum(loss for loss, _ in pairs), sum(tokens for _, tokens in pairs)


def prompt_of(tokenizer: Any, question: Message) -> str:
    """Return what stands before the answer."""
    text: str = tokenizer.apply_chat_template(
        [question], tokenize=False, add_generation_prompt=True
    )
    return text


def load(folder: str) -> Any:
    """Return the model in a folder, in float32."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    return model.float().eval()


def test_held_out_loss_is_that_of_a_plain_loop(hub: LocalHub) -> None:
    from peft import PeftModel
    from transformers import AutoTokenizer

    api = client(hub)
    base, adapter, merged = (
        api.snapshot_download(repo) for repo in (BASE, ADAPTER, f"{ADAPTER}-merged")
    )
    tokenizer = AutoTokenizer.from_pretrained(adapter)
    loss, tokens = total_nats(PeftModel.from_pretrained(load(base), adapter).eval(), tokenizer)
    training = json.loads(Path(adapter, "run.json").read_text())["metrics"]
    assert training["held_out_loss"] == pytest.approx(loss / tokens, rel=1e-3)

    loss, _ = total_nats(load(merged), tokenizer)
    size = sum(len(chat[1]["content"].encode()) for chat in CHATS[:ROWS])
    *_, saved = json.loads(Path(merged, "run.json").read_text())["metrics"]["losses"]
    assert saved["target"] == pytest.approx(loss / math.log(2) / size, rel=1e-3)


def test_scores_are_those_of_sacrebleu_and_of_a_plain_loop(hub: LocalHub) -> None:
    from sacrebleu.metrics.chrf import CHRF
    from transformers import AutoTokenizer

    api, folder = client(hub), f"epo_Latn/{ADAPTER.split('/')[1]}"
    outputs, results = (
        [json.loads(line) for line in Path(path).read_text().splitlines()]
        for path in (
            api.hf_hub_download(RESULTS, f"{folder}/{name}.jsonl", repo_type="dataset")
            for name in ("outputs", "results")
        )
    )
    translations = [result for result in results if result["metric"] == "chrF++"]
    assert len(translations) == 4  # base and adapter, in two directions
    for result in translations:
        keys = ("model", "benchmark", "direction")
        own = [row for row in outputs if all(row[key] == result[key] for key in keys)]
        texts, references = ([row[key] for row in own] for key in ("output", "reference"))
        score = CHRF(word_order=2).corpus_score(texts, [references]).score
        assert len(own) == ITEMS and result["value"] == pytest.approx(score, abs=1e-6)

    base = api.snapshot_download(BASE)
    model, tokenizer = load(base), AutoTokenizer.from_pretrained(base)
    row = next(row for row in outputs if row["benchmark"] == "sib200" and row["model"] == BASE)
    prompt = prompt_of(tokenizer, {"role": "user", "content": row["prompt"]})
    expected = [-nats(model, tokenizer, prompt, option)[0] for option in row["options"]]
    assert row["log_likelihoods"] == pytest.approx(expected, abs=1e-3)
