"""The unchanged real recipe, run by hand on datasets with the real columns."""

from __future__ import annotations

import json
import os
import pty
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pycld2
import pytest

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core.manifest import Manifest
from recipes.generate.prompts import templates
from tests.recipes.gaelic.hub_datasets import BASE, DATA, ORG, publish, started
from tests.recipes.gaelic.teacher import Serving, Tutor
from tests.recipes.generate.conftest import environment
from tests.recipes.recipe_runner import RecipeRunner, recipe_runner

pytestmark = pytest.mark.xdist_group("generate")  # one Hub and one long run for all of them
LIMIT = 30
ASKED = ["generate", "--language", "Scottish Gaelic", "--config", "kakugo"]
FIGURES = ("eta=", "kept=", "spent=$", "rows/s=", "tokens/s=", "calls=")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A local Hub with the datasets and the tokenizer of the real recipe."""
    with started(tmp_path_factory.mktemp("byhand")) as local_hub:
        publish(local_hub, weights=False)
        yield local_hub


@pytest.fixture(scope="module")
def jobs(
    hub: LocalHub, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecipeRunner]:
    folder = tmp_path_factory.mktemp("jobs")
    with recipe_runner(fork_server, environment(hub, folder / "hf"), folder / "runs") as runner:
        yield runner


@dataclass(frozen=True)
class Ran:
    """The output and the files of a run, and its teacher."""

    output: str
    out: Path
    tutor: Tutor

    def rows(self, config: str) -> list[dict[str, Any]]:
        """Return all rows of a config."""
        paths = (self.out / config).glob("*.parquet")
        return [row for path in paths for row in pyarrow.parquet.read_table(path).to_pylist()]


@pytest.fixture(scope="module")
def ran(hub: LocalHub, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run the command of the README in a terminal."""
    home = tmp_path_factory.mktemp("home")
    with Serving() as teacher:
        argv = [*ASKED, "--teacher", teacher.url, "--limit", str(LIMIT), "--out", "out"]
        status, output = at_a_terminal(fork_server, argv, environment(hub, home), home)
        assert status == 0, output
        return Ran(output, home / "out", teacher.tutor)


def at_a_terminal(
    server: ForkServer, argv: list[str], env: dict[str, str], cwd: Path
) -> tuple[int, str]:
    """Run `kakugo-recipe` in a terminal; return its status and output."""
    outer, inner = pty.openpty()
    run = server.start(
        "tests.recipes.recipe_runner:run_in_fork", "", 0, argv=argv,
        streams=(inner, inner, inner), env={**env, "COLUMNS": "120"}, cwd=cwd,
    )  # fmt: skip
    os.close(inner)
    output = b""
    with os.fdopen(outer, "rb", buffering=0) as terminal:
        while True:
            try:
                output += terminal.read(4096)
            except OSError:  # the other end is closed
                return run.wait(), output.decode()


def test_a_bar_shows_speed_cost_and_time_left(ran: Ran) -> None:
    frames = [frame for frame in re.split(r"[\r\n]+", ran.output) if " rows " in frame]
    bars = [frame for frame in frames if "eta=" in frame]
    assert len(bars) > 1 and "progress:" not in ran.output
    for bar in bars:
        assert all(figure in bar for figure in FIGURES), bar
        assert len(bar) < 120
    done, total = re.findall(r"(\d+)/(\d+) rows", bars[-1])[-1]
    assert int(done) == int(total) <= 5.5 * LIMIT  # five sources, and English as it is
    assert re.search(r"eta=0:00:00 kept=[89]\d% spent=\$\d+\.\d\d rows/s=[\d?]", bars[-1])
    assert re.search(r"estimate: [\d,]+ tokens read .* min, \$\d", ran.output)


def test_requests_name_the_language_and_are_understood(ran: Ran) -> None:
    assert ran.tutor.unknown == []
    assert len(ran.tutor.requests) > 2 * LIMIT
    for request in ran.tutor.requests:
        assert "gla_Latn" not in request and "{language}" not in request
    assert sum("Scottish Gaelic" in request for request in ran.tutor.requests) > LIMIT


def test_every_source_gives_rows_and_dropped_rows_are_counted(ran: Ran) -> None:
    kept = Counter({path.name: len(ran.rows(path.name)) for path in ran.out.iterdir()})
    for source in ("topics", "scenarios", "contexts", "pairs", "translation"):
        assert kept[source] > LIMIT / 2, kept
    counts = re.search(r"rows kept: (\d+), dropped: (\d+);", ran.output)
    assert counts and int(counts[1]) == kept.total() - kept["rejected"]
    reasons = Counter(row["reason"] for row in ran.rows("rejected"))
    assert "refusal" in reasons and len(reasons) > 3 and reasons.total() <= int(counts[2])
    assert "benchmark_overlap" not in reasons


def test_rows_are_gaelic_and_have_the_right_system_prompt(ran: Ran) -> None:
    modes = Counter(row["messages"][0]["content"] for row in ran.rows("topics"))
    assert min(modes[templates.THINKING], modes[templates.CONCISE]) > 5, "both modes are taught"
    for source, known in (("topics", modes), ("translation", {templates.CONCISE})):
        for row in ran.rows(source):
            first, *turns = row["messages"]
            system = first["content"]
            assert first["role"] == "system" and system in known
            thinks = turns[-1]["content"].startswith("<think>\n")
            assert thinks == (system == templates.THINKING)
            answer = turns[-1]["content"].rpartition("</think>\n\n")[2]
            assert pycld2.detect(answer, hintLanguage="gd")[2][0][1] == "gd", answer
    english = [row for row in ran.rows("contexts") if row["about"] == "translate"]
    for row in english:
        answer = row["messages"][-1]["content"].rpartition("</think>\n\n")[2]
        assert pycld2.detect(answer)[2][0][1] == "en", answer


def test_the_card_is_that_of_a_real_language(ran: Ran) -> None:
    card = (ran.out / "README.md").read_text("utf-8")
    assert "pretty_name: Kakugo Scottish Gaelic\nlanguage:\n- gd\n- en\n" in card
    assert "(BCP-47 `gd`, here\n`gla_Latn`)" in card and "identified\nby CLD2" in card
    assert "ractice" not in card and "gpt-oss-120b" in card
    assert card.count("has no config gla&#95;Latn and was skipped") == 2
    assert ran.output.count("has no config gla_Latn and was skipped") == 2
    for repo in (*DATA, BASE):
        assert re.search(rf"- `{repo}` at `[0-9a-f]{{40}}`", card), repo
    audit = json.loads((ran.out / "decontamination.json").read_text("utf-8"))
    assert audit["left"] == 0
    english = [b["split"] for b in audit["benchmarks"] if b["config"] == "en"]
    assert sorted(english) == ["dev", "test"]


def test_the_manifest_names_the_commit_of_every_input(
    hub: LocalHub, jobs: RecipeRunner, tmp_path: Path
) -> None:
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    into = f"{ORG}/kakugo-gla_Latn"
    with Serving() as teacher:
        more = ("--org", ORG, "--teacher", teacher.url, "--limit", "6", "--into", into)
        done = jobs.run(*ASKED, *more, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("progress: ")]
    assert lines and all(all(figure in line for figure in FIGURES) for line in lines)
    path = api.hf_hub_download(into, "run.json", repo_type="dataset", cache_dir=tmp_path)
    run_manifest = Manifest.from_json(Path(path).read_text("utf-8"))
    assert run_manifest.inputs.keys() == {*DATA, BASE} and run_manifest.practice is False
    for repo in DATA:
        assert run_manifest.inputs[repo] == api.dataset_info(repo).sha


def test_a_gated_dataset_gives_a_clear_error(
    hub: LocalHub, fork_server: ForkServer, tmp_path: Path
) -> None:
    env = {**environment(hub, tmp_path / "hf"), "HF_TOKEN": hub.token("bob")}
    with recipe_runner(fork_server, env, tmp_path / "runs") as runner:
        done = runner.run(*ASKED, "--teacher", "http://127.0.0.1:1", "--out", "out", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "BAAI/Infinity-Instruct" in done.stderr and "gated" in done.stderr
    assert "Traceback" not in done.stderr


ASK = """
import json
from huggingface_hub import HfApi
from recipes.core import config
from recipes.evaluate import settings, suite
coverage = {}
for code in ("gla_Latn", "gaz_Latn", "grn_Latn"):
    section = settings.parse(config.load("kakugo", "practice", code).evaluate)
    loaded = suite.load(HfApi(), section, code)
    tasks = [[task.benchmark, task.config, len(task.items)] for task in loaded.tasks]
    asked = loaded.tasks[0].items[0].prompt.splitlines()[0]
    coverage[code] = [tasks, [lacking.benchmark for lacking in loaded.not_covered], asked]
print(json.dumps(coverage))
"""


def test_evaluation_names_benchmarks_without_the_language(jobs: RecipeRunner) -> None:
    coverage = json.loads(jobs.run_script(ASK).splitlines()[-1])
    english = [["sib200", "eng_Latn", 21], ["belebele", "eng_Latn", 12], ["global_mmlu", "en", 15],
               ["global_piqa", "eng_latn", 8]]  # fmt: skip
    tasks, lacking, asked = coverage["gla_Latn"]
    assert asked == "Translate this sentence from English into Scottish Gaelic:"
    assert tasks[:2] == [["flores", "gla_Latn", 20]] * 2 and lacking == [
        "belebele",
        "global_mmlu",
        "global_piqa",
    ]
    assert tasks[2] == ["sib200", "gla_Latn", 21] and tasks[3:] == english
    tasks, lacking, _ = coverage["gaz_Latn"]
    assert ["belebele", "gaz_Latn", 1] in tasks and lacking == [
        "flores", "sib200", "global_mmlu", "global_piqa"]  # fmt: skip
    tasks, lacking, _ = coverage["grn_Latn"]  # it has another name in FLORES+
    assert [task[:2] for task in tasks[:3]] == [
        *[["flores", "gug_Latn"]] * 2,
        ["sib200", "grn_Latn"],
    ]


def test_the_check_of_a_language_without_text_measures_the_round_trip(
    jobs: RecipeRunner, tmp_path: Path
) -> None:
    command = ["check", "--config", "kakugo", "--org", ORG, "--base", BASE]
    with Serving() as teacher:
        more = ("--language", "Manx", "--teacher", teacher.url)
        done = jobs.run(*command, *more, cwd=tmp_path)
    assert done.returncode == 1, "the teacher answers in Gaelic, which is not good enough for Manx"
    assert "and no corpus has texts: only the round trip is measured" in done.stdout
    assert re.search(r"right script \d+%, .* \d+\.\d after a round trip", done.stdout)
    assert f"{BASE}: tokens relative to English not measured" in done.stdout
