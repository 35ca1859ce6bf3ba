"""Packed rows must not see each other, also in models that do not keep them apart by themselves.

FlashAttention is told where each row ends. For SDPA a model has to make its mask from the places
of the tokens, and some do not look at them (Granite 4 in transformers 5.23): that is tried on two
short rows. What rows are must not enter here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recipes.core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor
    from trl.trainer.sft_trainer import SFTTrainer

SHORT = 8  # tokens
NOISE = 1e-3  # of the largest logit: what rounding may do


def keep_apart(trainer: SFTTrainer) -> None:
    """Give a model that mixes packed rows a mask; raises UserError when that does not help."""
    model: Any = trainer.model
    if not trainer.args.packing or "flash" in str(model.config._attn_implementation):
        return
    if not _mixes(trainer):
        return
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    whole.base_model.register_forward_pre_hook(_masked, with_kwargs=True)
    if _mixes(trainer):
        raise UserError(
            "Packed rows of this base would see each other: install a FlashAttention that it can "
            "use, or set `train.trainer.packing: false`."
        )


def _mixes(trainer: SFTTrainer) -> bool:
    """Whether what is said in one row changes anything in the next."""
    one, other = (_second(trainer, first) for first in (0, SHORT))
    return bool((one - other).abs().max() > NOISE * one.abs().max())


def _second(trainer: SFTTrainer, first: int) -> Tensor:
    """The logits of the second of two packed rows, the first one beginning with token `first`."""
    import torch

    ids = [*range(first, first + SHORT), *range(SHORT)]
    row = {"input_ids": ids, "labels": ids, "seq_lengths": [SHORT, SHORT]}
    model: Any = trainer.model
    batch = {
        key: value.to(model.device) if isinstance(value, torch.Tensor) else value
        for key, value in trainer.data_collator([row]).items()
    }
    model.train(False)
    with torch.no_grad():
        logits: Tensor = model(**batch, use_cache=False).logits
    model.train()
    return logits[0, SHORT:].float()


def _masked(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Before a forward pass: each token sees the tokens of its own row up to itself."""
    places = kwargs.get("position_ids")
    if places is None or kwargs.get("attention_mask") is not None:
        return None
    row = (places == 0).cumsum(-1)
    mask = (row[:, :, None] == row[:, None, :]).tril()
    return args, {**kwargs, "attention_mask": mask[:, None]}
