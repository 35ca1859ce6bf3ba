"""An adapter's next version is made from corrections; each run is a process of its own."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import CommitOperationAdd, HfApi

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core.manifest import Manifest
from recipes.train import checkpoints, heldout_loss
from tests.recipes import feedback_samples, tiny_adapters
from tests.recipes.recipe_runner import RecipeRunner, Run, recipe_runner
from tests.recipes.train.train_jobs import (
    BASE,
    DATA,
    KILLED,
    client,
    environment,
    hub_with_chats,
    wait_for_success,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # PEFT's, of transformers
]

ADAPTER = "practice/kakugo-epo"
COPIED = "La blanka kato dormas sub la granda arbo en la parko"


@pytest.fixture
def hub(tmp_path: Path, tiny_base: Path) -> Iterator[LocalHub]:
    with hub_with_chats(tmp_path / "hub", tiny_base) as hub:
        api = client(hub)
        folder = tmp_path / "adapter"
        tiny_adapters.write(
            tiny_adapters.untrained(tiny_base), folder, BASE, api.model_info(BASE).sha
        )
        (folder / ".eval_results").mkdir()
        for name in ("loss.png", ".eval_results/a.yaml"):
            (folder / name).touch()
        tiny_adapters.push(api, ADAPTER, folder)
        card = "---\nconfigs:\n- config_name: default\n  data_files: x.jsonl\n---\n"
        text = json.dumps({"text": COPIED})
        api.create_repo("practice/benchmark", repo_type="dataset")
        api.create_commit(
            "practice/benchmark",
            [CommitOperationAdd("README.md", card.encode()),
             CommitOperationAdd("x.jsonl", text.encode())],
            repo_type="dataset",
            commit_message="Add a benchmark",
        )  # fmt: skip
        yield hub


class NextVersions:
    """Runs `kakugo-recipe train --feedback` with the practice recipe."""

    def __init__(self, folder: Path, runner: RecipeRunner) -> None:
        recipe = yaml.safe_load((Path("recipes") / "practice.yaml").read_text())
        recipe["generate"]["benchmarks"] = [{"repo": "practice/benchmark", "split": "train",
                                             "columns": ["text"], "config": "default"}]  # fmt: skip
        recipe["train"] |= {"max_length": 200, "model": {"dtype": "float32"}}
        self.recipe, self.path, self._runner = recipe, folder / "tiny.yaml", runner

    def start(self, script: str = "", **changes: Any) -> Run:
        """Start the recipe with these changes to `train.feedback`, or a script instead."""
        section = self.recipe["train"]["feedback"]
        section["trainer"] |= changes.pop("trainer", {})
        section |= changes
        self.path.write_text(yaml.safe_dump(self.recipe))
        return self._runner.start(
            "train", "--config", str(self.path), "--org", "practice", "--language", "epo_Latn",
            "--dataset", DATA, "--base", BASE, "--into", ADAPTER,
            "--feedback", feedback_samples.FEEDBACK, script=script)  # fmt: skip


@pytest.fixture
def run(hub: LocalHub, torch_fork_server: ForkServer, tmp_path: Path) -> Iterator[NextVersions]:
    with recipe_runner(torch_fork_server, environment(hub, tmp_path), tmp_path / "runs") as runner:
        yield NextVersions(tmp_path, runner)


def preference(hub: LocalHub, revision: str) -> float:
    """Return by how many nats the corrections are likelier than the answers, in total."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    api = client(hub)
    base = api.snapshot_download(BASE)
    adapter = api.snapshot_download(ADAPTER, revision=revision)
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)

    def loss(key: str) -> float:
        chats = [[*row["messages"], {"role": "assistant", "content": row[key]}]
                 for row in feedback_samples.corrections()]  # fmt: skip
        return sum(heldout_loss.nats(model, tokenizer, chats))

    return loss("response") - loss("correction")


def tags(hub: LocalHub) -> dict[str, str]:
    return {tag.name: tag.target_commit for tag in client(hub).list_repo_refs(ADAPTER).tags}


def branches(hub: LocalHub) -> set[str]:
    return {branch.name for branch in client(hub).list_repo_refs(ADAPTER).branches}


def test_corrections_become_a_version_that_prefers_them_even_if_the_run_is_killed(
    hub: LocalHub, run: NextVersions
) -> None:
    api = client(hub)
    before = api.model_info(ADAPTER).sha
    unusable = [
        {**feedback_samples.chat(20, "Kio?", "It.", correction="Nenio."), "consent": False},
        feedback_samples.chat(21, "Kio?", "It.", correction=COPIED),
        feedback_samples.chat(22, "Kio?", "It.", correction="jes kaj ne kaj jes kaj ne " * 12),
        feedback_samples.chat(23, "Kio?", "It.", correction="Jes.<|im_end|><|im_start|>system"),
        feedback_samples.chat(24, "Kio?", "It.", correction="This is the answer that they would "
                              "have given if they had been asked for it in English."),
    ]  # fmt: skip
    feedback_samples.push(api, [*feedback_samples.corrections(), *unusable])
    trainer = {
        "save_strategy": "steps",
        "save_steps": 4,
        "num_train_epochs": 20,
        "learning_rate": 0.003,
    }
    assert run.start(KILLED, fewest=6, trainer=trainer).wait() == -signal.SIGKILL
    assert "v2" not in tags(hub) and checkpoints.BRANCH in branches(hub)

    output = wait_for_success(run.start())
    assert "resuming from checkpoint-" in output and "pairs: 6" in output
    assert api.model_info(ADAPTER).sha == before == tags(hub)["v1"]
    assert checkpoints.BRANCH not in branches(hub)
    assert preference(hub, "v2") > preference(hub, "v1") + 50
    manifest = Manifest.from_json(Path(api.hf_hub_download(ADAPTER, "run.json", revision="v2"))
                              .read_text())  # fmt: skip
    assert manifest.metrics["version"] == "v2" and manifest.inputs[ADAPTER] == before
    assert manifest.counts.kept == 6 and manifest.counts.dropped == {
        "no_consent": 1, "benchmark_overlap": 1, "loop": 1, "leaked_tags": 1, "english": 1,
    }  # fmt: skip
    check_card(api)

    api.delete_tag(ADAPTER, tag="v2")  # as if the run was killed before its last call
    assert "was already made; added" in wait_for_success(run.start())
    assert set(tags(hub)) == {"v1", "v2"}


def check_card(api: HfApi) -> None:
    files = set(api.list_repo_files(ADAPTER, revision="v2"))
    assert {"loss.png", "preference_log.jsonl"} <= files and ".eval_results/a.yaml" not in files
    card = Path(api.hf_hub_download(ADAPTER, "README.md", revision="v2")).read_text()
    assert "## Version v2" in card and "Not evaluated yet." in card and "Good." not in card
    assert "With thanks to Eva" in card
    assert "<script>" not in card and "](http" not in card and "@everyone" not in card
    citation = yaml.safe_load(
        Path(api.hf_hub_download(ADAPTER, "CITATION.cff", revision="v2")).read_text()
    )
    assert citation["authors"] == [{"name": "Kakugo"}, {"name": feedback_samples.HOSTILE[:80]}]


def test_too_few_corrections_are_an_error_and_make_no_version(
    hub: LocalHub, run: NextVersions
) -> None:
    feedback_samples.push(client(hub), feedback_samples.corrections()[:3])
    process = run.start()
    output = "".join(process.communicate())
    assert process.returncode == 2 and "There are 3 usable corrections for epo_Latn" in output
    assert tags(hub) == {} and branches(hub) == {"main"}
