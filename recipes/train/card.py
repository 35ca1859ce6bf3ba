"""The model card: facts of one run put into `card.md.j2`, and nothing that was not measured.

`evaluate` fills the part between the RESULTS marks later; until then the card says that it is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.language import Language

if TYPE_CHECKING:
    from huggingface_hub import ModelCard, ModelCardData

    from recipes.train.sft import Trained

RESULTS_START = "<!-- results -->"
RESULTS_END = "<!-- /results -->"
PAPER = "2601.14051"


@dataclass(frozen=True)
class Facts:
    """What the card says; `licence` are the `license*` fields of the base's card."""

    repo: str
    language: Language
    base: str
    base_revision: str
    dataset: str
    dataset_revision: str
    licence: dict[str, str]
    practice: bool
    recipe: str
    recipe_version: str
    digest: str
    rows: int
    hardware: str
    versions: dict[str, str]
    settings: dict[str, Any]
    trained: Trained


def write(facts: Facts) -> ModelCard:
    """The card, its metadata as the Hub reads it."""
    from huggingface_hub import ModelCard

    card: ModelCard = ModelCard.from_template(
        _metadata(facts),
        template_path=str(Path(__file__).with_name("card.md.j2")),
        facts=facts,
        results_start=RESULTS_START,
        results_end=RESULTS_END,
        paper=PAPER,
    )
    return card


def _metadata(facts: Facts) -> ModelCardData:
    from huggingface_hub import ModelCardData

    more: dict[str, Any] = {"base_model_relation": "adapter", **facts.licence}
    return ModelCardData(
        language=facts.language.tag,
        library_name="peft",
        pipeline_tag="text-generation",
        base_model=facts.base,
        datasets=[facts.dataset],
        tags=["kakugo", "lora", "sft", *(["practice"] if facts.practice else [])],
        **more,
    )


def licence_of(card: ModelCardData | None) -> dict[str, str]:
    """The licence fields of a base's card; an adapter is a work derived from it."""
    fields = ("license", "license_name", "license_link")
    return {name: str(card[name]) for name in fields if card and card.get(name)}


def hardware() -> str:
    """The accelerators, or the processor and the threads used."""
    import platform

    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} × {torch.cuda.get_device_name(0)}"
    return f"CPU ({platform.machine()}), threads: {torch.get_num_threads()}"
