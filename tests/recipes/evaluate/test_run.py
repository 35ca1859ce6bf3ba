"""Train and evaluate as jobs run them on the local Hub: what they push, and running twice."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import CommitOperationAdd, HfApi, ModelCard

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core.errors import UserError
from recipes.core.hub_refs import commit_of
from recipes.core.manifest import Manifest
from recipes.evaluate import models
from tests.recipes.conftest import byte_tokenizer
from tests.recipes.evaluate.loaded_results import check_load_dataset
from tests.recipes.evaluate.tiny_recipe import METRIC, RECIPE
from tests.recipes.recipe_runner import RecipeRunner, Run, recipe_runner
from tests.recipes.train.train_jobs import environment

pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]
BASE, DATA = "practice/kakugo-tiny", "practice/kakugo-epo_Latn"
ADAPTER, RESULTS = "practice/kakugo-tiny-epo_Latn", "practice/kakugo-results"
PEER, OTHER_PEER = "practice/another", "practice/one-more"
FOLDER = "epo_Latn/kakugo-tiny-epo_Latn"
COPIED = "La kvara frazo de la provo estas tute alia ol la ceteraj."
ENGLISH = [f"Sentence number {i} is about the colour of a house." for i in range(6)]
ESPERANTO = [f"La frazo numero {i} temas pri la koloro de domo." for i in range(5)] + [COPIED]


def push_rows(
    api: HfApi,
    repo: str,
    configs: dict[str, dict[str, list[dict[str, Any]]]],
    tasks: Sequence[str] = (),
) -> None:
    """Push rows as jsonl: one file for each config and split, listed in the card.

    With ids of tasks, it is a registered benchmark.
    """
    named = [
        {"config_name": config, "data_files": [
            {"split": split, "path": f"{config}/{split}.jsonl"} for split in splits]}
        for config, splits in configs.items()
    ]  # fmt: skip
    metadata = {"configs": named, "tags": ["benchmark:official"] if tasks else []}
    files = {"README.md": f"---\n{yaml.safe_dump(metadata)}---\n"}
    if tasks:
        files["eval.yaml"] = yaml.safe_dump({"tasks": [{"id": task} for task in tasks]})
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
        push_rows(api, "practice/flores",
                {"epo_Latn": sentences(ESPERANTO), "eng_Latn": sentences(ENGLISH)},
                ["eng_Latn-epo_Latn"])  # fmt: skip
        questions = {"test": [question(i) for i in range(8)]}
        push_rows(api, "practice/belebele", {"epo_Latn": questions, "eng_Latn": questions})
        for repo, folder in (
            (PEER, tiny_base),
            (OTHER_PEER, tiny_base),
            (METRIC, metric(tmp_path_factory.mktemp("metric"))),
        ):
            api.create_repo(repo)
            api.upload_folder(repo_id=repo, folder_path=folder)
        chats = [[{"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": "Jes."}]
                 for i in range(12)]  # fmt: skip
        chats.append([{"role": "user", "content": f"Traduku: {COPIED}"},
                      {"role": "assistant", "content": "Ne."}])  # fmt: skip
        rows = [{"messages": chat, "source": "t"} for chat in chats]
        push_rows(api, DATA, {"default": {"train": rows, "test": rows[:2]}})
        made = Manifest("generate", "r1", 2, "d", "epo_Latn", {}, DATA, "c", True, 9.0,
                          cost_usd=0.25, metrics={"earlier_runs_usd": 0.5}).to_json()  # fmt: skip
        api.upload_file(path_or_fileobj=made.encode(), path_in_repo="run.json", repo_id=DATA,
                        repo_type="dataset")  # fmt: skip
        yield hub


def metric(folder: Path) -> Path:
    """Write a tiny random encoder with a head of one number."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer = byte_tokenizer()
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    config = BertConfig(
        vocab_size=len(tokenizer), num_attention_heads=2, num_labels=1, pad_token_id=0, **sizes
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def client(hub: LocalHub) -> HfApi:
    return HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))


@pytest.fixture(scope="module")
def runner(
    hub: LocalHub, torch_fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecipeRunner]:
    folder = tmp_path_factory.mktemp("jobs")
    with recipe_runner(torch_fork_server, environment(hub, folder), folder / "runs") as runner:
        yield runner


@pytest.fixture(scope="module")
def start(runner: RecipeRunner, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Return a function that starts `kakugo-recipe` in its own process, as a job does."""
    path = tmp_path_factory.mktemp("recipe") / "tiny.yaml"
    path.write_text(yaml.safe_dump(RECIPE, sort_keys=False))

    def run(step: str, *more: str) -> Run:
        return runner.start(step, "--config", str(path), "--org", "practice",
                             "--language", "epo_Latn", "--request", "r1", *more)  # fmt: skip

    return run


@pytest.fixture(scope="module")
def recipe(
    start: Callable[..., Run],
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs `kakugo-recipe` to its end."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        job = start(*arguments)
        out, err = job.communicate()
        return subprocess.CompletedProcess(arguments, job.wait(), out, err)

    return run


def read(hub: LocalHub, repo: str, path: str, kind: str = "model") -> str:
    api = client(hub)
    return Path(api.hf_hub_download(repo, path, repo_type=kind)).read_text()


def commits(hub: LocalHub, repo: str, kind: str = "model") -> list[str]:
    return [commit.title for commit in client(hub).list_repo_commits(repo, repo_type=kind)]


def test_train_then_evaluate(
    hub: LocalHub,
    recipe: Callable[..., subprocess.CompletedProcess[str]],
    start: Callable[..., Run],
    runner: RecipeRunner,
) -> None:
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
        ["eo"], "apache-2.0", [DATA])  # fmt: skip
    assert "Practice" in card.text and "Not evaluated yet." in card.text
    assert trained.inputs[BASE] in card.text and trained.inputs[DATA] in card.text
    assert len(read(hub, ADAPTER, "training_log.jsonl").splitlines()) == 3
    config = json.loads(read(hub, ADAPTER, "adapter_config.json"))
    assert (config["base_model_name_or_path"], config["revision"]) == (BASE, trained.inputs[BASE])
    assert commits(hub, ADAPTER)[0] == "Finish train of epo_Latn"

    again = recipe(*train)
    assert again.returncode == 0 and "already has a run" in again.stdout
    assert "progress" not in again.stdout

    evaluate = ("evaluate", "--dataset", DATA, "--base", BASE, "--adapter", ADAPTER,
                "--into", RESULTS)  # fmt: skip
    done = recipe(*evaluate)
    assert done.returncode == 0, done.stderr
    assert "progress: 48/48 items" in done.stdout
    evaluated = Manifest.from_json(read(hub, RESULTS, f"{FOLDER}/run.json", "dataset"))
    rows = results(hub)
    check_manifest(evaluated, rows)
    check_rows(hub, rows, evaluated.inputs)
    check_outputs(hub)
    check_card(hub, rows)
    check_load_dataset(RESULTS, runner, rows)
    assert commits(hub, RESULTS, "dataset")[0] == "Finish evaluate of epo_Latn"
    again = recipe(*evaluate)
    assert again.returncode == 0 and "already" in again.stdout

    client(hub).delete_folder(FOLDER, RESULTS, repo_type="dataset")
    kill_after_a_task(hub, start(*evaluate))
    done = recipe(*evaluate, "--models", PEER)
    assert done.returncode == 0, done.stderr
    assert "not compared: practice/unreadable cannot be read" in done.stdout
    first = next(line for line in done.stdout.splitlines() if line.startswith("progress:"))
    cached, total = first.split()[1].split("/")
    assert 4 <= int(cached) <= 48 and total == "72"
    check_with_peer(hub, rows)
    earlier = client(hub).list_repo_commits(ADAPTER)[1].commit_id
    pinned = (f"{ADAPTER}@{earlier}" if each == ADAPTER else each for each in evaluate)
    done = recipe(*pinned, "--models", OTHER_PEER)
    assert "progress: 72/96 items" in done.stdout, done.stderr
    evaluated = Manifest.from_json(read(hub, RESULTS, f"{FOLDER}/run.json", "dataset"))
    assert evaluated.metrics["peers"] == [PEER, OTHER_PEER]
    assert evaluated.inputs[ADAPTER] == earlier
    columns = json.loads(read(hub, RESULTS, "benchmarks.json", "dataset"))
    assert {"key": "topic", "benchmark": "sib200", "chance": 0.1429}.items() <= columns[2].items()
    check_identities(client(hub))


def results(hub: LocalHub) -> list[dict[str, Any]]:
    lines = read(hub, RESULTS, f"{FOLDER}/results.jsonl", "dataset").splitlines()
    return [json.loads(line) for line in lines]


def check_manifest(evaluated: Manifest, rows: list[dict[str, Any]]) -> None:
    assert evaluated.counts.dropped == {"in_training_data": 2}  # one sentence, both directions
    metrics = evaluated.metrics
    assert metrics["contamination"] == {"texts": 18, "contaminated": 1}
    assert (metrics["not_covered"], metrics["peers"]) == (["global_mmlu", "global_piqa"], [])
    assert metrics["titles"]["belebele"] == "Reading comprehension"
    assert [(row["benchmark"], row["n"]) for row in metrics["results"]] == [
        ("flores", 4), ("flores", 4), ("belebele", 8)]  # fmt: skip
    assert [row["metric"] for row in metrics["other_metrics"]] == ["BLEU", "BLEU", "neural"]
    assert [row["benchmark"] for row in metrics["english"]] == ["belebele"]
    assert [row["adapter"]["any"] <= 4 for row in metrics["degenerate"]] == [True, True]
    main = [row for row in rows if row["role"] == "adapter" and row.get("main")]
    summaries = [*metrics["results"], *metrics["english"]]
    for row, summary in zip(main, summaries, strict=True):
        assert summary["adapter"] == pytest.approx(row["value"], abs=1e-4)
        assert summary["significant"] == row["significant"]


def check_rows(hub: LocalHub, rows: list[dict[str, Any]], inputs: dict[str, str]) -> None:
    scored = [row for row in rows if row["covered"]]
    assert [row["role"] for row in scored] == ["base", "adapter"] * 7
    assert [row["metric"] for row in scored[::2]] == [
        "chrF++", "BLEU", "chrF++", "BLEU", "neural", "accuracy", "accuracy"]  # fmt: skip
    assert [row["test_language"] for row in scored[-4:]] == ["epo_Latn"] * 2 + ["eng_Latn"] * 2
    assert all(row["practice"] and row["request"] == "r1" and row["base"] == BASE for row in rows)
    assert {row["cost_usd"] for row in rows} == {0.75}  # of all attempts of the dataset
    assert all(row["system"] == "Be brief." and row["prompt"] and row["decoding"] for row in scored)
    for base, adapter in zip(scored[::2], scored[1::2], strict=True):
        for key in ("dataset_revision", "prompt", "shots", "decoding", "n", "signature"):
            assert base[key] == adapter[key]
        assert base["test_language"] == adapter["test_language"]
        assert adapter["difference"] == pytest.approx(adapter["value"] - base["value"])
        assert adapter["ci"][0] <= adapter["value"] <= adapter["ci"][1]
        assert 0 <= adapter["p"] <= 1 and "p" not in base
        assert (base["revision"], adapter["base_revision"]) == (inputs[BASE],) * 2
        assert adapter["dataset_revision"] == inputs[adapter["dataset"]]
    missing = [row for row in rows if not row["covered"]]
    assert [(row["benchmark"], row["test_language"], row["value"]) for row in missing] == [
        ("global_mmlu", "epo_Latn", None),
        ("global_mmlu", "eng_Latn", None),
        ("global_piqa", "epo_Latn", None),
    ]


def check_outputs(hub: LocalHub) -> None:
    lines = read(hub, RESULTS, f"{FOLDER}/outputs.jsonl", "dataset").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 48
    assert {tuple(row["scores"]) for row in rows} == {
        ("chrF++",), ("chrF++", "neural"), ("accuracy",)}  # fmt: skip
    for row in rows:
        if "options" in row:
            best = row["log_likelihoods"].index(max(row["log_likelihoods"]))
            assert row["output"] == row["options"][best]
            assert row["scores"]["accuracy"] == (row["output"] == row["reference"])


def check_card(hub: LocalHub, rows: list[dict[str, Any]]) -> None:
    card = ModelCard(read(hub, ADAPTER, "README.md"))
    assert "Not evaluated yet." not in card.text and "practice Belebele" in card.text
    assert "practice Global-MMLU | | not covered" in card.text and "in English" in card.text
    assert "1 of 18 benchmark texts is in the training data, so 2 items were" in card.text
    assert "Degenerate translations" in card.text and card.text.count("> **Adapter:**") == 3
    assert card.data.base_model == BASE and len(card.data.eval_results) == 7
    info = client(hub).model_info(ADAPTER, expand=["evalResults"])
    entries = {entry.task_id: entry for entry in info.eval_results or []}
    assert list(entries) == ["eng_Latn-epo_Latn"], "the only task of a registered benchmark"
    into = next(row for row in rows if row["role"] == "adapter")
    chat = into["chat"]
    assert (chat["metric"], chat["n"]) == ("chrF++", 1) and 0 <= chat["second"] <= 100
    assert f"(chrF++): **{chat['first']:.1f}** (" in card.text and "in 1 new chats" in card.text
    assert entries["eng_Latn-epo_Latn"].value == pytest.approx(into["value"], abs=1e-4)
    assert entries["eng_Latn-epo_Latn"].dataset_revision == into["dataset_revision"]
    assert all(
        "practice, not a real benchmark" in (entry.notes or "") for entry in entries.values()
    )
    assert all("/results.jsonl" in (entry.source_url or "") for entry in entries.values())


def kill_after_a_task(hub: LocalHub, job: Run) -> None:
    """Kill the job as soon as it has pushed outputs."""
    deadline = time.monotonic() + 120
    while not commits(hub, RESULTS, "dataset")[0].startswith("Keep"):
        assert job.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    job.kill()
    assert not client(hub).file_exists(RESULTS, f"{FOLDER}/run.json", repo_type="dataset")


def check_with_peer(hub: LocalHub, before: list[dict[str, Any]]) -> None:
    """Results are the same as without the kill, and a copy of the base scores like the base."""
    rows = results(hub)
    changing = ("evaluated_at", "revision")  # the card has changed
    ours = [row for row in rows if row["role"] != "peer"]
    assert [{k: v for k, v in row.items() if k not in changing} for row in ours] == [
        {k: v for k, v in row.items() if k not in changing} for row in before]  # fmt: skip
    peers = [row for row in rows if row["role"] == "peer"]
    assert {row["model"] for row in peers} == {PEER} and "p" not in peers[0]
    bases = [row for row in rows if row["role"] == "base"]
    for peer, base in zip(peers, bases, strict=True):
        assert (peer["metric"], peer["value"], peer["ci"]) == (
            base["metric"], base["value"], base["ci"])  # fmt: skip
    text = ModelCard(read(hub, ADAPTER, "README.md")).text
    assert f"`{PEER}`" in text and text.count("<!-- results -->") == 1


def check_identities(api: HfApi) -> None:
    """A new card is not a new model, and an adapter as a peer has its own base."""
    before = api.model_info(ADAPTER).sha or ""
    base = BASE, api.model_info(BASE).sha or ""
    api.upload_file(
        path_or_fileobj=b"---\nlicense: mit\n---\n# x", path_in_repo="README.md", repo_id=ADAPTER
    )
    (peer,) = models.peers(api, [ADAPTER, ADAPTER])
    assert (peer.base, peer.base_revision) == base and peer.revision != before
    plain, adapter = models.base_and_adapter(api, base, (ADAPTER, before))
    assert peer.files == adapter.files != plain.files
    (whole,) = models.peers(api, [PEER])
    assert (whole.base, whole.is_adapter, peer.is_adapter) == (PEER, False, True)


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


def test_an_absent_repository_or_revision_is_named(hub: LocalHub) -> None:
    with pytest.raises(UserError, match="no dataset practice/nothing on the Hub"):
        commit_of(client(hub), "practice/nothing", "dataset")
    with pytest.raises(UserError, match="practice/flores has no revision v9"):
        commit_of(client(hub), "practice/flores", "dataset", "v9")
