"""The adapter's model card: facts of one run filled into `card.md.j2`; unknown facts are omitted.

`evaluate` and `export` later replace their sections; until then, the card says that there is no
evaluation and no export yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from recipes.core.errors import UserError
from recipes.core.language import Language
from recipes.core.row_edits import RowEdits

if TYPE_CHECKING:
    from huggingface_hub import HfApi, ModelCard, ModelCardData

    from recipes.train.sft import SftResult

# Sections of `card.md.j2` that later recipes replace.
RESULTS_SECTION = "results"
EXPORT_SECTION = "export"
PAPER = "2601.14051"
SETTINGS = ("lora", "batch", "max_length", "follow_ups", "trainer")
REQUEST = re.compile(r"r([0-9]+)")
LICENCE = ("license", "license_name", "license_link")


@dataclass(frozen=True)
class CardFacts:
    """What the card says.

    `licence` holds the `license*` fields of the base's card. `system` is the system prompt under
    which the model answers without thinking first, empty if it was not trained to think.
    `request` is the id of the request that the run is a step of.
    """

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
    recipe_commit: str | None
    digest: str
    rows: int
    row_edits: RowEdits
    hardware: str
    hourly_usd: float | None
    energy_kwh: float | None
    versions: dict[str, str]
    settings: dict[str, Any]
    result: SftResult
    system: str = ""
    request: str = ""

    @property
    def name(self) -> str:
        """The repository's name without its owner."""
        return self.repo.split("/")[-1]

    @property
    def org(self) -> str:
        """The owner of the repository."""
        return self.repo.split("/")[0]

    @property
    def discussion(self) -> str:
        """The number of the discussion that asked the bot for the model; empty without one."""
        match = REQUEST.fullmatch(self.request)
        return match[1] if match else ""

    @property
    def is_adapter(self) -> bool:
        """Whether the repository holds an adapter, not a whole model."""
        return self.settings["lora"] is not None

    @property
    def shown_settings(self) -> str:
        """The most important settings, as YAML."""
        shown = {key: value for key in SETTINGS if (value := self.settings.get(key))}
        return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True)

    @property
    def is_servable(self) -> bool:
        """Whether vLLM can serve the adapter directly: it must hold low-rank matrices only."""
        lora = self.settings["lora"] or {}
        unsupported = ("modules_to_save", "use_dora")
        return not self.settings["trained_tokens"] and not any(lora.get(key) for key in unsupported)

    @property
    def hours(self) -> float:
        """Hours of training, over all attempts when it was resumed."""
        return self.result.seconds / 3600


def render(facts: CardFacts) -> ModelCard:
    """Return the card, with its metadata as the Hub expects it."""
    from huggingface_hub import ModelCard

    card: ModelCard = ModelCard.from_template(
        _metadata(facts),
        template_path=str(Path(__file__).with_name("card.md.j2")),
        facts=facts,
        paper=PAPER,
    )
    return card


def _metadata(facts: CardFacts) -> ModelCardData:
    from huggingface_hub import ModelCardData

    relation = "adapter" if facts.is_adapter else "finetune"
    more: dict[str, Any] = {"base_model_relation": relation, **facts.licence}
    if facts.system:
        more["system_prompt"] = facts.system  # the chat Space uses it, as the evaluation does
    method = ["lora"] if facts.is_adapter else []
    return ModelCardData(
        **facts.language.metadata,
        library_name="peft" if facts.is_adapter else "transformers",
        pipeline_tag="text-generation",
        base_model=facts.base,
        datasets=[facts.dataset],
        tags=["kakugo", *method, "sft", *(["practice"] if facts.practice else [])],
        **more,
    )


def check(api: HfApi, language: Language, base: str, dataset: str, licence: dict[str, str]) -> None:
    """Raise UserError if the Hub would refuse the card with what is known before training.

    Otherwise it would say so at the final push, when the training has been paid for.
    """
    from huggingface_hub import ModelCardData

    more: dict[str, Any] = {**language.metadata, **licence}
    data = ModelCardData(base_model=base, datasets=[dataset], **more)
    try:
        api._validate_yaml(f"---\n{data.to_yaml()}\n---\n", repo_type="model")
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"The Hub would refuse the card of the trained model ({reason}). Its licence comes "
            f"from the card of {base}: correct it there, or choose another base."
        ) from error


def licence_of(card: ModelCardData | None, base: str) -> dict[str, str]:
    """Return the licence fields of the base's card; models trained from it are derived works.

    A relative link to a file of the base's repository becomes a full URL.
    """
    fields = {name: str(card[name]) for name in LICENCE if card and card.get(name)}
    link = fields.get("license_link")
    if link and "://" not in link:
        fields["license_link"] = f"https://huggingface.co/{base}/blob/main/{link.lstrip('./')}"
    return fields
