"""Show on the card what base and adapter answered: the first items of a test, not the best ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from recipes.core.benchmarks.tasks import Task
from recipes.core.card_sections import quote_turns
from recipes.evaluate.response_cache import CollectedOutputs
from recipes.evaluate.significance import output_text

COUNT = 3


@dataclass(frozen=True)
class Sample:
    """One text to translate, what both models answered, and its reference if quotable."""

    source: str
    base: str
    adapter: str
    reference: str | None


def first_translations(tasks: Sequence[Task], outputs: CollectedOutputs, code: str) -> list[Sample]:
    """Return the first translations into the language `code`, of models 0 (base) and 1.

    Of a benchmark that is not quotable, there is only the number of the sentence.
    """
    translations = (
        Sample(
            source=item.source
            if task.settings.quotable
            else f"(sentence {item.id} of {task.dataset})",
            base=output_text(item, outputs[0, t][i]),
            adapter=output_text(item, outputs[1, t][i]),
            reference=item.reference if task.settings.quotable else None,
        )
        for t, task in enumerate(tasks)
        if task.direction and task.output_language == code
        for i, item in enumerate(task.items)
    )
    return list(islice(translations, COUNT))


def render(samples: Sequence[Sample], adapter_label: str) -> list[str]:
    """Return paragraphs of Markdown; of what a model wrote, nothing is markup or a link."""
    if not samples:
        return []
    return [
        "What both models answered: the first translations of the test, not the best ones.",
        *(_quote(sample, adapter_label) for sample in samples),
    ]


def _quote(sample: Sample, adapter_label: str) -> str:
    turns = [
        ("To translate", sample.source),
        ("Base", sample.base),
        (adapter_label.capitalize(), sample.adapter),
    ]
    if sample.reference is not None:
        turns.append(("Reference", sample.reference))
    return quote_turns(turns)
