"""What of the model is trained: an adapter with PEFT, some token embeddings, or all weights.

Nothing here may know of the trainer.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from recipes.core.errors import UserError
from recipes.train.settings import TrainSettings
from recipes.train.tokenize import IGNORED, Examples

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel


def put_on(model: PreTrainedModel, settings: TrainSettings, examples: Examples) -> Any:
    """The model with its adapter on, or as it is when all weights are trained."""
    from peft import get_peft_model

    if settings.lora is None:
        return model
    tokens = most_used(examples, settings.trained_tokens)
    adapted = get_peft_model(model, lora(settings.lora, tokens))
    head: Any = adapted.get_output_embeddings()
    if not hasattr(head, "bias"):  # PEFT's wrapper of a tied head hides it, and TRL asks for it
        head.bias = None
    return adapted


def lora(settings: dict[str, Any], tokens: list[int]) -> LoraConfig:
    """PEFT's config of the recipe's numbers, training the embeddings of `tokens` as well."""
    from peft import LoraConfig

    own = deepcopy(settings)  # PEFT writes into its lists
    if tokens:
        own["trainable_token_indices"] = tokens
    try:
        return LoraConfig(task_type="CAUSAL_LM", **own)
    except (TypeError, ValueError) as error:
        raise UserError(f"train.lora takes the arguments of PEFT's LoraConfig: {error}") from error


def most_used(examples: Examples, count: int) -> list[int]:
    """The tokens that the answers use most, of whatever script: letters, bytes or words."""
    if not count:
        return []
    used = Counter(token for labels in examples.labels for token in labels)
    del used[IGNORED]
    ranked = sorted(used, key=lambda token: (-used[token], token))
    return sorted(ranked[:count])
