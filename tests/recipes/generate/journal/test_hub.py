"""The journal on the Hub: pushed during a run, read anywhere, never half of it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from huggingface_hub import HfApi

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.generate.journal.hub import SHARD_PATH, HubJournal, JournalSettings, Shard, mergeable
from recipes.generate.journal.local import Journal
from tests.recipes.conftest import push_practice_datasets
from tests.recipes.generate.conftest import CountingTeacher, environment, generate
from tests.recipes.generate.test_run import finished, parquet
from tests.recipes.recipe_runner import RecipeRunner, recipe_runner

pytestmark = pytest.mark.slow

# Without the client's own pauses between attempts, up to 23 seconds.
IMPATIENT = """
import sys, time
from types import SimpleNamespace
from huggingface_hub.utils import _http
from recipes import cli
_http.time = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
sys.exit(cli.main(sys.argv[1:]))
"""
SETTINGS = JournalSettings("practice/j", 1, 1, 10, 10**6, 4, 100, 2, 0.01)


@pytest.fixture
def api(hub: LocalHub) -> HfApi:
    """Return the real client with the bot's token."""
    return HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))


def shards(api: HfApi, repo: str) -> list[Shard]:
    """Return the shards of a journal on the Hub."""
    shards = []
    for path in api.list_repo_files(repo, repo_type="dataset"):
        if match := SHARD_PATH.fullmatch(path):
            shards.append(Shard(match["partition"], int(match["number"]), match["digest"]))
    return sorted(shards)


def lines(api: HfApi, repo: str, home: Path, but: str = "") -> list[tuple[str, str]]:
    """Return the partition and key of every answer in every shard but this one."""
    answers = []
    for shard in shards(api, repo):
        if shard.path == but:
            continue
        local = api.hf_hub_download(
            repo, shard.path, repo_type="dataset", cache_dir=home, force_download=True
        )
        for line in Path(local).read_text("utf-8").splitlines():
            answers.append((shard.partition, json.loads(line)["key"]))
    return answers


def journal_of(recipe: Path, **settings: object) -> str:
    """Change settings of the journal; return its repository."""
    config = yaml.safe_load(recipe.read_text("utf-8"))
    config["generate"]["journal"] |= settings
    recipe.write_text(yaml.safe_dump(config), encoding="utf-8")
    return str(config["generate"]["journal"]["repo"])


def test_another_machine_and_another_language_pay_only_for_what_is_new(
    tmp_path: Path, jobs: RecipeRunner, api: HfApi, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    repo = journal_of(recipe, every_answers=50, every_seconds=0.2)

    output = {}

    def run(name: str, *more: str) -> set[bytes]:
        counting_teacher.requests.clear()
        out = ("--limit", "30", "--out", str(tmp_path / name), *more)
        process = generate(jobs, tmp_path / "home", recipe, counting_teacher.url, *out)
        output[name] = finished(process)
        assert len(set(counting_teacher.requests)) == len(counting_teacher.requests)
        return set(counting_teacher.requests)

    first = run("first")
    assert api.dataset_info(repo).private
    paid = lines(api, repo, tmp_path / "cache")
    assert len(paid) == len(set(paid)) == len(first)
    common = {key for partition, key in paid if partition == "common"}
    assert len(common) >= 2 + 2 + 1  # topics of two seeds, and scenarios

    assert run("second") == set()
    assert "estimate: 0 tokens read and 0 written" in output["second"]
    counts = r"([\d,]+) tokens read and ([\d,]+) written"
    report = re.search(f"used: {counts}", output["first"])
    paid_for = re.search(f"rows that are paid for: \\d+, with {counts}", output["second"])
    assert report and paid_for
    pairs = zip(report.groups(), paid_for.groups(), strict=True)
    for total, known in pairs:  # the judge's requests come after the rows
        assert 0.8 <= int(known.replace(",", "")) / int(total.replace(",", "")) <= 1
    assert parquet(tmp_path / "second") == parquet(tmp_path / "first") != {}

    other = run("third", "--language", "Scottish Gaelic")
    assert not any(b"Scottish Gaelic" not in body for body in other if b"List " in body)
    partitions = {partition for partition, key in lines(api, repo, tmp_path / "cache")}
    assert partitions == {"common", "epo_Latn", "gla_Latn"}


def test_a_stopped_run_has_pushed_its_answers(
    tmp_path: Path, jobs: RecipeRunner, api: HfApi, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    repo = journal_of(recipe)
    counting_teacher.delay = 0.03
    out = ("--out", str(tmp_path / "one"))
    run = generate(jobs, tmp_path / "home", recipe, counting_teacher.url, *out)
    while len(counting_teacher.requests) < 60:
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGTERM)
    output = finished(run, 130)
    asked = len(counting_teacher.requests)
    assert "stopping: " in output and "Trace" not in output
    assert f"Stopped: {asked} answers are kept; run it again to continue." in output
    assert len(lines(api, repo, tmp_path / "cache")) == asked


def test_a_run_survives_an_unreachable_hub_and_loses_nothing(
    tmp_path: Path, recipe: Path, counting_teacher: CountingTeacher, fork_server: ForkServer
) -> None:
    """The Hub ends during the run; the next run asks nothing, and pushes everything."""
    journal_of(recipe, every_seconds=0.1, every_answers=20, tries=2, backoff=0.01)
    counting_teacher.delay = 0.05
    with (
        LocalHub(tmp_path) as own,
        recipe_runner(fork_server, environment(own, tmp_path / "hf"), tmp_path / "runs") as jobs,
    ):
        api = HfApi(endpoint=own.url, token=own.token("kakugo-bot"))
        push_practice_datasets(own)
        out = ("--limit", "30", "--out", str(tmp_path / "one"))
        arguments = (jobs, tmp_path / "home", recipe, counting_teacher.url, *out)
        run = generate(*arguments, script=IMPATIENT)
        while len(counting_teacher.requests) < 40:
            time.sleep(0.01)
        own.stop()
        output = finished(run)
        assert "the run continues" in next(
            line for line in output.splitlines() if line.startswith("could not push")
        )
        asked = len(counting_teacher.requests)
        own.start()
        finished(generate(*arguments))
        assert len(counting_teacher.requests) == asked
        repo = journal_of(recipe)
        assert len(lines(api, repo, tmp_path / "cache")) == len(counting_teacher.requests)


def pulled(api: HfApi, repo: str, code: str, folder: Path, merge_from: int = 99) -> HubJournal:
    """Pull the journal of a run for a language into a folder."""
    settings = JournalSettings(repo, 1, 1, 10, 10**6, merge_from, 10**6, 12, 0.05)
    journal = Journal(folder / "journal.jsonl", code)
    shards = HubJournal(api, settings, journal, folder / "journal", code)
    shards.pull()
    return shards


def key(text: str) -> str:
    """A key as the teacher makes them."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_languages_that_push_at_once_all_get_through(
    tmp_path: Path, api: HfApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "of-this-machine")
    repo = f"practice/journal-{uuid4().hex[:12]}"

    def push(code: str) -> bool:
        hub_journal = pulled(api, repo, code, tmp_path / code)
        for number in range(8):
            hub_journal.journal.put(key(f"{code}{number}"), {"text": code}, 0.0, common=True)
            if not hub_journal.push():
                return False
        hub_journal.journal.close()
        return True

    pulled(api, repo, "aaa_Latn", tmp_path / "first").journal.close()
    with ThreadPoolExecutor() as pool:
        assert all(pool.map(push, ["aaa_Latn", "bbb_Latn", "ccc_Latn"]))
    pushed = shards(api, repo)
    assert [shard.number for shard in pushed] == list(range(1, 25))
    assert len(set(lines(api, repo, tmp_path / "cache"))) == 24


def test_a_damaged_shard_is_skipped_and_many_are_merged(
    tmp_path: Path,
    api: HfApi,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_TOKEN", "of-this-machine")
    repo = f"practice/journal-{uuid4().hex[:12]}"
    hub_journal = pulled(api, repo, "epo_Latn", tmp_path / "a")
    for number in range(6):
        hub_journal.journal.put(
            key(str(number)), {"text": str(number)}, 0.0, common=number % 2 == 0
        )
        assert hub_journal.push()
    hub_journal.journal.close()
    torn = Shard("epo_Latn", 99, "0123456789abcdef").path
    api.upload_file(
        path_or_fileobj=b'{"key": "half', path_in_repo=torn, repo_id=repo, repo_type="dataset"
    )
    before = lines(api, repo, tmp_path / "cache", but=torn)
    for folder, count in (("b", 7), ("c", 3)):
        assert len(shards(api, repo)) == count
        other = pulled(api, repo, "epo_Latn", tmp_path / folder, merge_from=2)
        assert f"skipped {torn} of {repo}: it is damaged" in capfd.readouterr().out
        known = [other.journal.get(key(str(number))) for number in range(6)]
        assert [one and one.answer["text"] for one in known] == [*map(str, range(6))]
        other.merge()
        other.journal.close()
    assert lines(api, repo, tmp_path / "cache", but=torn) == before
    assert [shard.partition for shard in shards(api, repo)] == ["common", "epo_Latn", "epo_Latn"]


def test_a_journal_that_is_closed_to_us_stays_here(
    tmp_path: Path,
    api: HfApi,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_TOKEN", "of-this-machine")
    hub_journal = pulled(api, "bob/not-ours", "epo_Latn", tmp_path)
    assert (
        "the token has no access to bob/not-ours: answers are only kept in"
        in capfd.readouterr().out
    )
    hub_journal.journal.put(key("a"), {"text": "a"}, 0.0)
    assert hub_journal.push()
    monkeypatch.delenv("HF_TOKEN")
    pulled(api, "practice/any", "epo_Latn", tmp_path).journal.close()
    assert "no token for the Hub: answers are only kept in" in capfd.readouterr().out


def test_neighbours_join_while_they_fit_and_only_when_there_are_many() -> None:
    listed = [Shard("common", number, "0" * 16, 40) for number in range(1, 6)]
    assert mergeable(listed[:3], SETTINGS) == []
    assert mergeable(listed, SETTINGS) == [listed[:2], listed[2:4]]
    assert Shard("common", 12, "0" * 16).path == "common/00000012-0000000000000000.jsonl"
