"""The whole recipe against a local Hub and the practice teacher, killed and unharmed."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
from contextlib import closing
from pathlib import Path
from random import Random

import pyarrow.parquet
import pytest
import yaml

from bot.localhub.testing import LocalHub
from recipes.core import row_edits
from recipes.core.config import load
from recipes.core.manifest import Manifest
from recipes.core.row_edits import RowEdits
from recipes.generate.gates.reasons import gate_of
from recipes.generate.prompts import templates
from tests.recipes.generate.conftest import CountingTeacher, environment, forget, generate
from tests.recipes.generate.interruptions import Runs, hurry, play, uncut


def finished(process: subprocess.Popen[str], status: int = 0) -> str:
    """Wait for the end and give what was printed."""
    text, _ = process.communicate(timeout=200)
    assert process.returncode == status, text
    return text


def parquet(folder: Path) -> dict[str, str]:
    """The digest of each parquet file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*/*.parquet")
    }


def test_a_run_into_a_folder_is_the_same_when_the_teacher_is_flaky(
    tmp_path: Path, hub: LocalHub, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    import datasets

    out = tmp_path / "out"
    said = finished(
        generate(hub, tmp_path / "home", recipe, counting_teacher.url, "--out", str(out))
    )
    assert "progress: " in said
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
    unheard = [row for row in rows if row["source"] == "replay"]
    assert len(unheard) == pytest.approx(0.08 * len(rows), rel=0.1)
    assert {row["teacher"] for row in unheard} == {""}
    for row in rows:
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
    card = (out / "README.md").read_text("utf-8")
    assert "Practice" in card and "2601.14051" in card and "language:\n- eo\n" in card
    assert "`, under apache\\-2.0\n" in card
    nothing_disappears(said, out)
    assert len(counting_teacher.asked) == len(set(counting_teacher.asked))

    calls, again = len(counting_teacher.asked), tmp_path / "again"
    counting_teacher.asked.clear()
    counting_teacher.flaky = True
    forget(hub, recipe)
    finished(generate(hub, tmp_path / "home", recipe, counting_teacher.url, "--out", str(again)))
    assert len(counting_teacher.asked) > calls + 100
    assert parquet(again) == parquet(out)


def test_a_run_that_is_ended_anywhere_pays_for_nothing_twice(
    tmp_path: Path, hub: LocalHub, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    """But for what a kill cuts off; `tests/bench` ends it a hundred times in each way."""
    hurry(recipe)
    ends = [(signal.SIGTERM, True), (signal.SIGKILL, False), (signal.SIGKILL, True)]
    with closing(Runs(hub, counting_teacher, recipe, tmp_path / "home")) as runs:
        needed = uncut(runs, tmp_path / "whole")
        counting_teacher.delay = 0.01
        forget(hub, recipe)
        out, tally = play(runs, tmp_path / "cut", ends, most=150, chance=Random(1))
    print(tally)
    assert tally.needed == needed
    assert tally.twice == tally.flying + tally.unshared
    assert parquet(out) == parquet(tmp_path / "whole") != {}


def test_the_dataset_and_then_the_manifest_are_pushed_once(
    tmp_path: Path, hub: LocalHub, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    from huggingface_hub import HfApi

    repo = f"practice/kakugo-test-{tmp_path.name}"[:90]
    into = ("--into", repo, "--request", "r7", "--attempt", "2")
    finished(generate(hub, tmp_path / "home", recipe, counting_teacher.url, *into))
    asked = len(counting_teacher.asked)
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    commits = api.list_repo_commits(repo, repo_type="dataset")
    assert commits[0].title == "Finish generate of epo_Latn"

    text = Path(
        api.hf_hub_download(repo, "run.json", repo_type="dataset", cache_dir=tmp_path / "hf")
    ).read_text("utf-8")
    made = Manifest.from_json(text)
    config = load(str(recipe), "practice", "epo_Latn")
    assert (made.request, made.attempt, made.practice) == ("r7", 2, True)
    assert (made.digest, made.output_commit) == (config.digest, commits[1].commit_id)
    assert set(made.inputs) == {
        f"practice/kakugo-practice-{name}" for name in ("corpus", "flores", "sib200", "belebele")
    }
    assert made.tokens.input > 0 < made.tokens.output

    script = (
        "import datasets, json\n"
        f"repo = {repo!r}\n"
        "names = datasets.get_dataset_config_names(repo)\n"
        "read = {name: datasets.load_dataset(repo, name) for name in names}\n"
        "print(json.dumps({n: {s: len(d) for s, d in ds.items()} for n, ds in read.items()}))"
    )
    counted = counts(script, environment(hub, tmp_path / "reader"))
    rows = counted.pop("default")
    rejected = counted.pop("rejected")
    assert sum(rows.values()) == made.counts.kept
    assert set(rows) == {"train", "test"}
    assert sum(sum(splits.values()) for splits in counted.values()) == made.counts.kept
    assert rejected["train"] <= sum(made.counts.dropped.values())

    said = finished(generate(hub, tmp_path / "home", recipe, counting_teacher.url, *into))
    assert "already made" in said
    assert len(counting_teacher.asked) == asked
    assert len(api.list_repo_commits(repo, repo_type="dataset")) == len(commits)

    path = api.hf_hub_download(repo, "topics/train.parquet", repo_type="dataset")
    row = pyarrow.parquet.read_table(path)["id"][0].as_py()
    api.upload_file(
        path_or_fileobj=RowEdits(frozenset({row})).to_jsonl().encode(),
        path_in_repo=row_edits.PATH,
        repo_id=repo,
        repo_type="dataset",
    )
    finished(
        generate(hub, tmp_path / "home", recipe, counting_teacher.url, *into, "--digest", "f" * 64)
    )
    path = api.hf_hub_download(repo, "rejected/train.parquet", repo_type="dataset")
    table = pyarrow.parquet.read_table(path).to_pylist()
    assert [one["id"] for one in table if one["reason"] == "speakers"] == [row]
    assert row_edits.read(api, repo).dropped == {row}


def test_a_limit_keeps_a_try_small(
    tmp_path: Path, hub: LocalHub, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    out = ("--out", str(tmp_path / "out"), "--limit", "5")
    finished(generate(hub, tmp_path / "home", recipe, counting_teacher.url, *out))
    assert 10 < len(counting_teacher.asked) < 80


def test_a_cap_ends_a_run_with_what_it_has_and_a_larger_one_goes_on(
    tmp_path: Path, hub: LocalHub, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["plan"]["teacher"] = {"usd_per_million_in": 1000, "usd_per_million_out": 1000}
    recipe.write_text(yaml.safe_dump(numbers), encoding="utf-8")
    out = ("--out", str(tmp_path / "out"))
    said = finished(
        generate(hub, tmp_path / "home", recipe, counting_teacher.url, *out, "--cap-usd", "15")
    )
    assert "stopped at the cap of $15.00" in said and "\nexpect " in said
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "Not complete" in card and "`cap`" in card and parquet(tmp_path / "out")

    def bill() -> float:
        lines = map(json.loads, (tmp_path / "out" / "journal.jsonl").read_bytes().splitlines())
        answers = [(line["usd"], line["answer"]) for line in lines]
        assert all(
            usd == pytest.approx((answer["tokens_in"] + answer["tokens_out"]) / 1000)
            for usd, answer in answers
        )
        return float(sum(usd for usd, _ in answers))

    paid = bill()
    told = re.search(r"- ([\d.]+) US dollars were paid for them\n", card)
    assert 10 < paid <= 15 and told and float(told[1]) == pytest.approx(paid, abs=0.01)

    asked = len(counting_teacher.asked)
    said = finished(
        generate(hub, tmp_path / "home", recipe, counting_teacher.url, *out, "--cap-usd", "1000")
    )
    assert "stopped" not in said and len(counting_teacher.asked) > asked
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    told = re.search(r"- ([\d.]+) US dollars were paid for them, ([\d.]+) of these in", card)
    assert told and [float(usd) for usd in told.groups()] == pytest.approx([bill(), paid], abs=0.01)
    assert len(set(counting_teacher.asked)) == len(counting_teacher.asked)


def test_rows_say_whether_to_think(
    tmp_path: Path, hub: LocalHub, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    """The published pipeline lost its system prompts (defect 1 of the original)."""
    import pyarrow.parquet

    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["generate"]["answers"] = {"revised": 0.5, "thinking": True, "system_prompts": True}
    recipe.write_text(yaml.safe_dump(numbers), encoding="utf-8")
    out = tmp_path / "out"
    more = ("--out", str(out), "--limit", "15")
    finished(generate(hub, tmp_path / "home", recipe, counting_teacher.url, *more))
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


def test_a_hub_that_fails_is_told_in_a_sentence(
    tmp_path: Path, hub: LocalHub, recipe: Path
) -> None:
    into = ("--into", "practice/kakugo-x")
    elsewhere = LocalHub(tmp_path / "no")
    elsewhere.url = "http://127.0.0.1:1"
    said = finished(generate(elsewhere, tmp_path / "home", recipe, "http://127.0.0.1:1", *into), 1)
    assert "kakugo-recipe generate: the Hub failed:" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ((), "Say where the dataset goes"),
        (("--into", "practice/x", "--teacher", "ftp://x"), "http or https URL"),
        (("--into", "practice/x", "--language", "Espranto"), "Perhaps it is one of epo_Latn"),
        (("--into", "practice/x", "--config", "nothing"), "No recipe 'nothing'"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(
    tmp_path: Path, hub: LocalHub, recipe: Path, more: tuple[str, ...], sentence: str
) -> None:
    said = finished(generate(hub, tmp_path / "home", recipe, "http://127.0.0.1:1", *more), 2)
    assert sentence in said
    assert "Traceback" not in said


def test_no_teacher_is_refused_in_a_sentence(tmp_path: Path, hub: LocalHub, recipe: Path) -> None:
    recipe.write_text(recipe.read_text("utf-8").replace("ready_within: 60", "ready_within: 1"))
    out = ("--out", str(tmp_path / "out"))
    said = finished(generate(hub, tmp_path / "home", recipe, "http://127.0.0.1:1", *out), 2)
    assert "is not ready after 1 s" in said
    assert not list((tmp_path / "out").glob("*/*"))


def counts(script: str, env: dict[str, str]) -> dict[str, dict[str, int]]:
    """Run a script with the real client and read the JSON that it prints last."""
    import sys

    ran = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    found: dict[str, dict[str, int]] = json.loads(ran.stdout.splitlines()[-1])
    return found


def nothing_disappears(said: str, out: Path) -> None:
    """Kept, dropped and lost are all that came to an end, and each rejected row says why."""
    import pyarrow.parquet

    ended = int(re.findall(r"progress: (\d+)/\1 rows", said)[-1])
    kept, dropped = map(int, re.findall(r"kept (\d+) rows, dropped (\d+):", said)[-1])
    assert kept + dropped == ended
    rejected = pyarrow.parquet.read_table(out / "rejected" / "train.parquet").to_pylist()
    assert 0 < len(rejected) <= dropped
    assert all(row["gate"] == gate_of(row["reason"]) for row in rejected)
    card = (out / "README.md").read_text("utf-8")
    (total,) = [line for line in card.splitlines() if line.startswith("| **all** |")]
    assert total.endswith(f" {dropped} |")
    assert json.loads((out / "decontamination.json").read_text("utf-8"))["rows"] == kept
