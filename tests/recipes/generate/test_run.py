"""The whole recipe with a local Hub and the practice teacher, interrupted and not."""

from __future__ import annotations

import hashlib
import json
import re
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pyarrow.parquet
import pytest
import yaml
from decisions import Verdict, decision_line, decision_path, reviewer_line, reviewer_path
from feedback import Receipt
from huggingface_hub import HfApi
from outbox import Outbox
from review_samples import ReviewSamples
from reviews import Reviewer, review_line
from uploader import Uploader

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.core import row_edits
from recipes.core.config import load
from recipes.core.manifest import Manifest
from recipes.core.row_edits import RowEdits
from recipes.generate.gates.reasons import gate_of
from recipes.generate.prompts import templates
from tests.recipes.generate.conftest import (
    CountingTeacher,
    environment,
    forget,
    generate,
    small_recipe,
)
from tests.recipes.generate.interruptions import Runs, hurry, key, play
from tests.recipes.recipe_runner import RecipeRunner, Run, recipe_runner

pytestmark = pytest.mark.slow


def finished(run: Run, status: int = 0) -> str:
    """Wait for the end and return the output."""
    text = "".join(run.communicate())
    assert run.returncode == status, text
    return text


def parquet(folder: Path) -> dict[str, str]:
    """Return the sha256 of each parquet file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*/*.parquet")
    }


@dataclass(frozen=True)
class Whole:
    """A run that nothing disturbed: its recipe, folder and output, and what it asked."""

    recipe: Path
    out: Path
    output: str
    requests: list[bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, jobs: RecipeRunner) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    recipe, out = small_recipe(folder), folder / "out"
    hurry(recipe)
    with CountingTeacher() as teacher:
        run = generate(jobs, folder / "home", recipe, teacher.url, "--out", str(out))
        return Whole(recipe, out, finished(run), teacher.requests)


def test_a_run_into_a_folder_is_the_same_when_the_teacher_is_flaky(
    tmp_path: Path,
    hub: LocalHub,
    jobs: RecipeRunner,
    whole: Whole,
    counting_teacher: CountingTeacher,
) -> None:
    import datasets

    out, output = whole.out, whole.output
    assert "progress: " in output
    files = [str(path) for path in out.glob("*/*.parquet") if path.parent.name != "rejected"]
    rows = [
        row
        for path in files
        for row in datasets.load_dataset(
            "parquet", data_files=path, split="train", cache_dir=str(tmp_path / "cache")
        )
    ]
    assert {row["source"] for row in rows} == {
        "topics",
        "scenarios",
        "contexts",
        "pairs",
        "translation",
        "replay",
    }
    assert len({row["id"] for row in rows}) == len(rows) > 150
    replayed = [row for row in rows if row["source"] == "replay"]
    assert len(replayed) == pytest.approx(0.08 * len(rows), rel=0.1)
    assert {row["teacher"] for row in replayed} == {""}
    for row in rows:
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
    card = (out / "README.md").read_text("utf-8")
    assert "Practice" in card and "2601.14051" in card and "language:\n- eo\n" in card
    assert "`, licence apache&#45;2&#46;0\n" in card
    check_counts(output, out)
    calls, again = len(whole.requests), tmp_path / "again"
    assert calls == len(set(whole.requests))
    counting_teacher.flaky = True
    forget(hub, whole.recipe)
    run = (jobs, tmp_path / "home", whole.recipe, counting_teacher.url, "--out", str(again))
    finished(generate(*run))
    assert len(counting_teacher.requests) > calls + 100
    assert parquet(again) == parquet(out)


def test_an_interrupted_run_pays_for_nothing_twice(
    tmp_path: Path,
    hub: LocalHub,
    jobs: RecipeRunner,
    whole: Whole,
    counting_teacher: CountingTeacher,
) -> None:
    """Except for calls that a kill cuts off; `tests/bench` interrupts it hundreds of times."""
    ends = [(signal.SIGTERM, True), (signal.SIGKILL, False), (signal.SIGKILL, True)]
    runs = Runs(jobs, counting_teacher, whole.recipe, tmp_path / "home")
    counting_teacher.delay = 0.01
    forget(hub, whole.recipe)
    out, tally = play(runs, tmp_path / "cut", ends, most=150, chance=Random(1))
    print(tally)
    assert tally.needed == set(map(key, whole.requests))
    assert tally.repeated == tally.in_flight + tally.unshared
    assert parquet(out) == parquet(whole.out) != {}


def test_the_dataset_and_then_the_manifest_are_pushed_once(
    tmp_path: Path,
    hub: LocalHub,
    jobs: RecipeRunner,
    recipe: Path,
    counting_teacher: CountingTeacher,
) -> None:
    repo = "kakugo-bot/kakugo-epo_Latn"
    into = ("--into", repo, "--request", "r7", "--attempt", "2")
    finished(generate(jobs, tmp_path / "home", recipe, counting_teacher.url, *into))
    asked = len(counting_teacher.requests)
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    commits = api.list_repo_commits(repo, repo_type="dataset")
    assert commits[0].title == "Finish generate of epo_Latn"

    text = Path(
        api.hf_hub_download(repo, "run.json", repo_type="dataset", cache_dir=tmp_path / "hf")
    ).read_text("utf-8")
    done = Manifest.from_json(text)
    config = load(str(recipe), "practice", "epo_Latn")
    assert (done.request, done.attempt, done.practice) == ("r7", 2, True)
    assert (done.digest, done.output_commit) == (
        config.digest,
        commits[1].commit_id,
    )
    assert set(done.inputs) == {f"practice/kakugo-practice-{name}" for name in ("corpus", "flores")}
    assert done.tokens.input > 0 < done.tokens.output

    script = (
        "import datasets, json\n"
        f"repo = {repo!r}\n"
        "names = datasets.get_dataset_config_names(repo)\n"
        "read = {name: datasets.load_dataset(repo, name) for name in names}\n"
        "print(json.dumps({n: {s: len(d) for s, d in ds.items()} for n, ds in read.items()}))"
    )
    counted = json.loads(jobs.run_script(script).splitlines()[-1])
    rows = counted.pop("default")
    rejected = counted.pop("rejected")
    assert sum(rows.values()) == done.counts.kept
    assert set(rows) == {"train", "test"}
    assert sum(sum(splits.values()) for splits in counted.values()) == done.counts.kept
    assert rejected["train"] <= sum(done.counts.dropped.values())

    output = finished(generate(jobs, tmp_path / "home", recipe, counting_teacher.url, *into))
    assert "was already made" in output
    assert len(counting_teacher.requests) == asked
    assert len(api.list_repo_commits(repo, repo_type="dataset")) == len(commits)

    edits = review_in_the_chat(api, Outbox(tmp_path / "outbox"))
    report = ("review-report", "--config", str(recipe), "--org", "practice", "--dataset", repo,
              "--language", "epo_Latn", "--feedback", "kakugo-bot/kakugo-feedback")  # fmt: skip
    finished(jobs.start(*report))
    finished(
        generate(jobs, tmp_path / "home", recipe, counting_teacher.url, *into, "--digest", "f" * 64)
    )
    path = api.hf_hub_download(repo, "rejected/train.parquet", repo_type="dataset")
    table = pyarrow.parquet.read_table(path).to_pylist()
    rejected_ids = {rejected["id"] for rejected in table if rejected["reason"] == "speakers"}
    assert rejected_ids == edits.dropped
    assert row_edits.read(api, repo) == edits


def review_in_the_chat(api: HfApi, outbox: Outbox) -> RowEdits:
    """Review rows of the dataset as the chat stores it; return what was agreed.

    `eva`, whom the steward `bob` knows, and somebody without an account say the same about two
    rows, and about a third one whose review `bob` refuses.
    """
    sample = ReviewSamples(api, "kakugo-bot").get("epo_Latn")
    assert sample
    dropped, corrected, kept = sample.rows[:3]
    now = datetime.now(UTC)
    for row, verdict, fixed in (
        (dropped, "drop", dropped.answer),
        (corrected, "fix", f"Jes. {corrected.answer}"),
        (kept, "drop", kept.answer),
    ):
        for account in ("eva", ""):
            receipt, reviewer = Receipt.new(sample.code, now), Reviewer.parse(None)
            line = review_line(
                receipt, now, sample, row, verdict, fixed, reviewer, account, credit=""
            )
            outbox.add(receipt.path, line)
        decision: Verdict = "refuse" if row is kept else "accept"
        outbox.add(
            decision_path(sample.code, receipt.id),
            decision_line(receipt.id, decision, "bob", now, credit=""),
        )
    outbox.add(reviewer_path(sample.code, "eva"), reviewer_line("eva", True, "bob", now))
    Uploader(api, "kakugo-bot/kakugo-feedback", outbox).upload()
    return RowEdits(frozenset({dropped.id}), {corrected.id: f"Jes. {corrected.answer}"})


def test_a_cap_ends_a_run_and_a_larger_cap_continues_it(
    tmp_path: Path, jobs: RecipeRunner, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["plan"]["teacher"] = {"usd_per_million_in": 1000, "usd_per_million_out": 1000}
    recipe.write_text(yaml.safe_dump(numbers), encoding="utf-8")
    out = ("--out", str(tmp_path / "out"))
    output = finished(
        generate(jobs, tmp_path / "home", recipe, counting_teacher.url, *out, "--cap-usd", "15")
    )
    assert "stopped at the cap of $15.00" in output and "\nestimate: " in output
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "Incomplete" in card and "`cap`" in card and parquet(tmp_path / "out")

    def total_cost() -> float:
        lines = map(json.loads, (tmp_path / "out" / "journal.jsonl").read_bytes().splitlines())
        answers = [(line["usd"], line["answer"]) for line in lines]
        assert all(
            usd == pytest.approx((answer["tokens_in"] + answer["tokens_out"]) / 1000)
            for usd, answer in answers
        )
        return float(sum(usd for usd, _ in answers))

    paid = total_cost()
    cost = re.search(r"cost: ([\d.]+) US dollars\n", card)
    assert 10 < paid <= 15 and cost and float(cost[1]) == pytest.approx(paid, abs=0.01)

    asked = len(counting_teacher.requests)
    output = finished(
        generate(jobs, tmp_path / "home", recipe, counting_teacher.url, *out, "--cap-usd", "1000")
    )
    assert "stopped" not in output and len(counting_teacher.requests) > asked
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    cost = re.search(r"cost: ([\d.]+) US dollars, ([\d.]+) of them in earlier", card)
    assert cost
    assert [float(usd) for usd in cost.groups()] == pytest.approx([total_cost(), paid], abs=0.01)
    assert len(set(counting_teacher.requests)) == len(counting_teacher.requests)


def test_system_prompts_ask_for_reasoning_or_for_none(
    tmp_path: Path, jobs: RecipeRunner, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    """The published pipeline lost its system prompts (defect 1 of the original)."""
    import pyarrow.parquet

    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["generate"]["answers"] = {"revised": 0.5, "thinking": True, "system_prompts": True}
    recipe.write_text(yaml.safe_dump(numbers), encoding="utf-8")
    out = tmp_path / "out"
    more = ("--out", str(out), "--limit", "15")
    finished(generate(jobs, tmp_path / "home", recipe, counting_teacher.url, *more))
    assert 10 < len(counting_teacher.requests) < 300, "a limit keeps a trial small"
    for source, system, begins in (
        ("contexts", templates.THINKING, "<think>\n"),
        ("translation", templates.CONCISE, ""),
        ("replay", templates.CONCISE, ""),
    ):
        rows = pyarrow.parquet.read_table(out / source / "train.parquet").to_pylist()
        assert rows
        for row in rows:
            roles = [turn["role"] for turn in row["messages"]]
            assert roles == ["system", "user", "assistant"]
            assert row["messages"][0]["content"] == system
            answer = row["messages"][2]["content"]
            assert answer.startswith(begins) and answer.count("</think>\n\n") == bool(begins)


def test_a_hub_that_fails_gives_a_clear_error(
    tmp_path: Path, fork_server: ForkServer, recipe: Path
) -> None:
    into = ("--into", "practice/kakugo-x")
    elsewhere = LocalHub(tmp_path / "no")
    elsewhere.url = "http://127.0.0.1:1"
    env = environment(elsewhere, tmp_path / "hf")
    with recipe_runner(fork_server, env, tmp_path / "runs") as jobs:
        run = generate(jobs, tmp_path / "home", recipe, "http://127.0.0.1:1", *into)
        output = finished(run, 1)
    assert "kakugo-recipe generate: The Hub at http://127.0.0.1:1 cannot be reached" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ((), "Say where the dataset goes"),
        (("--into", "practice/x", "--teacher", "ftp://x"), "http or https URL"),
        (("--into", "practice/x", "--language", "Espranto"), "Did you mean epo_Latn"),
        (("--into", "practice/x", "--config", "nothing"), 'There is no recipe "nothing"'),
    ],
)
def test_invalid_arguments_give_a_clear_error(
    tmp_path: Path, jobs: RecipeRunner, recipe: Path, more: tuple[str, ...], sentence: str
) -> None:
    output = finished(generate(jobs, tmp_path / "home", recipe, "http://127.0.0.1:1", *more), 2)
    assert sentence in output
    assert "Traceback" not in output


def test_a_missing_teacher_gives_a_clear_error(
    tmp_path: Path, jobs: RecipeRunner, recipe: Path
) -> None:
    recipe.write_text(recipe.read_text("utf-8").replace("ready_within: 60", "ready_within: 1"))
    out = ("--out", str(tmp_path / "out"))
    output = finished(generate(jobs, tmp_path / "home", recipe, "http://127.0.0.1:1", *out), 2)
    assert "is not ready after 1 s" in output
    assert not list((tmp_path / "out").glob("*/*"))


def check_counts(output: str, out: Path) -> None:
    """Check that kept, dropped and lost rows add up, and that rejected rows have reasons."""
    import pyarrow.parquet

    finished_rows = int(re.findall(r"progress: (\d+)/\1 rows", output)[-1])
    kept, dropped = map(int, re.findall(r"rows kept: (\d+), dropped: (\d+);", output)[-1])
    assert kept + dropped == finished_rows
    rejected = pyarrow.parquet.read_table(out / "rejected" / "train.parquet").to_pylist()
    assert 0 < len(rejected) <= dropped
    assert all(row["gate"] == gate_of(row["reason"]) for row in rejected)
    card = (out / "README.md").read_text("utf-8")
    (total,) = [line for line in card.splitlines() if line.startswith("| **all** |")]
    assert total.endswith(f" {dropped} |")
    assert json.loads((out / "decontamination.json").read_text("utf-8"))["rows"] == kept
