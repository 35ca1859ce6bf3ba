"""Loads one contestant after the other, each at its commit, so that it can be asked.

The base is loaded once for itself and its adapter; it is asked before the adapter is put on, so its
answers are the plain base's. Only one model is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from recipes.core import model_loading
from recipes.evaluate.backends.transformers_lm import Loaded, Said, Show
from recipes.evaluate.benchmarks import Item
from recipes.evaluate.models import Contestant
from recipes.evaluate.settings import Choice, EvaluateSettings, Generation

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Speaker(Protocol):
    """A contestant that is loaded, by whichever backend."""

    def translate(self, items: Sequence[Item], settings: Generation, show: Show) -> list[Said]:
        """One greedy answer an item, in order."""
        ...

    def choose(self, items: Sequence[Item], settings: Choice, show: Show) -> list[list[float]]:
        """For each item the log-likelihood of each option, in order."""
        ...


class Stage(Protocol):
    """Where contestants speak, one at a time."""

    def call(self, contestant: Contestant) -> Speaker:
        """Load it; whoever was loaded before may no longer speak."""
        ...


@dataclass
class Local:
    """The stage of transformers and PEFT, in this process."""

    settings: EvaluateSettings
    _plain: tuple[tuple[str, str], Loaded] | None = field(default=None, init=False)

    def call(self, contestant: Contestant) -> Loaded:
        """Load it, on the base that is there already where that is its own."""
        wanted = contestant.weights
        if self._plain is None or self._plain[0] != wanted:
            self._plain = None
            self._plain = wanted, self._load(*wanted)
        plain = self._plain[1]
        if not contestant.adapted:
            return plain
        self._plain = None  # an adapter leaves traces, above all when it is merged
        return Loaded(self._adapted(plain.model, contestant), plain.tokenizer)

    def _load(self, repo: str, revision: str) -> Loaded:
        model, tokenizer = model_loading.load(
            repo, revision, self.settings.threads, self.settings.model
        )
        return Loaded(model.to(device()).train(False), tokenizer)  # type: ignore[arg-type]

    def _adapted(self, model: PreTrainedModel, contestant: Contestant) -> PreTrainedModel:
        """The model with the adapter on it, merged into its weights when the recipe says so."""
        from peft import PeftModel

        adapted: Any = PeftModel.from_pretrained(
            model, contestant.model, revision=contestant.revision
        )
        scored: PreTrainedModel = adapted.merge_and_unload() if self.settings.merge else adapted
        scored.train(False)
        return scored


def stage(settings: EvaluateSettings) -> Stage:
    """The stage of the recipe's backend; raises UserError where that is not installed."""
    if settings.backend == "transformers":
        return Local(settings)
    from recipes.evaluate.backends import vllm

    return vllm.Engine(settings, vllm.installed())


def device() -> str:
    """Where models are put."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
