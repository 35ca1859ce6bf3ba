"""Run the check recipe, from its arguments to its manifest."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop
from huggingface_hub import HfApi

from recipes.check import fertility, references, report
from recipes.check.advice import Advice, advise
from recipes.check.fertility import TokenizerFit
from recipes.check.probe import Probe, ProbeMetrics
from recipes.check.references import References
from recipes.check.settings import CheckSettings, parse
from recipes.core import hub_refs, manifest, model_loading
from recipes.core import language as languages
from recipes.core.errors import UserError
from recipes.core.language import Language
from recipes.core.progress import Progress, say
from recipes.generate import settings as generate_settings
from recipes.generate.data.corpora import DatasetReader
from recipes.generate.estimate import teacher_price
from recipes.generate.journal.local import Journal
from recipes.generate.options import bill_to
from recipes.generate.settings import GenerateSettings
from recipes.generate.teacher.budget import Budget
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.connect import authorization, endpoint, session

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def main(args: argparse.Namespace) -> int:
    """Check, print the advice, and push it to `--into` unless it is there already.

    Returns the exit status: 1 if nothing can be said about the language, which is not pushed, and
    without `--into` also if the advice is `hopeless`.
    """
    started = time.monotonic()
    model_loading.quiet()
    api, path = HfApi(), manifest.check_path(args.config.language)
    if args.into and manifest.already_made(api, args.into, "dataset", path, args.digest):
        say(f"{args.into} has this check already: nothing to do")
        return 0
    base = args.base or str(args.config.plan["base"])
    if not args.org and "{org}" in f"{base} {args.config.check} {args.config.generate['texts']}":
        raise UserError(
            f"The recipe {args.config.name!r} uses repositories of an organization: add --org ORG."
        )
    settings = parse(args.config.check)
    generate = generate_settings.parse(args.config.generate)
    if args.model:
        generate = replace(generate, teacher=replace(generate.teacher, model=args.model))
    if args.into:  # before anything is paid for
        api.create_repo(args.into, repo_type="dataset", exist_ok=True)
    language = languages.get(args.config.language)
    library = DatasetReader(api, generate.seed, generate.gates.tokenizer)
    sentences = references.read(library, settings, language.code, generate.texts)
    metrics, spent_usd, usage = uvloop.run(_ask(args, settings, generate, language, sentences))
    bases = {repo: _tokenizer_fit(api, repo, sentences) for repo in (base, *settings.bases)}
    fit = bases[base]
    measured = {**asdict(metrics), "fertility": fit.fertility, "bytes": fit.bytes}
    advice = advise(measured, settings.hopeless, settings.doubtful)
    for line in report.lines(language.name, metrics, bases, advice):
        say(line)
    if advice.level == "unknown":
        return 1
    if args.into:
        run = manifest.Manifest(
            step="check",
            request=args.request,
            attempt=args.attempt,
            digest=args.digest,
            language=language.code,
            inputs=sentences.commits,
            output_repo=args.into,
            output_commit=str(api.dataset_info(args.into).sha),
            practice=args.config.practice,
            seconds=time.monotonic() - started,
            tokens=manifest.Tokens(usage.tokens_in, usage.tokens_out),
            cost_usd=spent_usd,
            versions=manifest.versions("datasets", "transformers", "sacrebleu"),
            metrics=_manifest_metrics(metrics, bases, advice),
        )
        manifest.push(api, args.into, "dataset", path, run)
    return 1 if advice.level == "hopeless" and not args.into else 0


async def _ask(
    args: argparse.Namespace,
    settings: CheckSettings,
    generate: GenerateSettings,
    language: Language,
    sentences: References,
) -> tuple[ProbeMetrics, float, Any]:
    """Return the metrics, the US dollars spent and the tokens used.

    The journal is temporary, because old answers would say nothing about the endpoint as it is now:
    it only prevents paying for the same question twice in this run.
    """
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl", language.code)
        budget = Budget(teacher_price(args.config), args.cap_usd)
        headers = authorization(args.teacher, os.environ, bill_to(args.config))
        try:
            async with session(headers) as http:
                teacher = Teacher(endpoint(http, args.teacher), generate.teacher, journal, budget)
                await teacher.wait_until_ready()
                progress = Progress(settings.lists + 1 + 2 * len(sentences.texts), "questions")
                probe = Probe(
                    teacher, language, generate.seed, progress, generate.gates.identify_from
                )
                metrics = await probe.run(sentences, settings)
        finally:
            journal.close()
    return metrics, budget.spent, teacher.stats


def _tokenizer_fit(api: HfApi, repo: str, sentences: References) -> TokenizerFit:
    tokenizer = _tokenizer(api, repo, hub_refs.commit_of(api, repo, "model"))
    return fertility.measure(tokenizer, sentences.texts, sentences.english)


def _tokenizer(api: HfApi, repo: str, revision: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model; `AutoTokenizer`, which imports torch, only if it must be."""
    from huggingface_hub.errors import EntryNotFoundError

    try:
        file = api.hf_hub_download(repo, "tokenizer.json", revision=revision)
    except EntryNotFoundError:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(repo, revision=revision)
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(tokenizer_file=file)  # type: ignore[no-untyped-call]


def _manifest_metrics(
    metrics: ProbeMetrics, bases: Mapping[str, TokenizerFit], advice: Advice
) -> dict[str, Any]:
    return {
        "advice": {
            "level": advice.level,
            "shortfalls": [asdict(shortfall) for shortfall in advice.shortfalls],
        },
        "teacher": _rounded(asdict(metrics)),
        "bases": {repo: _rounded(asdict(fit)) for repo, fit in bases.items()},
    }


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in values.items()
    }
