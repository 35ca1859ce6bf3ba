"""The merged model's card, and the section about it on the adapter's card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.card_sections import set_section
from recipes.core.language import Language
from recipes.export.interpolate import ShareChoice, ShareLoss
from recipes.train.card import EXPORT_SECTION

if TYPE_CHECKING:
    from huggingface_hub import ModelCard


@dataclass(frozen=True)
class CardFacts:
    """What the cards say.

    `adapter` is a repository, of a whole model if `is_full_model`. `losses` are those of the shares
    tried, the base's first, and `saved` is that of the weights as saved. `files` are GGUF files.
    """

    repo: str
    language: Language
    base: str
    adapter: str
    is_full_model: bool
    adapter_revision: str
    dataset: str
    licence: dict[str, str]
    practice: bool
    dtype: str
    losses: Sequence[ShareLoss]
    saved: ShareLoss
    choice: ShareChoice
    worse: float
    files: Sequence[str]

    @property
    def name(self) -> str:
        """The repository's name without its owner."""
        return self.repo.split("/")[-1]


def render(facts: CardFacts) -> ModelCard:
    """Return the merged model's card, with its metadata as the Hub expects it."""
    from huggingface_hub import ModelCard, ModelCardData

    more: dict[str, Any] = {"base_model_relation": "merge", **facts.licence}
    gguf = ["gguf"] if facts.files else []
    data = ModelCardData(
        **facts.language.metadata,
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


def update(adapter: ModelCard, facts: CardFacts) -> None:
    """Link to the merged weights on the adapter's card, in its section `export`."""
    links = _links(facts)
    adapter.text = set_section(adapter.text, EXPORT_SECTION, links, heading="## Merged")


def _links(facts: CardFacts) -> str:
    lines = [
        f"Merged weights: [{facts.repo}](https://huggingface.co/{facts.repo}); with vLLM: "
        f"`vllm serve {facts.repo}`."
    ]
    for file in facts.files:
        gguf_type = file.removesuffix(".gguf").rpartition("-")[2]
        lines.append(
            f"GGUF: `ollama run hf.co/{facts.repo}:{gguf_type}`, "
            f"`llama-cli --hf-repo {facts.repo} --hf-file {file}`."
        )
    return "\n".join(lines)
