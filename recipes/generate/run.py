"""The generate recipe from its arguments to its manifest; only wiring is here."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import uvloop
from huggingface_hub import HfApi
from huggingface_hub.utils import disable_progress_bars

from recipes import language, manifest
from recipes.config import Config
from recipes.generate import card, contexts, pairs, publish, scenarios, topics, translation
from recipes.generate.corpora import Library
from recipes.generate.crew import Work, drain
from recipes.generate.decontaminate import Benchmarks
from recipes.generate.gates import gates
from recipes.generate.harvest import Harvest
from recipes.generate.journal import Journal
from recipes.generate.row import Message, Row
from recipes.generate.settings import Settings, parse
from recipes.generate.teacher import Teacher, Usage
from recipes.progress import Progress, say
from recipes.refusal import Refusal

MANIFEST = "run.json"
HOSTS_OF_THE_HUB = (".endpoints.huggingface.cloud", "router.huggingface.co")


@dataclass(frozen=True)
class Inputs:
    """What was read from the Hub before the first question."""

    texts: list[str]
    conversations: list[tuple[Message, ...]]
    benchmarks: list[str]
    commits: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What a run made: rows kept, rows rejected with the reason, and every loss by reason."""

    rows: list[Row]
    rejected: list[tuple[Row, str]]
    dropped: dict[str, int]
    usage: Usage
    asking_seconds: float


def main(args: argparse.Namespace) -> None:
    """Make the dataset in `--out`, or push it to `--into` unless it is there already."""
    began = time.monotonic()
    disable_progress_bars()  # a log is no terminal
    config: Config = args.config
    settings, spoken = parse(config.generate), language.get(config.language)
    if not args.into and not args.out:
        raise Refusal("Say where the dataset goes: --into REPO on the Hub, or --out DIR.")
    api = HfApi()
    if not args.out and manifest.already_made(api, args.into, "dataset", MANIFEST, args.digest):
        say(f"{args.into} is already made by this recipe: nothing to do")
        return
    folder = args.out or Path.cwd() / f"kakugo-generate-{args.digest[:12]}"
    inputs = read_inputs(Library(api, settings.seed), settings, args.limit)
    say(f"read {len(inputs.texts)} texts, {len(inputs.conversations)} conversations")
    journal = Journal(folder / "journal.jsonl")
    if len(journal):
        say(f"{len(journal)} answers were paid for by an earlier run and are used again")
    harvest = uvloop.run(gather(args, settings, spoken, inputs, journal))
    journal.close()
    outcome = settle(harvest, settings, inputs, time.monotonic() - began)
    seconds = time.monotonic() - began
    write(folder, args, settings, spoken, inputs, outcome, seconds)
    if not args.out:
        push(api, folder, args, inputs, outcome, began)


def read_inputs(library: Library, settings: Settings, limit: int | None) -> Inputs:
    """Read texts, conversations and benchmarks, no more than the recipe or `limit` asks for."""

    def count(wanted: int) -> int:
        return wanted if limit is None else min(wanted, limit)

    wanted = count(settings.contexts.texts) + count(settings.pairs.texts)
    texts = library.texts(settings.texts, wanted)
    conversations = library.conversations(settings.conversations, count(settings.translations))
    benchmarks = [text for corpus in settings.benchmarks for text in library.all_texts(corpus)]
    return Inputs(texts, conversations, benchmarks, library.commits)


async def gather(
    args: argparse.Namespace,
    settings: Settings,
    spoken: language.Language,
    inputs: Inputs,
    journal: Journal,
) -> Harvest:
    """Ask the teacher for everything and judge each answer as it comes."""
    timeout = aiohttp.ClientTimeout(total=settings.teacher.timeout)
    connector = aiohttp.TCPConnector(limit=settings.teacher.concurrency)
    headers = authorization(args.teacher, os.environ)
    async with aiohttp.ClientSession(
        timeout=timeout, connector=connector, headers=headers
    ) as session:
        teacher = Teacher(session, args.teacher, settings.teacher, journal)
        await teacher.ready()
        judges = gates(settings.gates, spoken)
        harvest = Harvest(teacher, spoken, settings.seed, judges, limit=args.limit)
        teller = asyncio.create_task(tell(harvest, settings.rows, hourly(args.config)))
        try:
            await drain(roots(harvest, settings, inputs, args.limit), settings.teacher.concurrency)
        finally:
            teller.cancel()
    return harvest


def roots(
    harvest: Harvest, settings: Settings, inputs: Inputs, limit: int | None
) -> Iterator[Work]:
    """Where everything grows from, source by source."""
    rows, read_on = settings.answers, settings.contexts.texts if limit is None else limit
    return chain(
        pairs.grow(harvest, settings.pairs, rows, inputs.texts[read_on:]),
        contexts.grow(harvest, settings.contexts, rows, inputs.texts[:read_on]),
        translation.grow(harvest, rows, inputs.conversations),
        topics.grow(harvest, settings.topics, rows),
        scenarios.grow(harvest, settings.scenarios, rows),
    )


async def tell(harvest: Harvest, planned: int, usd_per_hour: float) -> None:
    """Print how far the work is, as long as it lasts."""
    began, progress = time.monotonic(), Progress(planned, "rows")
    while True:
        spent = (time.monotonic() - began) * usd_per_hour / 3600
        progress.show(min(harvest.done, planned), kept=len(harvest.kept), spent=f"${spent:.2f}")
        await asyncio.sleep(0.5)


def settle(harvest: Harvest, settings: Settings, inputs: Inputs, seconds: float) -> Outcome:
    """Drop what only shows among all rows, in an order that does not depend on how they came."""
    script = harvest.language.script
    benchmarks = Benchmarks(inputs.benchmarks, settings.ngrams, script)
    rejected = list(harvest.dropped)
    rows: list[Row] = []
    seen: set[str] = set()
    for row in sorted(harvest.kept, key=lambda row: (row.id, row.source, row.prompt_id)):
        if row.id in seen:
            rejected.append((row, "duplicate"))
        elif benchmarks.overlap(row):
            rejected.append((row, "benchmark_overlap"))
        else:
            rows.append(row)
        seen.add(row.id)
    if any(benchmarks.overlap(row) for row in rows):
        raise AssertionError("A row that overlaps with a benchmark was kept.")
    rejected.sort(key=lambda pair: (pair[0].id, pair[0].prompt_id))
    dropped = Counter(reason for _, reason in rejected) + harvest.lost
    return Outcome(rows, rejected, dict(dropped), harvest.teacher.usage, seconds)


def write(
    folder: Path,
    args: argparse.Namespace,
    settings: Settings,
    spoken: language.Language,
    inputs: Inputs,
    outcome: Outcome,
    seconds: float,
) -> None:
    """The parquet files and the card, in the folder."""
    if not outcome.rows:
        raise Refusal(f"No row passed the gates ({outcome.dropped}): nothing was written.")
    configs = publish.write(folder, outcome.rows, outcome.rejected, settings.test_share)
    facts = card.Facts(
        repo=args.into or str(folder),
        language=spoken,
        practice=args.config.practice,
        licence=settings.licence,
        teacher=settings.teacher.model,
        recipe=f"{args.config.name}, kakugo-bot {manifest.recipe_version()}",
        digest=args.digest,
        seed=settings.seed,
        configs=configs,
        rows=outcome.rows,
        dropped=outcome.dropped,
        inputs=inputs.commits,
        benchmarks=sorted({corpus.repo for corpus in settings.benchmarks}),
        tokens_in=outcome.usage.tokens_in,
        tokens_out=outcome.usage.tokens_out,
        cost_usd=outcome.asking_seconds * hourly(args.config) / 3600,
        seconds=seconds,
        samples=settings.samples,
    )
    (folder / "README.md").write_text(card.write(facts), encoding="utf-8")
    say(f"kept {len(outcome.rows)} rows, dropped {sum(outcome.dropped.values())}, in {folder}")


def push(
    api: HfApi,
    folder: Path,
    args: argparse.Namespace,
    inputs: Inputs,
    outcome: Outcome,
    began: float,
) -> None:
    """The dataset in one commit, and the manifest after it."""
    commit = publish.push(api, folder, args.into, f"Write {len(outcome.rows)} rows")
    made = manifest.Manifest(
        step="generate",
        request=args.request,
        attempt=args.attempt,
        digest=args.digest,
        language=args.config.language,
        inputs=inputs.commits,
        output_repo=args.into,
        output_commit=commit,
        practice=args.config.practice,
        seconds=time.monotonic() - began,
        counts=manifest.Counts(len(outcome.rows), outcome.dropped),
        tokens=manifest.Tokens(outcome.usage.tokens_in, outcome.usage.tokens_out),
        cost_usd=outcome.asking_seconds * hourly(args.config) / 3600,
        versions=manifest.versions("datasets", "aiohttp", "pycld2"),
        metrics={"asked": outcome.usage.asked, "reused": outcome.usage.reused},
    )
    manifest.push(api, args.into, "dataset", MANIFEST, made)
    say(f"pushed {args.into} at {commit}")


def hourly(config: Config) -> float:
    """What the teacher costs, in US dollars an hour."""
    return float((config.plan.get("teacher") or {}).get("usd_per_hour") or 0.0)


def authorization(url: str, environment: os._Environ[str] | dict[str, str]) -> dict[str, str]:
    """The token for a teacher: the Hub's goes to the Hub's hosts only, another must be named."""
    host = urlsplit(url).hostname or ""
    token = environment.get("KAKUGO_TEACHER_TOKEN")
    if not token and host.endswith(HOSTS_OF_THE_HUB):
        token = environment.get("HF_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}
