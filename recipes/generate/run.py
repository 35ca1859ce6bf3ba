"""The generate recipe from its arguments to its manifest; only wiring is here."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import uvloop
from huggingface_hub import HfApi
from huggingface_hub.utils.tqdm import disable_progress_bars

from recipes.core import language, manifest, row_edits
from recipes.core.config import Config
from recipes.core.errors import UserError
from recipes.core.isolated import run_isolated
from recipes.core.progress import say
from recipes.generate import community
from recipes.generate.context import GenerationContext
from recipes.generate.data import tokenizer
from recipes.generate.dedup.decontamination import Benchmarks
from recipes.generate.dedup.finalize import Outcome, settle
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.dry_run import rehearse
from recipes.generate.estimate import forecast, price
from recipes.generate.gate_setup import set_up_gates
from recipes.generate.inputs import Inputs, read
from recipes.generate.journal.hub import Shards
from recipes.generate.journal.local import Journal
from recipes.generate.journal.usage import Bill
from recipes.generate.progress_report import telling
from recipes.generate.publish import card, parquet
from recipes.generate.publish.build import finish
from recipes.generate.settings import GenerateSettings, parse
from recipes.generate.shutdown import interrupt_when_told, stoppable
from recipes.generate.sources import (
    backtranslation,
    replay,
    scenarios,
    text_tasks,
    topics,
    translation,
)
from recipes.generate.teacher.budget import Budget
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.connect import authorization, endpoint, session
from recipes.generate.teacher.judge import Verdicts, review
from recipes.generate.teacher.workers import Work, run_workers

MANIFEST = "run.json"
FLUENCY = ("mean", "half_interval", "rows")


@dataclass(frozen=True)
class Job:
    """One run: what was asked for on the command line, parsed. It goes `into` a repo, or `out`."""

    config: Config
    settings: GenerateSettings
    profile: Mapping[str, str]
    language: language.Language
    teacher: str
    headers: dict[str, str]
    into: str | None
    folder: Path
    limit: int | None
    cap_usd: float | None
    request: str
    attempt: int
    digest: str

    def at_most(self, count: int) -> int:
        """The count, or the limit where that is less."""
        return count if self.limit is None else min(count, self.limit)


@dataclass(frozen=True)
class Taken:
    """What came of asking: the rows, what the judge said of them, how the language was known."""

    harvest: GenerationContext
    outcome: Outcome
    verdicts: Verdicts
    identified_by: str


def main(args: argparse.Namespace) -> None:
    """Make the dataset in `--out`, or push it to `--into` unless it is there already."""
    began = time.monotonic()
    interrupt_when_told()
    disable_progress_bars()  # a log is no terminal
    api = HfApi()
    job = read_job(api, args)
    if job.into and manifest.already_made(api, job.into, "dataset", MANIFEST, job.digest):
        say(f"{job.into} is already made by this recipe: nothing to do")
        return
    scratch = job.folder / "scratch"
    spool = RowStore(scratch / "rows")
    try:
        make(job, api, spool, scratch, began)
    finally:
        spool.close()
        shutil.rmtree(scratch)


def make(job: Job, api: HfApi, spool: RowStore, scratch: Path, began: float) -> None:
    """Read, ask, settle, write, push; `scratch` is a folder that may be written."""
    settings = job.settings
    say("reading texts, conversations and benchmarks from the Hub")
    inputs = read(settings, scratch, job.limit)
    inputs.commits.update(job.profile)
    refused = row_edits.read(api, job.into).dropped if job.into else frozenset()
    words = tokenizer.load(api, settings.gates.tokenizer, inputs.commits)
    taken, bill = ask(job, inputs, api, spool, words, scratch / "signatures")
    outcome = taken.outcome.without(dict.fromkeys(refused, row_edits.REASON))
    taken = replace(taken, outcome=outcome)
    write(job, inputs, taken, bill)
    if job.into:
        push(api, job, job.into, inputs, taken, bill, began)


def read_job(api: HfApi, args: argparse.Namespace) -> Job:
    """Parse the arguments; raises UserError when they do not say enough."""
    if not args.into and not args.out:
        raise UserError("Say where the dataset goes: --into REPO on the Hub, or --out DIR.")
    if not args.org and (args.into or reads_org(args.config.generate)):
        raise UserError(
            f"{args.config.name!r} reads or writes an organisation: say which, --org ORG."
        )
    section, commits = wanted(api, args)
    return Job(
        config=args.config,
        settings=parse(section),
        profile=commits,
        language=language.get(args.config.language),
        teacher=args.teacher,
        headers=authorization(args.teacher, os.environ),
        into=None if args.out else args.into,
        folder=args.out or Path.cwd() / f"kakugo-generate-{args.digest[:12]}",
        limit=args.limit,
        cap_usd=args.cap_usd,
        request=args.request,
        attempt=args.attempt,
        digest=args.digest,
    )


def wanted(api: HfApi, args: argparse.Namespace) -> tuple[dict[str, Any], dict[str, str]]:
    """The recipe's section as the community of the language wants it, and what was read of it."""
    section, config = args.config.generate, args.config
    if not config.org:  # nobody's installation: there are no profiles
        return community.overlay(section, {}, args.licence), {}
    repo = section["communities"]
    told, commit = community.read(api, repo, config.language, args.variant)
    return community.overlay(section, told, args.licence), {repo: commit} if commit else {}


def reads_org(section: Mapping[str, Any]) -> bool:
    """Whether anything stands in an organisation but the journal, which can stay here, and the
    profiles, which may be absent."""
    there = {key: value for key, value in section.items() if key not in ("journal", "communities")}
    return "{org}" in str(there)


def ask(
    job: Job, inputs: Inputs, api: HfApi, spool: RowStore, words: tokenizer.Tokens, signatures: Path
) -> tuple[Taken, Bill]:
    """Have the teacher answer everything that the journal does not know yet."""
    began, code = time.monotonic(), job.language.code
    journal = Journal(job.folder / "journal.jsonl", code)
    shards = Shards(api, job.settings.journal, journal, job.folder / "journal", code)
    try:
        if job.config.org:
            shards.pull()
        if len(journal):
            say(f"{len(journal)} answers were paid for by an earlier run and are used again")
        taken = uvloop.run(gather(job, inputs, journal, shards, spool, words, signatures))
        shards.merge()
        bill = billed(taken.harvest.teacher, time.monotonic() - began)
    except asyncio.CancelledError:
        raise KeyboardInterrupt(shards.kept()) from None
    finally:
        journal.close()
    say(str(bill))
    if bill.stopped:
        say(f"stopped at the cap of ${job.cap_usd:.2f}: what was answered is kept")
    return taken, bill


def billed(teacher: Teacher, seconds: float) -> Bill:
    """What the answers took, and what was paid for them."""
    return teacher.account.bill(teacher.purse.spent, seconds, teacher.purse.stopped)


async def gather(
    job: Job,
    inputs: Inputs,
    journal: Journal,
    shards: Shards,
    spool: RowStore,
    words: tokenizer.Tokens,
    signatures: Path,
) -> Taken:
    """Ask the teacher for everything, judge each answer as it comes, and then all together.

    However it ends, what was paid for is on its way to the Hub.
    """
    numbers, seed = job.settings.teacher, job.settings.seed
    spoken, rules = job.settings.spoken(job.language), job.settings.rules(job.language)
    purse = Budget(price(job.config), job.cap_usd)
    await foretell(job, inputs, journal)
    async with session(job.headers) as http:
        teacher = Teacher(endpoint(http, job.teacher), numbers, journal, purse)
        async with stoppable(teacher, shards.push), shards.pushing():
            await teacher.ready()
            gate_set = await set_up_gates(
                job.settings.gates, spoken, teacher, seed, inputs, words.count
            )
            harvest = GenerationContext(teacher, spoken, seed, gate_set.gates, spool, rules)
            async with telling(job.settings.planned(job.limit), harvest):
                await run_workers(roots(job, inputs, harvest), numbers.concurrency)
                await asyncio.to_thread(shards.push)  # nobody pushes while rows are compared
                replay.take(
                    harvest,
                    inputs.for_replay,
                    job.settings.replay,
                    job.settings.conversations.name,
                    job.settings.answers,
                )
                words.close()
                ngrams, script = job.settings.ngrams, job.language.script
                known = partial(Benchmarks, inputs.benchmarks, ngrams, script)
                outcome = settle(spool, harvest.lost, known, job.settings.near, signatures)
                judged = job.settings.judge
                verdicts = await review(teacher, judged, outcome.rows, spoken, seed)
                outcome = outcome.without(verdicts.drop)
    return Taken(harvest, outcome, verdicts, gate_set.identified_by)


async def foretell(job: Job, inputs: Inputs, journal: Journal) -> None:
    """Say what is still to come, before the first call."""
    settings, rows = job.settings, job.settings.planned(job.limit)
    if len(journal):
        grow = partial(roots, job, inputs)
        spoken, rules = settings.spoken(job.language), settings.rules(job.language)
        play = rehearse(settings.teacher, journal, spoken, settings.seed, rules, grow)
        known = await play
        say(
            f"{known.rows} rows are paid for: {known.tokens_in:,} tokens read and "
            f"{known.tokens_out:,} written"
        )
        rows = max(0, rows - known.rows) if known.missing else 0
    say(str(forecast(job.config, settings, rows)))


def roots(job: Job, inputs: Inputs, harvest: GenerationContext) -> Iterator[Work]:
    """Where everything grows from, source by source."""
    settings, rows = job.settings, job.settings.answers
    most = job.at_most
    return chain(
        backtranslation.grow(harvest, settings.pairs, rows, inputs.for_pairs),
        text_tasks.grow(
            harvest, settings.contexts, rows, inputs.for_contexts, most(settings.contexts.rows)
        ),
        translation.grow(harvest, rows, inputs.conversations),
        topics.grow(harvest, settings.topics, rows, most(settings.topics.rows)),
        scenarios.grow(harvest, settings.scenarios, rows, most(settings.scenarios.rows)),
    )


def write(job: Job, inputs: Inputs, taken: Taken, bill: Bill) -> None:
    """The parquet files, the certificate, the picture and the card, in the job's folder."""
    outcome, settings = taken.outcome, job.settings
    if not outcome.rows:
        why = ", ".join(f"{count} × {reason}" for reason, count in sorted(outcome.dropped.items()))
        raise UserError(f"No row passed the gates ({why}): nothing was written.")
    facts = partial(
        card.Facts,
        repo=job.into or job.folder.resolve().name,
        language=job.language,
        practice=job.config.practice,
        settings=settings,
        recipe=f"{job.config.name}, kakugo-bot {manifest.recipe_version()}",
        digest=job.digest,
        lost=taken.harvest.lost,
        inputs=inputs.commits,
        licences=inputs.licences,
        identified_by=taken.identified_by,
        bill=bill,
        skipped=inputs.skipped,
        marks=taken.verdicts.marks,
        unjudged=taken.verdicts.unanswered,
    )
    run_isolated(
        finish,
        job.folder,
        settings,
        outcome,
        origin(job),
        job.language.script,
        inputs.benchmarks,
        inputs.commits,
        facts,
    )
    say(f"kept {len(outcome.rows)} rows, dropped {sum(outcome.dropped.values())}: {job.folder}")


def origin(job: Job) -> parquet.Origin:
    """What every row says of how it came about; the same wherever the run went on."""
    numbers, commit = job.settings.teacher, manifest.recipe_commit()
    recipe = f"{job.config.name} {job.digest[:12]}, kakugo-bot {manifest.recipe_version()}"
    return parquet.Origin(
        job.settings.seed,
        numbers.temperature,
        numbers.max_tokens,
        f"{recipe} at {commit}" if commit else recipe,
    )


def push(
    api: HfApi, job: Job, into: str, inputs: Inputs, taken: Taken, bill: Bill, began: float
) -> None:
    """The dataset in one commit, and the manifest after it."""
    outcome, fluency = taken.outcome, card.mean(taken.verdicts.marks)
    commit = parquet.push(api, job.folder, into, f"Write {len(outcome.rows)} rows")
    made = manifest.Manifest(
        step="generate",
        request=job.request,
        attempt=job.attempt,
        digest=job.digest,
        language=job.language.code,
        inputs=inputs.commits,
        output_repo=into,
        output_commit=commit,
        practice=job.config.practice,
        seconds=time.monotonic() - began,
        counts=manifest.Counts(len(outcome.rows), outcome.dropped),
        tokens=manifest.Tokens(bill.tokens_in, bill.tokens_out),
        cost_usd=bill.paid_usd,
        versions=manifest.versions("datasets", "aiohttp", "pycld2"),
        metrics={
            "calls": taken.harvest.teacher.usage.asked,
            "reused_answers": taken.harvest.teacher.usage.reused,
            "earlier_runs_usd": round(bill.earlier_usd, 6),
            "other_languages_usd": round(bill.others_usd, 6),
            **({"stopped": bill.stopped} if bill.stopped else {}),
            **({"skipped": list(inputs.skipped)} if inputs.skipped else {}),
            **({"fluency": dict(zip(FLUENCY, fluency, strict=True))} if fluency else {}),
        },
    )
    manifest.push(api, into, "dataset", MANIFEST, made)
    say(f"pushed {into} at {commit}")
