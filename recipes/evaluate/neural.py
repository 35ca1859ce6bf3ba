"""Score translations with a model from the Hub: an encoder whose head gives one number.

Everything that `AutoModelForSequenceClassification` loads with one label works, like BLEURT. The
recipe says which texts the model reads, and in which order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recipes.core.benchmarks.tasks import Item, fill
from recipes.core.errors import Unworkable
from recipes.evaluate.settings import NeuralSettings

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class NeuralMetric:
    """The loaded model, at a commit."""

    settings: NeuralSettings
    revision: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @property
    def signature(self) -> str:
        """The model, its commit and the texts that it reads."""
        texts = f"{self.settings.first} + {self.settings.second}"
        return f"{self.settings.model}@{self.revision[:12]}|reads:{texts}"

    def supports(self, code: str) -> bool:
        """Return whether it can score texts in this language."""
        return self.settings.languages is None or code in self.settings.languages

    def scores(self, items: Sequence[Item], outputs: Sequence[str]) -> list[float]:
        """Return one number for each item, on the metric's own scale."""
        import torch

        pairs = [
            _pair(self.settings, item, output) for item, output in zip(items, outputs, strict=True)
        ]
        order = sorted(range(len(pairs)), key=lambda index: -sum(map(len, pairs[index])))
        scores = [0.0] * len(pairs)
        for start in range(0, len(order), self.settings.batch):
            indices = order[start : start + self.settings.batch]
            with torch.inference_mode():
                logits = self.model(**self._batch([pairs[index] for index in indices])).logits
            for index, score in zip(indices, logits[:, 0].float().tolist(), strict=True):
                scores[index] = score
        return scores

    def _batch(self, pairs: Sequence[tuple[str, str]]) -> dict[str, torch.Tensor]:
        first, second = map(list, zip(*pairs, strict=True))
        encoded = self.tokenizer(
            first,
            second,
            padding=True,
            truncation=True,
            max_length=self.settings.max_length,
            return_tensors="pt",
        )
        return dict(encoded.to(self.model.device))


def load(settings: NeuralSettings, revision: str, device: str) -> NeuralMetric:
    """Load the metric at a commit; raise UserError if it does not give one number."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(settings.model, revision=revision)
    model = AutoModelForSequenceClassification.from_pretrained(settings.model, revision=revision)
    if model.config.num_labels != 1:
        raise Unworkable(
            f"A neural metric must give one number, and {settings.model} gives "
            f"{model.config.num_labels}: choose a regression model for `evaluate.neural`."
        )
    return NeuralMetric(settings, revision, model.to(device).train(False), tokenizer)


def _pair(settings: NeuralSettings, item: Item, output: str) -> tuple[str, str]:
    """Return the two texts that the metric reads; braces inside the texts mean nothing."""
    fields = {"source": item.source, "reference": item.reference, "output": output}
    return fill(settings.first, **fields), fill(settings.second, **fields)
