"""A metric that is a model on the Hub: an encoder with a head of one number, as BLEURT is.

Whatever `AutoModelForSequenceClassification` loads with one label will do; which texts it reads,
and in which order, the recipe says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recipes.core.errors import UserError
from recipes.evaluate.benchmarks import Item, fill
from recipes.evaluate.settings import Neural

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Judge:
    """The loaded metric, at a commit."""

    settings: Neural
    revision: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @property
    def signature(self) -> str:
        """Which model at which commit, and what it read."""
        read = f"{self.settings.first} + {self.settings.second}"
        return f"{self.settings.model}@{self.revision[:12]}|reads:{read}"

    def knows(self, code: str) -> bool:
        """Whether it may be asked about answers in this language."""
        return self.settings.languages is None or code in self.settings.languages

    def scores(self, items: Sequence[Item], outputs: Sequence[str]) -> list[float]:
        """One number an item, in order; what it means is the metric's own business."""
        import torch

        pairs = [
            _pair(self.settings, item, said) for item, said in zip(items, outputs, strict=True)
        ]
        order = sorted(range(len(pairs)), key=lambda place: -sum(map(len, pairs[place])))
        scores = [0.0] * len(pairs)
        for start in range(0, len(order), self.settings.batch):
            places = order[start : start + self.settings.batch]
            with torch.inference_mode():
                logits = self.model(**self._batch([pairs[place] for place in places])).logits
            for place, score in zip(places, logits[:, 0].float().tolist(), strict=True):
                scores[place] = score
        return scores

    def _batch(self, pairs: Sequence[tuple[str, str]]) -> dict[str, torch.Tensor]:
        first, second = map(list, zip(*pairs, strict=True))
        made = self.tokenizer(
            first,
            second,
            padding=True,
            truncation=True,
            max_length=self.settings.max_length,
            return_tensors="pt",
        )
        return dict(made.to(self.model.device))


def load(settings: Neural, revision: str, device: str) -> Judge:
    """Load the metric at a commit; raises UserError when it does not give one number."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(settings.model, revision=revision)
    model = AutoModelForSequenceClassification.from_pretrained(settings.model, revision=revision)
    if model.config.num_labels != 1:
        raise UserError(
            f"A neural metric must give one number, and {settings.model} gives "
            f"{model.config.num_labels}: choose a regression model for `evaluate.neural`."
        )
    return Judge(settings, revision, model.to(device).train(False), tokenizer)


def _pair(settings: Neural, item: Item, output: str) -> tuple[str, str]:
    """What the metric reads; texts are put in as they are, braces in them mean nothing."""
    texts = {"source": item.source, "reference": item.answer, "output": output}
    return fill(settings.first, **texts), fill(settings.second, **texts)
