"""Choose what is trained: a PEFT adapter, some token embeddings, or all weights.

This module must not depend on the trainer.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from recipes.core.errors import Unworkable
from recipes.train.settings import TrainingSettings
from recipes.train.tokenize import IGNORED, Examples

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel


def add_adapter(model: PreTrainedModel, settings: TrainingSettings, examples: Examples) -> Any:
    """Return the model with a new adapter, or unchanged when all weights are trained."""
    from peft import get_peft_model

    if settings.lora is None:
        return model
    tokens = most_used_tokens(examples, settings.trained_tokens)
    peft_model = get_peft_model(model, lora_config(settings.lora, tokens))
    head: Any = peft_model.get_output_embeddings()
    if not hasattr(head, "bias"):  # PEFT's wrapper of a tied head hides it, but TRL reads it
        head.bias = None
    return peft_model


def lora_config(arguments: dict[str, Any], tokens: list[int]) -> LoraConfig:
    """Build PEFT's config from the recipe's numbers; the embeddings of `tokens` are trained too."""
    from peft import LoraConfig

    arguments = deepcopy(arguments)  # PEFT changes the lists it is given
    if tokens:
        arguments["trainable_token_indices"] = tokens
    try:
        return LoraConfig(task_type="CAUSAL_LM", **arguments)
    except (TypeError, ValueError) as error:
        raise Unworkable(f"train.lora takes the arguments of PEFT's LoraConfig: {error}") from error


def most_used_tokens(examples: Examples, count: int) -> list[int]:
    """Return the `count` tokens that occur most often in the answers, in ascending order."""
    if not count:
        return []
    occurrences = Counter(token for labels in examples.labels for token in labels)
    del occurrences[IGNORED]
    ranked = sorted(occurrences, key=lambda token: (-occurrences[token], token))
    return sorted(ranked[:count])
