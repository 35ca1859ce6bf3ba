"""The choice of a share, the GGUF converter, and whole exports against the local Hub."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import CommitOperationAdd, HfApi, ModelCard, metadata_load

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core.errors import UserError
from recipes.core.model_loading import model as load_model
from recipes.core.model_loading import tokenizer as load_tokenizer
from recipes.export import gguf, interpolate
from recipes.export.interpolate import ShareChoice, ShareLoss
from recipes.export.settings import GgufSettings, parse
from recipes.train import heldout_loss
from tests.recipes.recipe_runner import recipe_runner
from tests.recipes.train.train_jobs import (
    BASE,
    DATA,
    RECIPE,
    client,
    environment,
    hub_with_chats,
    run_all,
)

pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]
FULL = "practice/full-epo"
BASE_LOSS = ShareLoss(0.0, 3.0, 1.0)
CONVERTER = """\
import argparse, json, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--outfile")
parser.add_argument("--outtype", choices=["q8_0", "bf16"])
args = parser.parse_args()
config = json.loads((pathlib.Path(args.model) / "config.json").read_text())
if args.outtype == "bf16":
    raise SystemExit(f"cannot do {config['model_type']} in bf16")
pathlib.Path(args.outfile).write_bytes(b"GGUF" + config["architectures"][0].encode())
"""


@pytest.mark.parametrize(
    ("tried", "expected"),
    [
        (
            [ShareLoss(1.0, 1.0, 1.2), ShareLoss(0.5, 1.5, 1.01), ShareLoss(0.25, 2.0, 1.0)],
            ShareChoice(0.5, True),
        ),
        ([ShareLoss(1.0, 1.0, 0.9), ShareLoss(0.5, 1.5, 0.9)], ShareChoice(1.0, True)),
        ([ShareLoss(1.0, 2.0, 0.9), ShareLoss(0.5, 1.5, 0.9)], ShareChoice(0.5, True)),
        ([ShareLoss(1.0, 1.0, 1.5), ShareLoss(0.5, 1.5, 1.2)], ShareChoice(0.5, False)),
    ],
)
def test_best_share_that_keeps_english_is_chosen(
    tried: list[ShareLoss], expected: ShareChoice
) -> None:
    assert interpolate.choose_share(BASE_LOSS, tried, worse=0.02) == expected


def test_weights_are_interpolated(tiny_base: Path) -> None:
    import torch

    model: Any = load_model(str(tiny_base), "main", 1, {"dtype": "float32"})
    base = interpolate.copy_weights(model)
    tuned = {name: weight + 1 for name, weight in base.items()}
    interpolate.interpolate(model, base, tuned, 0.25)
    interpolated = interpolate.copy_weights(model)
    assert all(torch.allclose(interpolated[name], base[name] + 0.25) for name in base)
    interpolate.interpolate(model, base, tuned, 0.0)
    assert all(torch.equal(interpolate.copy_weights(model)[name], base[name]) for name in base)
    assert interpolate.unmatched_names(base, tuned) == []
    assert interpolate.unmatched_names(base, {}) == sorted(base)


def test_held_out_loss_equals_that_of_the_logits(tiny_base: Path) -> None:
    import torch

    model: Any = load_model(str(tiny_base), "main", 1, {"dtype": "float32"})
    tokenizer = load_tokenizer(str(tiny_base), "main")
    chat = [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "bĉ"}]
    unanswered = [{"role": "user", "content": "a?"}]
    ids = tokenizer.apply_chat_template(chat, return_tensors="pt", return_dict=True)["input_ids"]
    start = len(tokenizer("<|user|>a?<|end|>\n<|assistant|>")["input_ids"])
    with torch.no_grad():
        log_probabilities = model(input_ids=ids).logits[0].log_softmax(-1)
    expected = -sum(log_probabilities[i - 1, ids[0, i]].item() for i in range(start, ids.shape[1]))
    losses = heldout_loss.nats(model, tokenizer, [chat, unanswered])
    assert losses == [pytest.approx(expected, rel=1e-4), 0.0]
    assert heldout_loss.answer_bytes([chat, unanswered]) == [3, 0]
    assert heldout_loss.bits_per_byte([0.6931471805599453], [1]) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def llama_cpp(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A git repository with a converter that takes llama.cpp's arguments, and its commit."""
    folder = tmp_path_factory.mktemp("llama.cpp")
    (folder / "convert.py").write_text(CONVERTER)
    git_env = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t",
           "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}  # fmt: skip
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["commit", "-qm", "Add"],
        ["rev-parse", "HEAD"],
    ):
        process = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=os.environ | git_env,
            check=True,
            capture_output=True,
            text=True,
        )
    return {"repo": str(folder), "commit": process.stdout.strip(), "script": "convert.py",
            "types": ["q8_0"], "minutes": 1}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"types": ["bf16"]}, "convert.py failed: cannot do llama in bf16"),
        ({"commit": "0" * 40}, "git fetch failed"),
        ({"script": "gone.py"}, "gone.py"),
    ],
)
def test_error_names_the_converters_own_message(
    llama_cpp: dict[str, Any],
    tmp_path: Path,
    tiny_base: Path,
    change: dict[str, Any],
    sentence: str,
) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "config.json").write_text((tiny_base / "config.json").read_text())
    settings = GgufSettings(**{**llama_cpp, **change})
    with pytest.raises(UserError, match=sentence):
        gguf.fetch(settings, tmp_path / "llama.cpp")
        gguf.convert(tmp_path / "m", "x", settings, tmp_path / "llama.cpp")
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    ("section", "sentence"),
    [({}, "no `export:` section"), ({"shares": [0.0]}, "export.shares"), ({"row": 1}, "row")],
)
def test_invalid_section_is_refused(section: dict[str, Any], sentence: str) -> None:
    valid = {"model": {}, "dtype": "float32", "shares": [1.0], "rows": 1, "worse": 0.1}
    with pytest.raises(UserError, match=sentence):
        parse({**valid, **section} if section else {})


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[LocalHub]:
    with hub_with_chats(tmp_path_factory.mktemp("hub"), tiny_base) as hub:
        api = client(hub)
        chat = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}]
        rows = "\n".join(json.dumps({"messages": chat}) for _ in range(3))
        items = "\n".join(
            json.dumps({"link": f"l{i}", "question_number": 1, "flores_passage": "Jen la alineo.",
                        "question": "Kio?", "mc_answer1": "a", "mc_answer2": "b", "mc_answer3": "c",
                        "mc_answer4": "d", "correct_answer_num": "1"}) for i in range(5)
        )  # fmt: skip
        configs = [
            {"config_name": "epo_Latn", "data_files": [{"split": "test", "path": "t.jsonl"}]}
        ]
        card = f"---\n{yaml.safe_dump({'configs': configs})}---\n"
        for repo, files in {
            "practice/english": {"train.jsonl": rows},
            "practice/belebele": {"t.jsonl": items, "README.md": card},
        }.items():
            api.create_repo(repo, repo_type="dataset")
            added = [CommitOperationAdd(path, text.encode()) for path, text in files.items()]
            api.create_commit(repo, added, repo_type="dataset", commit_message="Add rows")
        api.create_repo("practice/empty")  # without files: it cannot be loaded
        api.create_repo("practice/other")
        api.upload_folder(repo_id="practice/other", folder_path=tiny_base)
        yield hub


def recipe(llama_cpp: dict[str, Any]) -> dict[str, Any]:
    trainer = {**RECIPE["train"]["trainer"], "max_steps": 4, "save_strategy": "no"}
    practice = yaml.safe_load(Path("recipes/practice.yaml").read_text(encoding="utf-8"))
    evaluate = practice["evaluate"]
    evaluate["benchmarks"] = {"belebele": {**evaluate["benchmarks"]["belebele"],
                                           "dataset": "practice/belebele"}}  # fmt: skip
    evaluate["benchmarks"]["belebele"].pop("english", None)
    evaluate["chat"]["benchmarks"] = ["belebele"]
    english = {"repo": "practice/english", "split": "train", "columns": ["messages"]}
    return {
        **RECIPE,
        "train": {**RECIPE["train"], "trainer": trainer},
        "generate": {**practice["generate"], "conversations": english},
        "bake_off": {"candidates": [BASE, "practice/empty", "practice/other"], "rows": 40,
                     "steps": 3, "held_out": 6, "items": 3},
        "evaluate": evaluate,
        "export": {"model": {"dtype": "float32"}, "dtype": "bfloat16", "shares": [1.0, 0.5],
                   "rows": 6, "worse": 9.0, "gguf": llama_cpp},
    }  # fmt: skip


def test_train_bake_off_and_export(
    hub: LocalHub, torch_fork_server: ForkServer, llama_cpp: dict[str, Any], tmp_path: Path
) -> None:
    path, adapter, results = tmp_path / "tiny.yaml", "practice/tiny-epo", "practice/results"
    path.write_text(yaml.safe_dump(recipe(llama_cpp)))
    common = ["--config", str(path), "--org", "practice", "--language", "epo_Latn",
              "--dataset", DATA]  # fmt: skip
    bake_off = ["bake-off", *common, "--into", results]
    export = ["export", *common, "--base", BASE, "--adapter", adapter]
    commands = [["train", *common, "--base", BASE, "--into", adapter], bake_off, export,
                bake_off, export, *full_model_commands(path, common, results)]  # fmt: skip
    with recipe_runner(torch_fork_server, environment(hub, tmp_path), tmp_path / "runs") as runner:
        # Before its manifest; `tests/bench` tries every write of every recipe.
        assert runner.start(*bake_off, killed_before_write=5).wait() == -9
        output = run_all(runner, commands)
        failed = runner.run(*export_without_gguf(path, common))
    assert "already has this bake-off" in output and "already has a run" in output
    assert f"{BASE} was already measured" in output
    assert "The merged weights are in practice/no-gguf, but not all GGUF files." in failed.stderr
    files = set(client(hub).list_repo_files("practice/no-gguf"))
    assert "model.safetensors" in files and not files & {"run.json", "no-gguf-q8_0.gguf"}
    api, merged = client(hub), f"{adapter}-merged"
    files = set(api.list_repo_files(adapter))
    assert {"adapter_model.safetensors", "tokenizer.json", "chat_template.jinja", "loss.png",
            "training_log.jsonl", "README.md", "run.json"} <= files  # fmt: skip
    assert not any(name.endswith((".bin", ".pt", ".pth")) for name in files)

    assert {"model.safetensors", "tiny-epo-merged-q8_0.gguf", "tokenizer.json", "run.json",
            "chat_template.jinja"} <= set(api.list_repo_files(merged))  # fmt: skip
    gguf_path = api.hf_hub_download(merged, "tiny-epo-merged-q8_0.gguf")
    assert Path(gguf_path).read_bytes() == b"GGUFLlamaForCausalLM"
    card = ModelCard.load(api.hf_hub_download(merged, "README.md"))
    assert card.data.base_model == [BASE, adapter] and card.data["base_model_relation"] == "merge"
    assert card.data.license == "apache-2.0" and "Offline" in card.text
    text = ModelCard.load(api.hf_hub_download(adapter, "README.md")).text
    assert f"vllm serve {merged}" in text and "not been exported yet" not in text
    assert f"ollama run hf.co/{merged}:q8_0" in text
    run = json.loads(Path(api.hf_hub_download(merged, "run.json")).read_text())
    base, *tried, saved = run["metrics"]["losses"]
    assert [loss["share"] for loss in (base, *tried)] == [0.0, 1.0, 0.5]
    assert tried[0]["target"] < base["target"]  # these chats were trained on
    assert saved["target"] == pytest.approx(tried[0]["target"], rel=0.05)

    check_full_model(api, results)
    folder = "bake-off/epo_Latn"
    report = Path(api.hf_hub_download(results, f"{folder}/report.md", repo_type="dataset"))
    assert "not significantly worse" in report.read_text() and "belebele" in report.read_text()
    assert "Left out: practice/empty cannot be read" in report.read_text()
    run = json.loads(
        Path(api.hf_hub_download(results, f"{folder}/run.json", repo_type="dataset")).read_text()
    )
    assert run["metrics"]["recommended_base"] == BASE and len(run["metrics"]["bits_per_byte"]) == 2
    assert metadata_load(str(report)) is None  # a report, not a card


def export_without_gguf(path: Path, common: list[str]) -> list[str]:
    """Export with a converter that cannot be fetched."""
    recipe = yaml.safe_load(path.read_text())
    recipe["export"]["gguf"]["commit"] = "0" * 40
    path = path.with_name("no-gguf.yaml")
    path.write_text(yaml.safe_dump(recipe))
    return ["export", *common[2:], "--config", str(path), "--base", BASE, "--adapter", FULL,
            "--into", "practice/no-gguf"]  # fmt: skip


def full_model_commands(path: Path, common: list[str], results: str) -> list[list[str]]:
    """Train all weights, evaluate and export."""
    recipe = yaml.safe_load(path.read_text())
    recipe["train"]["lora"] = None
    recipe["train"]["trainer"]["learning_rate"] = 0.003
    path = path.with_name("full.yaml")
    path.write_text(yaml.safe_dump(recipe))
    common, models = [*common[2:], "--config", str(path)], ["--base", BASE, "--adapter", FULL]
    return [
        ["train", *common, "--base", BASE, "--into", FULL],
        ["evaluate", *common, *models, "--into", results],
        ["export", *common, *models],
    ]


def check_full_model(api: HfApi, results: str) -> None:
    """Check that both are whole models and that the evaluation compared the tuned one."""
    folder = f"epo_Latn/{FULL.split('/')[1]}"
    path = api.hf_hub_download(results, f"{folder}/results.jsonl", repo_type="dataset")
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    assert [(row["role"], row["model"], row["base"]) for row in rows] == [
        ("base", BASE, BASE), ("adapter", FULL, BASE)]  # fmt: skip
    path = api.hf_hub_download(results, f"{folder}/outputs.jsonl", repo_type="dataset")
    likelihoods = [
        json.loads(line)["log_likelihoods"] for line in Path(path).read_text().splitlines()
    ]
    assert likelihoods[:5] != likelihoods[5:]
    card = ModelCard.load(api.hf_hub_download(FULL, "README.md"))
    assert f'AutoModelForCausalLM.from_pretrained("{FULL}")' in card.text
    assert "| base | tuned |" in card.text and "adapter" not in card.text.lower()
    assert "vllm serve practice/no-gguf" in card.text  # the last export

    files = set(api.list_repo_files(f"{FULL}-merged"))
    assert {"model.safetensors", "full-epo-merged-q8_0.gguf", "run.json"} <= files
    run = json.loads(Path(api.hf_hub_download(f"{FULL}-merged", "run.json")).read_text())
    base, *tried, saved = run["metrics"]["losses"]
    assert tried[0]["target"] < base["target"]
    assert saved["target"] == pytest.approx(tried[0]["target"], rel=0.05)
    text = ModelCard.load(api.hf_hub_download(f"{FULL}-merged", "README.md")).text
    assert "a full fine-tune for Esperanto" in text and "adapter" not in text
