"""The check from its arguments to its manifest; only wiring is here."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import uvloop
from huggingface_hub import HfApi

from recipes.check import probe, references
from recipes.check.advice import LEAST, Advice, advise
from recipes.check.fertility import Fertility, fertility
from recipes.check.settings import CheckSettings, parse
from recipes.core import hub_refs, language, manifest, model_loading
from recipes.core.progress import Progress, say
from recipes.generate import settings as generating
from recipes.generate.data.corpora import Library
from recipes.generate.estimate import price
from recipes.generate.gates.reasons import meaning
from recipes.generate.journal.local import Journal
from recipes.generate.teacher.budget import Budget
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.connect import authorization, endpoint, session

MEANS = {
    "good": "the teacher writes the language well enough to teach it",
    "doubtful": "have speakers read what it writes before much is spent",
    "hopeless": "what it would write is not worth the money",
}
MEASURED = {
    "answered": "share of questions answered:",
    "script": "share written in the right script:",
    "language": "share written in the right language:",
    "structured": "share of lists in the shape asked for:",
    "chrf": "likeness to known sentences (chrF++, 100 is the same):",
    "round_trip": "likeness after there and back (chrF++, 100 is the same):",
    "fertility": "tokens of the base, times those of English:",
    "bytes": "share of tokens that are pieces of a letter:",
}


def main(args: argparse.Namespace) -> None:
    """Ask, advise, say so, and push it to `--into` unless it is there already."""
    began = time.monotonic()
    model_loading.quiet()
    api, path = HfApi(), f"checks/{args.config.language}/run.json"
    if args.into and manifest.already_made(api, args.into, "dataset", path, args.digest):
        say(f"{args.into} holds this check already: nothing to do")
        return
    settings = parse(args.config.check)
    generate = generating.parse(args.config.generate)
    spoken = language.get(args.config.language)
    library = Library(api, generate.seed, generate.gates.tokenizer)
    known = references.read(library, settings, spoken.code, generate.texts)
    found, spent, usage = uvloop.run(_ask(args, settings, generate, spoken, known))
    tokens = {repo: _fertility(api, repo, known) for repo in (args.base, *settings.bases)}
    advice = advise(_measured(found, tokens[args.base]), settings.hopeless, settings.doubtful)
    for line in told(spoken.name, found, tokens, advice):
        say(line)
    if args.into:
        made = manifest.Manifest(
            step="check",
            request=args.request,
            attempt=args.attempt,
            digest=args.digest,
            language=spoken.code,
            inputs=known.commits,
            output_repo=args.into,
            output_commit=str(api.dataset_info(args.into).sha),
            practice=args.config.practice,
            seconds=time.monotonic() - began,
            tokens=manifest.Tokens(usage.tokens_in, usage.tokens_out),
            cost_usd=spent,
            versions=manifest.versions("datasets", "transformers", "sacrebleu"),
            metrics=_metrics(found, tokens, advice),
        )
        manifest.push(api, args.into, "dataset", path, made)


async def _ask(
    args: argparse.Namespace,
    settings: CheckSettings,
    generate: generating.GenerateSettings,
    spoken: language.Language,
    known: references.Known,
) -> tuple[probe.Findings, float, Any]:
    """Put the questions; the journal only spares asking the same twice within this run."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl", spoken.code)
        purse = Budget(price(args.config), args.cap_usd)
        headers = authorization(args.teacher, os.environ)
        try:
            async with session(headers) as http:
                teacher = Teacher(endpoint(http, args.teacher), generate.teacher, journal, purse)
                await teacher.ready()
                questions = Progress(settings.lists + 2 * len(known.texts), "questions")
                asked = probe.Probe(teacher, spoken, generate.seed, questions)
                found = await asked.run(known, settings)
        finally:
            journal.close()
    return found, purse.spent, teacher.usage


def _fertility(api: HfApi, repo: str, known: references.Known) -> Fertility:
    from transformers import AutoTokenizer

    revision = hub_refs.commit_of(api, repo, "model")
    tokenizer = AutoTokenizer.from_pretrained(repo, revision=revision)
    return fertility(tokenizer, known.texts, known.english)


def _measured(found: probe.Findings, tokens: Fertility) -> dict[str, float | None]:
    return {**asdict(found), "fertility": tokens.times, "bytes": tokens.bytes}


def _metrics(
    found: probe.Findings, tokens: Mapping[str, Fertility], advice: Advice
) -> dict[str, Any]:
    return {
        "advice": advice.word,
        "reasons": [asdict(reason) for reason in advice.reasons],
        "teacher": {**_figures(asdict(found)), "failed": found.failed},
        "bases": {repo: _figures(asdict(one)) for repo, one in tokens.items()},
    }


def _figures(values: Mapping[str, Any]) -> dict[str, float | None]:
    return {
        name: None if value is None else round(value, 3)
        for name, value in values.items()
        if not isinstance(value, str)
    }


def told(
    name: str, found: probe.Findings, tokens: Mapping[str, Fertility], advice: Advice
) -> list[str]:
    """What a person at the terminal reads."""
    failed = f" ({meaning(found.failed)}: {found.failed})" if found.failed else ""
    lines = [
        f"the teacher answered {found.answered:.0%} of the questions{failed}, "
        f"{found.tokens_per_second:.0f} tokens/s, a usual answer in {found.seconds:.1f} s",
        f"in the shape asked for: {_percent(found.structured)}; with reasoning: "
        f"{_percent(found.reasoning)}",
        f"what it wrote in {name}: right script {_percent(found.script)}, right language "
        f"{_percent(found.language)}, chrF++ against known sentences {_score(found.chrf)}, there "
        f"and back {_score(found.round_trip)}",
    ]
    lines += [
        f"{repo} needs, beside English, {_times(one.times)}; of these are pieces of a letter: "
        f"{_percent(one.bytes)}"
        for repo, one in tokens.items()
    ]
    why = [
        f"{MEASURED[reason.what]} {reason.seen:g}, wanted "
        f"{'at least' if reason.what in LEAST else 'at most'} {reason.wanted:g}"
        for reason in advice.reasons
    ]
    return [*lines, f"advice: {advice.word}, {MEANS[advice.word]}", *(f"  {line}" for line in why)]


def _times(count: float | None) -> str:
    return "not measured" if count is None else f"{count:.1f} times the tokens"


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.0%}"


def _score(score: float | None) -> str:
    return "not measured" if score is None else f"{score:.1f}"
