"""The recipe from its arguments to its manifest."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import uvloop
from huggingface_hub import HfApi
from huggingface_hub.utils.tqdm import disable_progress_bars

from recipes.core import manifest, row_edits
from recipes.core.errors import Unworkable, UserError
from recipes.core.isolated import run_isolated
from recipes.core.progress import say
from recipes.generate import community
from recipes.generate.context import GenerationContext
from recipes.generate.data.tokenizer import TextTokenizer, load_tokenizer
from recipes.generate.dedup.decontamination import Benchmarks
from recipes.generate.dedup.finalize import FinalRows, finalize
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.dry_run import dry_run
from recipes.generate.estimate import Estimate, estimate, teacher_price
from recipes.generate.gate_setup import set_up_gates
from recipes.generate.gates.reasons import meaning
from recipes.generate.gates.run_language import LanguageVerdict, RunLanguage
from recipes.generate.gates.views import without_reasoning
from recipes.generate.inputs import Inputs, read_inputs
from recipes.generate.journal.hub import HubJournal
from recipes.generate.journal.local import Journal
from recipes.generate.journal.usage import UsageReport
from recipes.generate.options import RunOptions, parse_options, reserved
from recipes.generate.progress_report import report_progress
from recipes.generate.publish import card, parquet
from recipes.generate.publish.build import build, write_rejected
from recipes.generate.shutdown import graceful_shutdown, interrupt_on_sigterm
from recipes.generate.sources.table import SOURCES, SourceJob
from recipes.generate.teacher.budget import Budget
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.connect import endpoint, session
from recipes.generate.teacher.judge import Judgements, judge_rows
from recipes.generate.teacher.workers import Work, run_workers

MANIFEST = "run.json"
OTHER_LANGUAGE = "other_language"
EXAMPLE_LETTERS = 80
FLUENCY_KEYS = ("mean", "half_interval", "rows")


@dataclass(frozen=True)
class GenerationResult:
    """What a run made: its rows, what the judge decided, and how the language was identified.

    `verdict` is what the run as a whole seems to be written in.
    """

    context: GenerationContext
    rows: FinalRows
    judgements: Judgements
    identified_by: str
    verdict: LanguageVerdict


def main(args: argparse.Namespace) -> None:
    """Make the dataset in `--out`, or push it to `--into` unless it is there already."""
    started_at = time.monotonic()
    interrupt_on_sigterm()
    disable_progress_bars()  # a log is not a terminal
    api = HfApi()
    options = parse_options(api, args)
    if options.into and manifest.already_made(
        api, options.into, "dataset", MANIFEST, options.digest
    ):
        say(f"{options.into} was already made by this recipe: nothing to do")
        return
    with reserved(options.folder):
        scratch = options.folder / ".kakugo-scratch"
        store = RowStore(scratch / "rows")
        try:
            make_dataset(options, api, store, scratch, started_at)
        finally:
            store.close()
            shutil.rmtree(scratch)


def make_dataset(
    options: RunOptions, api: HfApi, store: RowStore, scratch: Path, started_at: float
) -> None:
    """Read inputs, generate rows, write the dataset and push it."""
    settings = options.settings
    say("reading texts, conversations and benchmarks from the Hub")
    inputs = read_inputs(settings, scratch, options.limit)
    inputs.commits.update(options.profile)
    removed = row_edits.read(api, options.into).dropped if options.into else frozenset()
    tokenizer = load_tokenizer(api, settings.gates.tokenizer, inputs.commits)
    signatures = scratch / "signatures"
    result, usage = generate(options, inputs, api, store, tokenizer, signatures)
    rows = result.rows.without(dict.fromkeys(removed, row_edits.REASON))
    result = replace(result, rows=rows)
    write_dataset(options, inputs, result, usage)
    if options.into:
        community.ensure_consent(api, options.config)
        push_dataset(api, options, options.into, inputs, result, usage, started_at)


def generate(
    options: RunOptions,
    inputs: Inputs,
    api: HfApi,
    store: RowStore,
    tokenizer: TextTokenizer,
    signatures: Path,
) -> tuple[GenerationResult, UsageReport]:
    """Generate all rows, with the answers of the journal and new ones."""
    started_at, code = time.monotonic(), options.language.code
    journal = Journal(options.folder / "journal.jsonl", code)
    shards = HubJournal(api, options.settings.journal, journal, options.folder / "journal", code)
    try:
        if options.config.org:
            shards.pull()
        if len(journal):
            say(f"answers of earlier runs that are reused: {len(journal):,}")
        result = uvloop.run(
            generate_rows(options, inputs, journal, shards, store, tokenizer, signatures)
        )
        shards.merge()
        usage = report_usage(result.context.teacher, time.monotonic() - started_at)
    except asyncio.CancelledError:
        raise KeyboardInterrupt(shards.summary()) from None
    finally:
        journal.close()
    say(str(usage))
    if usage.stop_reason:
        say(f"stopped at the cap of ${options.cap_usd:.2f}; all answers so far are kept")
    return result, usage


def report_usage(teacher: Teacher, seconds: float) -> UsageReport:
    """Return what the answers of a run took and cost."""
    return teacher.usage.report(teacher.budget.spent, seconds, teacher.budget.stop_reason)


async def generate_rows(
    options: RunOptions,
    inputs: Inputs,
    journal: Journal,
    shards: HubJournal,
    store: RowStore,
    tokenizer: TextTokenizer,
    signatures: Path,
) -> GenerationResult:
    """Generate rows from all sources, and decide which of them are kept.

    However this ends, all answers are pushed to the Hub.
    """
    settings, seed = options.settings, options.settings.seed
    prompt_language = settings.prompt_language(options.language)
    rules = settings.prompt_rules(options.language)
    budget = Budget(teacher_price(options.config), options.cap_usd)
    expected = await expect(options, inputs, journal)
    say(str(expected))
    async with session(options.headers) as http:
        teacher = Teacher(endpoint(http, options.teacher), settings.teacher, journal, budget)
        async with graceful_shutdown(teacher, shards.push), shards.pushing():
            await teacher.wait_until_ready()
            gate_set = await set_up_gates(
                settings.gates, prompt_language, teacher, seed, inputs, tokenizer.count
            )
            context = GenerationContext(
                teacher,
                prompt_language,
                seed,
                gate_set.gates,
                store,
                rules,
                gate_set.run_language,
            )
            async with report_progress(settings.planned_rows(options.limit), context, expected):
                await run_workers(root_work(options, inputs, context), settings.teacher.concurrency)
                await asyncio.to_thread(shards.push)  # the next steps block the event loop
                await run_workers(root_work(options, inputs, context, asks_teacher=False), 1)
                tokenizer.close()
                verdict = drop_other_language(store, gate_set.run_language)
                benchmarks = partial(
                    Benchmarks, inputs.benchmarks, settings.ngrams, options.language.script
                )
                rows = finalize(store, context.lost, benchmarks, settings.near, signatures)
                judgements = await judge_rows(
                    teacher, settings.judge, rows.kept, prompt_language, seed
                )
                rows = rows.without(judgements.reasons)
    return GenerationResult(context, rows, judgements, gate_set.identified_by, verdict)


def drop_other_language(store: RowStore, run_language: RunLanguage) -> LanguageVerdict:
    """Drop the rows that are surely in another language; all of them if the run as a whole is."""
    verdict = run_language.verdict()
    if verdict.is_other_language:
        store.drop(OTHER_LANGUAGE)
    else:
        store.drop(OTHER_LANGUAGE, verdict.labels)
    if seems := verdict.describe(run_language.language):
        say(seems)
    return verdict


async def expect(options: RunOptions, inputs: Inputs, journal: Journal) -> Estimate:
    """Estimate what the run will take, beyond the answers of the journal."""
    settings, rows = options.settings, options.settings.planned_rows(options.limit)
    if len(journal):
        paid = await dry_run(
            settings.teacher,
            journal,
            settings.prompt_language(options.language),
            settings.seed,
            settings.prompt_rules(options.language),
            partial(root_work, options, inputs),
        )
        say(
            f"rows that are paid for: {paid.rows}, with {paid.tokens_in:,} tokens read and "
            f"{paid.tokens_out:,} written"
        )
        rows = max(0, rows - paid.rows) if paid.unanswered else 0
    return estimate(options.config, settings, options.limit, rows, options.fertility)


def root_work(
    options: RunOptions, inputs: Inputs, context: GenerationContext, asks_teacher: bool = True
) -> Iterator[Work]:
    """Yield the roots of all work, source by source: of those that ask the teacher, or others."""
    settings, planned = options.settings, options.settings.planned_by_source(options.limit)
    for source in SOURCES:
        if source.asks_teacher == asks_teacher:
            yield from source.grow(
                SourceJob(
                    context,
                    settings.sources[source.name],
                    settings.answers,
                    inputs.by_source.get(source.name, ()),
                    settings.conversations.name,
                    planned[source.name],
                )
            )


def write_dataset(
    options: RunOptions, inputs: Inputs, result: GenerationResult, usage: UsageReport
) -> None:
    """Write the parquet files, audit, plot and card to the run's folder."""
    rows, settings = result.rows, options.settings
    if not rows.kept:
        run_isolated(write_rejected, options.folder, settings, rows, row_origin(options))
        seems = result.verdict.describe(options.language)
        error = Unworkable if result.context.teacher.has_all_answers else UserError
        raise error(
            f"No row passed the gates{f' ({seems})' if seems else ''}. The commonest reasons: "
            f"{commonest_reasons(rows, result.context.lost_examples)}. Rejected rows are in "
            f"{options.folder / parquet.REJECTED}."
        )
    facts = partial(
        card.CardFacts,
        repo=options.into or options.folder.resolve().name,
        language=options.language,
        practice=options.config.practice,
        settings=settings,
        recipe=f"{options.config.name}, kakugo-bot {manifest.recipe_version()}",
        digest=options.digest,
        teacher_revision=options.teacher_revision,
        lost=result.context.lost,
        inputs=inputs.commits,
        licences=inputs.licences,
        identified_by=result.identified_by,
        seems=result.verdict.describe(options.language),
        usage=usage,
        skipped=inputs.skipped,
        grades=result.judgements.grades,
        unjudged=result.judgements.unanswered,
    )
    run_isolated(
        build,
        options.folder,
        settings,
        rows,
        row_origin(options),
        options.language.script,
        inputs.benchmarks,
        inputs.commits,
        facts,
    )
    say(f"rows kept: {len(rows.kept)}, dropped: {sum(rows.dropped.values())}; {options.folder}")


def commonest_reasons(rows: FinalRows, lost_examples: Mapping[str, str]) -> str:
    """Return the commonest reasons why rows were dropped, each with the start of an example."""
    counts = Counter(rows.dropped).most_common(3)
    examples = dict(lost_examples)
    for row, reason in rows.with_reasons():
        if reason is not None and not examples.get(reason):
            examples[reason] = without_reasoning(row.turns[-1]["content"]) if row.turns else ""
    return "; ".join(
        f"{count} × {reason} ({meaning(reason)}{_like(examples.get(reason, ''))})"
        for reason, count in counts
    )


def _like(example: str) -> str:
    start = " ".join(example.split())[:EXAMPLE_LETTERS]
    return f', like "{start}"' if start else ""


def row_origin(options: RunOptions) -> parquet.RunColumns:
    """Return how every row was made; it is the same on every machine."""
    teacher, commit = options.settings.teacher, manifest.recipe_commit()
    recipe = f"{options.config.name} {options.digest[:12]}, kakugo-bot {manifest.recipe_version()}"
    return parquet.RunColumns(
        options.settings.seed,
        teacher.temperature,
        teacher.max_tokens,
        f"{recipe} at {commit}" if commit else recipe,
    )


def push_dataset(
    api: HfApi,
    options: RunOptions,
    into: str,
    inputs: Inputs,
    result: GenerationResult,
    usage: UsageReport,
    started_at: float,
) -> None:
    """Push the dataset in one commit, and the manifest after it."""
    rows, fluency = result.rows, card.mean_grade(result.judgements.grades)
    stats = result.context.teacher.stats
    commit = parquet.push(api, options.folder, into, f"Write {len(rows.kept)} rows")
    made = manifest.Manifest(
        step="generate",
        request=options.request,
        attempt=options.attempt,
        digest=options.digest,
        language=options.language.code,
        inputs=inputs.commits,
        output_repo=into,
        output_commit=commit,
        practice=options.config.practice,
        seconds=time.monotonic() - started_at,
        counts=manifest.Counts(len(rows.kept), rows.dropped),
        tokens=manifest.Tokens(usage.tokens_in, usage.tokens_out),
        cost_usd=usage.paid_usd,
        versions=manifest.versions("datasets", "aiohttp", "pycld2"),
        metrics={
            "calls": stats.answered,
            "reused_answers": stats.reused,
            "earlier_runs_usd": round(usage.earlier_runs_usd, 6),
            "other_languages_usd": round(usage.other_languages_usd, 6),
            **({"stopped": usage.stop_reason} if usage.stop_reason else {}),
            **({"skipped": list(inputs.skipped)} if inputs.skipped else {}),
            **({"fluency": dict(zip(FLUENCY_KEYS, fluency, strict=True))} if fluency else {}),
        },
    )
    manifest.push(api, into, "dataset", MANIFEST, made)
    say(f"pushed {into} at {commit}")
