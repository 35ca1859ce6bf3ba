"""The model card: facts of one run put into `card.md.j2`, and nothing that was not measured.

`evaluate` fills the part between the RESULTS marks later, `export` that between the EXPORT marks;
until then the card says that they are open.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.language import Language
from recipes.core.row_edits import RowEdits

if TYPE_CHECKING:
    from huggingface_hub import ModelCard, ModelCardData

    from recipes.train.sft import Trained

RESULTS_START = "<!-- results -->"
RESULTS_END = "<!-- /results -->"
EXPORT_START = "<!-- export -->"
EXPORT_END = "<!-- /export -->"
PAPER = "2601.14051"
LICENCE = ("license", "license_name", "license_link")


@dataclass(frozen=True)
class Facts:
    """What the card says; `licence` are the `license*` fields of the base's card, `system` is the
    prompt under which it answers without thinking aloud, where it was taught to think."""

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
    mending: RowEdits
    hardware: str
    hourly_usd: float | None
    energy_kwh: float | None
    versions: dict[str, str]
    settings: dict[str, Any]
    trained: Trained
    system: str = ""

    @property
    def name(self) -> str:
        """The repository without its owner."""
        return self.repo.split("/")[-1]

    @property
    def adapter(self) -> bool:
        """Whether the repository holds an adapter, not a whole model."""
        return self.settings["lora"] is not None

    @property
    def servable(self) -> bool:
        """Whether vLLM can serve the adapter as it is: low-rank matrices and nothing else."""
        lora = self.settings["lora"] or {}
        more = ("modules_to_save", "use_dora")
        return not self.settings["trained_tokens"] and not any(lora.get(key) for key in more)

    @property
    def hours(self) -> float:
        """Of training, over all attempts that went on from each other."""
        return self.trained.seconds / 3600


def write(facts: Facts) -> ModelCard:
    """The card, its metadata as the Hub reads it."""
    from huggingface_hub import ModelCard

    card: ModelCard = ModelCard.from_template(
        _metadata(facts),
        template_path=str(Path(__file__).with_name("card.md.j2")),
        facts=facts,
        results=(RESULTS_START, RESULTS_END),
        export=(EXPORT_START, EXPORT_END),
        paper=PAPER,
    )
    return card


def _metadata(facts: Facts) -> ModelCardData:
    from huggingface_hub import ModelCardData

    relation = "adapter" if facts.adapter else "finetune"
    more: dict[str, Any] = {"base_model_relation": relation, **facts.licence}
    if facts.system:
        more["system_prompt"] = facts.system  # the chat Space asks as the evaluation did
    method = ["lora"] if facts.adapter else []
    return ModelCardData(
        language=facts.language.tag,
        library_name="peft" if facts.adapter else "transformers",
        pipeline_tag="text-generation",
        base_model=facts.base,
        datasets=[facts.dataset],
        tags=["kakugo", *method, "sft", *(["practice"] if facts.practice else [])],
        **more,
    )


def licence_of(card: ModelCardData | None, base: str) -> dict[str, str]:
    """The licence fields of the card of `base`; what is trained from it is a work derived from it.

    A link to a file of the base's repository is made one that can be followed from elsewhere.
    """
    found = {name: str(card[name]) for name in LICENCE if card and card.get(name)}
    link = found.get("license_link")
    if link and "://" not in link:
        found["license_link"] = f"https://huggingface.co/{base}/blob/main/{link.lstrip('./')}"
    return found
