"""Refuse to use the CPU of a machine whose accelerator is paid for."""

from __future__ import annotations

from collections.abc import Mapping

from recipes.core.errors import UserError


def check_accelerator(env: Mapping[str, str]) -> None:
    """Raise UserError if the Hub says that this job has an accelerator and PyTorch finds none.

    `ACCELERATOR` is set by Hugging Face Jobs. PyTorch gives no error of its own if the driver is
    older than its CUDA version: it uses the CPU, for hours.
    """
    accelerator = env.get("ACCELERATOR", "")
    if accelerator.lower() in ("", "none", "cpu"):
        return
    import torch

    if not torch.cuda.is_available():
        built = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "has no CUDA"
        raise UserError(
            f"This job pays for {accelerator[:40]}, but PyTorch finds no CUDA device. PyTorch "
            f"{torch.__version__} {built}: the machine's driver may be too old for it."
        )
