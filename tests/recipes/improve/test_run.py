"""The job that the bot starts for `/improve`, from corrections to a compared version.

The chat's own code stores what people send and what the steward accepts. A script without an
account has sent feedback too, which changes nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.domain.observation import Change, TooFewCorrections, Version
from bot.hub.manifests import parse_manifest
from bot.localhub.fork_server import ForkServer
from recipes.core.manifest import Manifest
from tests.recipes import feedback_samples, tiny_adapters
from tests.recipes.promote.test_run import (
    ADAPTER,
    FOLDER,
    RECIPE,
    RESULTS,
    add_benchmark,
    read_result,
)
from tests.recipes.recipe_runner import recipe_runner
from tests.recipes.train.train_jobs import (
    BASE,
    DATA,
    client,
    environment,
    hub_with_chats,
    run_all,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # PEFT's, of transformers
]


def recipe(folder: Path) -> Path:
    recipe = yaml.safe_load((Path("recipes") / "practice.yaml").read_text())
    recipe["generate"]["benchmarks"] = []
    recipe["train"] |= {"max_length": 200}
    recipe["evaluate"] = RECIPE["evaluate"]
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path


def test_one_job_makes_a_version_compares_it_and_reports(
    tmp_path: Path, tiny_base: Path, torch_fork_server: ForkServer
) -> None:
    with (
        hub_with_chats(tmp_path / "hub", tiny_base) as hub,
        recipe_runner(torch_fork_server, environment(hub, tmp_path), tmp_path / "runs") as runner,
    ):
        api = client(hub)
        add_benchmark(api)
        folder = tmp_path / "adapter"
        tiny_adapters.write(
            tiny_adapters.untrained(tiny_base), folder, BASE, api.model_info(BASE).sha
        )
        tiny_adapters.push(api, ADAPTER, folder)
        feedback_samples.push(api, feedback_samples.attack())
        improve = ["improve", "--config", str(recipe(tmp_path)), "--org", "practice", "--language",
                   "epo_Latn", "--dataset", DATA, "--base", BASE, "--adapter", ADAPTER, "--into",
                   RESULTS, "--feedback", feedback_samples.FEEDBACK, "--request"]  # fmt: skip
        api.create_repo(RESULTS, repo_type="dataset")
        before = api.model_info(ADAPTER).sha, api.dataset_info(DATA).sha
        refused = runner.run(*improve, "r6")
        assert refused.returncode == 0 and "52 waiting" in refused.stdout
        text = read_result(api, f"{FOLDER}/improvements/r6/run.json")
        outcome = parse_manifest(yaml.safe_load(text))
        assert outcome.version == TooFewCorrections(usable=0, needed=4)
        assert before == (api.model_info(ADAPTER).sha, api.dataset_info(DATA).sha)
        corrections = feedback_samples.corrections(account="")
        feedback_samples.push(api, corrections)
        feedback_samples.accept(api, corrections)
        output = run_all(runner, [[*improve, request] for request in ("r7", "r7", "r8")])
        assert "improvements/r7/run.json already" in output
        text = read_result(api, f"{FOLDER}/improvements/r7/run.json")
        assert Manifest.from_json(text).step == "improve"
        compared = Manifest.from_json(read_result(api, f"{FOLDER}/versions/v2/run.json")).metrics
        gain_before = Change(compared["gain_before"], *compared["gain_before_ci"])
        for request, fresh in (("r7", True), ("r8", False)):
            text = read_result(api, f"{FOLDER}/improvements/{request}/run.json")
            made, promoted = parse_manifest(yaml.safe_load(text)), compared["promoted"]
            assert made.version == Version("v2", promoted, fresh, gain_before=gain_before)
            assert made.overall.gain and made.overall.gain.value == compared["overall"]["gain"]
        card = Path(api.hf_hub_download(ADAPTER, "README.md")).read_text()
        assert "v2 is the current version" in card or "v2 did not replace it" in card
        assert "With thanks to Eva" in card, "the review report was made, too"
        assert "Not yet reviewed by speakers" in card
        for repo, repo_type in ((ADAPTER, "model"), (DATA, "dataset")):
            for file in ("README.md", "CITATION.cff"):
                path = api.hf_hub_download(repo, file, repo_type=repo_type)
                assert "Mallory" not in Path(path).read_text()
        assert not api.file_exists(DATA, "speakers.jsonl", repo_type="dataset"), "no row is edited"
