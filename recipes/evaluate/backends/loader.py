"""Load the compared models one after the other, each at its commit.

The base is loaded once for itself and its adapter, and is asked before the adapter is added, so its
outputs are those of the plain base. Only one model is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from recipes.core import model_loading
from recipes.core.benchmarks.tasks import Item
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.backends.transformers_lm import Generation, OnProgress, TransformersModel
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.settings import ChoiceSettings, EvaluateSettings, GenerationSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class LoadedModel(Protocol):
    """A compared model in memory, whichever backend loaded it."""

    def generate(
        self, items: Sequence[Item], settings: GenerationSettings, on_progress: OnProgress
    ) -> list[Generation]:
        """Return one greedy generation for each item."""
        ...

    def log_likelihoods(
        self, items: Sequence[Item], settings: ChoiceSettings, on_progress: OnProgress
    ) -> list[list[float]]:
        """Return the log-likelihood of each option of each item."""
        ...


class Backend(Protocol):
    """Loads models, one at a time."""

    def load(self, model: ComparedModel) -> LoadedModel:
        """Load the model; the one loaded before must not be used any more."""
        ...


@dataclass
class TransformersBackend:
    """Loads models with transformers and PEFT into this process."""

    settings: EvaluateSettings
    _base: tuple[tuple[str, str], TransformersModel] | None = field(default=None, init=False)

    def load(self, model: ComparedModel) -> TransformersModel:
        """Load the model; keep the weights of the one before if they are its base."""
        if self._base is None or self._base[0] != model.weights:
            self._base = None  # frees the memory first
            self._base = model.weights, self._load(*model.weights)
        base = self._base[1]
        if not model.is_adapter:
            return base
        self._base = None  # an adapter changes the base, above all if it is merged
        return TransformersModel(self._with_adapter(base.model, model), base.tokenizer)

    def _load(self, repo: str, revision: str) -> TransformersModel:
        model, tokenizer = model_loading.load(
            repo, revision, self.settings.threads, self.settings.model
        )
        return TransformersModel(model.to(transformers_lm.device()).train(False), tokenizer)  # type: ignore[arg-type]

    def _with_adapter(self, base: PreTrainedModel, model: ComparedModel) -> PreTrainedModel:
        """Add the adapter, and merge it into the weights if the recipe says so."""
        from peft import PeftModel

        adapted: Any = PeftModel.from_pretrained(base, model.model, revision=model.revision)
        scored: PreTrainedModel = adapted.merge_and_unload() if self.settings.merge else adapted
        scored.train(False)
        return scored


def backend(settings: EvaluateSettings) -> Backend:
    """Return the recipe's backend; raise UserError if it is not installed."""
    if settings.backend == "transformers" or settings.lm_eval is None:
        return TransformersBackend(settings)
    from recipes.evaluate.backends import lm_eval

    return lm_eval.backend(settings, settings.lm_eval)
