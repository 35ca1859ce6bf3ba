"""Check the templates of a benchmark in a recipe, before anything is asked with them."""

from __future__ import annotations

from string import Formatter
from typing import get_args

from recipes.core.benchmarks.settings import BenchmarkSettings, Direction
from recipes.core.benchmarks.table import Benchmark
from recipes.validation.errors import InvalidInput, shorten

ANSWER_FIELDS = ("letter", "option")


def check_templates(benchmark: Benchmark, settings: BenchmarkSettings) -> None:
    """Raise InvalidInput, with a path from the benchmark on, for a missing or wrong template."""
    prompts = {"prompt": settings.prompt}
    if benchmark.is_translation:
        prompts = {
            f"prompts.{direction}": settings.prompts.get(direction, "")
            for direction in get_args(Direction)
        }
    for path, template in prompts.items():
        if not template:
            raise InvalidInput(f"{path}: is missing; add it")
        _check_fields(template, benchmark.prompt_fields, path)
    if "options" in benchmark.prompt_fields and not settings.options:
        raise InvalidInput("options: is missing; add it")
    _check_fields(settings.answer, ANSWER_FIELDS, "answer")
    if english := settings.in_english():
        try:
            check_templates(benchmark, english)
        except InvalidInput as error:
            raise InvalidInput(f"english.{error}") from error


def _check_fields(template: str, known: tuple[str, ...], path: str) -> None:
    remedy = f"use only {', '.join(f'{{{field}}}' for field in known)}"
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise InvalidInput(f"{path}: {error}; {remedy}") from error
    for _, field, format_spec, conversion in parts:
        if field is not None and (field not in known or format_spec or conversion):
            raise InvalidInput(f"{path}: {{{shorten(field)}}} is not a known field; {remedy}")
