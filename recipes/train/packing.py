"""Keep packed rows from attending to each other, also in models that do not separate them.

FlashAttention is told where each row ends, FlexAttention and SDPA by a mask, which the model must
derive from the position ids. Some models ignore them (Granite 4 in transformers 5.23), so this is
tested on two short rows. This module must not know what the rows contain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recipes.core.errors import Unworkable
from recipes.train.tokenize import IGNORED

if TYPE_CHECKING:
    from torch import Tensor
    from trl.trainer.sft_trainer import SFTTrainer

Row = dict[str, list[int]]
ROW_LENGTH = 8  # tokens of each row of the test
TOLERANCE = 1e-3  # allowed difference from rounding, as a share of the largest logit


def separate_packed_rows(trainer: SFTTrainer) -> None:
    """Add an attention mask if the model needs one; raise UserError if that does not help."""
    model: Any = trainer.model
    args: Any = trainer.args
    if not args.packing or "flash" in str(model.config._attn_implementation):
        return
    if not _rows_interact(trainer):
        return
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    base.base_model.register_forward_pre_hook(_add_attention_mask, with_kwargs=True)
    if _rows_interact(trainer):
        raise Unworkable(
            "Packed rows would attend to each other in this base model: set "
            "`train.model.attn_implementation` to another attention that it supports, or "
            "`train.trainer.packing: false`."
        )


def fill_rows(trainer: SFTTrainer) -> None:
    """Fill each packed row to the full length, so that FlexAttention is compiled for one shape.

    The filling is a row of its own, without labels. It makes up a few percent at most, because rows
    are packed by best fit.
    """
    import torch

    if not fills_rows(trainer):
        return
    args: Any = trainer.args
    torch._dynamo.config.automatic_dynamic_shapes = False  # the last batch has another shape
    collate: Any = trainer.data_collator
    tokenizer: Any = trainer.processing_class

    def fill(row: Row) -> Row:
        missing = args.max_length - len(row["input_ids"])
        if not missing:
            return row
        return {
            "input_ids": [*row["input_ids"], *[tokenizer.pad_token_id] * missing],
            "labels": [*row["labels"], *[IGNORED] * missing],
            "seq_lengths": [*row["seq_lengths"], missing],
        }

    trainer.data_collator = lambda rows: collate([fill(row) for row in rows])


def fills_rows(trainer: SFTTrainer) -> bool:
    """Return whether packed rows are filled to the full length."""
    model: Any = trainer.model
    args: Any = trainer.args
    return bool(args.packing) and model.config._attn_implementation == "flex_attention"


def _rows_interact(trainer: SFTTrainer) -> bool:
    """Return whether the first of two packed rows changes the logits of the second."""
    logits, changed = (_second_row_logits(trainer, first) for first in (0, ROW_LENGTH))
    return bool((logits - changed).abs().max() > TOLERANCE * logits.abs().max())


def _second_row_logits(trainer: SFTTrainer, first_token: int) -> Tensor:
    """Return the logits of the second of two packed rows; the first starts with `first_token`."""
    import torch

    ids = [*range(first_token, first_token + ROW_LENGTH), *range(ROW_LENGTH)]
    row = {"input_ids": ids, "labels": ids, "seq_lengths": [ROW_LENGTH, ROW_LENGTH]}
    model: Any = trainer.model
    batch = {
        key: value.to(model.device) if isinstance(value, torch.Tensor) else value
        for key, value in trainer.data_collator([row]).items()
    }
    model.train(False)
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):  # compiling takes a minute
        logits: Tensor = model(**batch, use_cache=False).logits
    model.train()
    return logits[0, ROW_LENGTH:].float()


def _add_attention_mask(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Forward pre-hook: let each token attend only to its own row, up to itself."""
    import torch
    from transformers.masking_utils import create_causal_mask

    positions = kwargs.get("position_ids")
    if positions is None or kwargs.get("attention_mask") is not None:
        return None
    mask: Any = create_causal_mask(
        module.config,
        positions.new_empty((*positions.shape, 0), dtype=module.dtype),  # only its shape counts
        attention_mask=None,
        past_key_values=None,
        position_ids=positions,
    )
    if mask is not None and not isinstance(mask, torch.Tensor):
        mask.ndim = len(mask.shape)  # Granite reads it, and a block mask has none
    return args, {**kwargs, "attention_mask": mask}
