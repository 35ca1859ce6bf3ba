"""The exported model's card, and the lines about it on the adapter's card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.language import Language
from recipes.export.interpolate import Choice, Loss
from recipes.train.card import EXPORT_END, EXPORT_START

if TYPE_CHECKING:
    from huggingface_hub import ModelCard


@dataclass(frozen=True)
class Facts:
    """What the cards say; `adapter` may be a `whole` model tuned from the base; `files` are GGUF
    files, `losses` at the shares tried, the base's first,
    `saved` those of the weights as they were saved."""

    repo: str
    language: Language
    base: str
    adapter: str
    whole: bool
    adapter_revision: str
    dataset: str
    licence: dict[str, str]
    practice: bool
    dtype: str
    losses: Sequence[Loss]
    saved: Loss
    choice: Choice
    worse: float
    files: Sequence[str]

    @property
    def name(self) -> str:
        """The repository without its owner."""
        return self.repo.split("/")[-1]


def write(facts: Facts) -> ModelCard:
    """The exported model's card, its metadata as the Hub reads it."""
    from huggingface_hub import ModelCard, ModelCardData

    more: dict[str, Any] = {"base_model_relation": "merge", **facts.licence}
    gguf = ["gguf"] if facts.files else []
    data = ModelCardData(
        language=facts.language.tag,
        library_name="transformers",
        pipeline_tag="text-generation",
        base_model=[facts.base, facts.adapter],
        datasets=[facts.dataset],
        tags=["kakugo", "merge", *gguf, *(["practice"] if facts.practice else [])],
        **more,
    )
    template = str(Path(__file__).with_name("card.md.j2"))
    card: ModelCard = ModelCard.from_template(data, template_path=template, facts=facts)
    return card


def update(adapter: ModelCard, facts: Facts) -> None:
    """Say on the adapter's card where the merged weights are, in the place of what stood there."""
    before, start, rest = adapter.text.partition(EXPORT_START)
    if not start:
        before = f"{adapter.text.rstrip()}\n\n## Merged\n\n"
    after = rest.partition(EXPORT_END)[2] or "\n"
    adapter.text = f"{before}{EXPORT_START}\n{_told(facts)}\n{EXPORT_END}{after}"


def _told(facts: Facts) -> str:
    lines = [
        f"Merged weights: [{facts.repo}](https://huggingface.co/{facts.repo}); with vLLM: "
        f"`vllm serve {facts.repo}`."
    ]
    for file in facts.files:
        kind = file.removesuffix(".gguf").rpartition("-")[2]
        lines.append(
            f"GGUF: `ollama run hf.co/{facts.repo}:{kind}`, "
            f"`llama-cli --hf-repo {facts.repo} --hf-file {file}`."
        )
    return "\n".join(lines)
