"""Training options that fit the machine: attention, kernels, precision and memory.

`choose_options` is pure and imports no library; only `detect` looks at the machine. The recipe's
own `model:` and `trainer:` values take precedence over what is chosen here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from transformers import PretrainedConfig

Device = Literal["cuda", "mps", "cpu"]
MLP_SIZES = ("intermediate_size", "shared_intermediate_size")  # Granite 4 uses the second
USABLE_MEMORY_SHARE = (
    0.9  # share of a device's memory; fragmentation, buffers and context take the rest
)


@dataclass(frozen=True)
class Machine:
    """`memory` is in bytes, of one device; `capability` is CUDA's, (0, 0) elsewhere.

    `cpu_bfloat16` says that a CPU has instructions for products of bfloat16 (AVX-512 or AMX).
    """

    device: Device
    name: str
    count: int
    memory: int
    capability: tuple[int, int]
    packages: frozenset[str]
    cpu_bfloat16: bool = False

    @property
    def has_bfloat16(self) -> bool:
        """Whether it computes faster in bfloat16 than in float32."""
        return self.capability >= (8, 0) or self.cpu_bfloat16


@dataclass(frozen=True)
class MemoryNeeds:
    """What one device must hold: weights in bytes, and at most `rows` rows of `tokens` tokens."""

    weights: int
    trained: int  # parameters, not bytes
    layers: int
    hidden: int
    mlp: int
    tokens: int
    rows: int
    dense_mask: bool  # whether attention needs a mask that grows with the square of the batch
    shards: int = 1  # devices that weights and optimizer state are divided among


@dataclass(frozen=True)
class TrainingOptions:
    """`rows` is the batch of one device; gradients accumulate until the recipe's batch is full."""

    bf16: bool
    optim: str
    liger: bool
    checkpointing: bool
    rows: int
    workers: int

    def trainer_arguments(self, recipe: Mapping[str, Any]) -> dict[str, Any]:
        """Return them as arguments of TRL's configs; those of the recipe come first.

        The recipe's `fp16` also replaces our `bf16`, and its `gradient_checkpointing`, an older
        name, our `activation_checkpointing`.
        """
        chosen = {
            "bf16": self.bf16 and not recipe.get("fp16"),
            "optim": self.optim,
            "use_liger_kernel": self.liger,
            "activation_checkpointing": self.checkpointing,
            "dataloader_num_workers": self.workers,
            "dataloader_persistent_workers": self.workers > 0,
            "dataloader_pin_memory": self.workers > 0,
        }
        if "gradient_checkpointing" in recipe:
            del chosen["activation_checkpointing"]
        return {**chosen, **recipe}


def choose_options(machine: Machine, needs: MemoryNeeds) -> TrainingOptions:
    """Choose the fastest options that fit; if nothing does, one row with checkpointing."""
    cuda = machine.device == "cuda"
    free = USABLE_MEMORY_SHARE * machine.memory - _resident_bytes(needs)
    per_row = needs.tokens * needs.layers * _activation_bytes(needs.hidden, needs.mlp)
    checkpointing = cuda and free < per_row
    if checkpointing:  # keep the input of every layer, and the activations of one
        per_row = needs.tokens * (needs.layers * 2 * needs.hidden)
        per_row += needs.tokens * _activation_bytes(needs.hidden, needs.mlp)
    rows = max(1, min(needs.rows, int(free // per_row))) if cuda else needs.rows
    if needs.dense_mask:
        rows = 1
    return TrainingOptions(
        bf16=machine.has_bfloat16,
        optim="adamw_torch" if machine.device == "mps" else "adamw_torch_fused",
        liger=cuda and "liger_kernel" in machine.packages,
        checkpointing=checkpointing,
        rows=rows,
        # The rows are tokenized already, so two processes are fast enough for any accelerator.
        workers=2 if cuda else 0,
    )


def reduce_memory(options: TrainingOptions) -> tuple[int, bool] | None:
    """Return rows and checkpointing to try after running out of memory, None if none is left."""
    if options.rows > 1:
        return options.rows // 2, options.checkpointing
    return None if options.checkpointing else (1, True)


def largest_divisor(batch: int, limit: int) -> int:
    """Return the largest divisor of `batch` that is at most `limit`, 0 if there is none."""
    return next((n for n in range(min(limit, batch), 0, -1) if batch % n == 0), 0)


def attention(machine: Machine, packing: bool) -> str:
    """Choose `attn_implementation`: the fastest that the machine offers.

    With packed rows, SDPA needs a dense mask, which takes most of its speed. FlashAttention is told
    where rows end; FlexAttention, which is a part of PyTorch and compiled by Triton, skips the
    blocks between rows. The package `kernels` downloads a compiled FlashAttention 2.
    """
    if machine.device != "cuda" or not machine.has_bfloat16:
        return "sdpa"
    if machine.capability >= (9, 0) and "flash_attn_3" in machine.packages:
        return "flash_attention_3"
    if machine.packages & {"flash_attn", "kernels"}:
        return "flash_attention_2"
    return "flex_attention" if packing and "triton" in machine.packages else "sdpa"


def _resident_bytes(needs: MemoryNeeds) -> float:
    """Weights, and a float32 gradient, copy and two moments for each trained parameter."""
    return (needs.weights + 16 * needs.trained) / needs.shards


def _activation_bytes(hidden: int, mlp: int) -> int:
    """Bytes that a layer keeps of each token for the backward pass, in bfloat16.

    Twelve tensors have the hidden size (two norms with their float32 copies; q, k and v; the
    outputs of attention and of its projection; two residuals) and four have the size of the MLP.
    Attention keeps no scores.
    """
    return 24 * hidden + 8 * mlp


def detect() -> Machine:
    """Ask torch for the devices, and transformers for the kernels that it can use."""
    import torch
    from transformers.utils import import_utils

    available = {
        "flash_attn": import_utils.is_flash_attn_2_available,
        "flash_attn_3": import_utils.is_flash_attn_3_available,
        "kernels": import_utils.is_kernels_available,
        "liger_kernel": import_utils.is_liger_kernel_available,
        "triton": import_utils.is_triton_available,
    }
    packages = frozenset(name for name, is_available in available.items() if is_available())
    if torch.cuda.is_available():
        device = torch.cuda.get_device_properties(0)
        return Machine(
            "cuda",
            device.name,
            torch.cuda.device_count(),
            device.total_memory,
            (device.major, device.minor),
            packages,
        )
    if torch.backends.mps.is_available():
        memory = int(torch.mps.recommended_max_memory())
        return Machine("mps", "Apple GPU", 1, memory, (0, 0), packages)
    capabilities = torch.cpu.get_capabilities()
    bfloat16 = any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))
    return Machine("cpu", "CPU", 1, 0, (0, 0), packages, bfloat16)


def memory_needs(
    config: PretrainedConfig, weights: int, trained: int, tokens: int, rows: int, packing: bool
) -> MemoryNeeds:
    """Return what a model with this config needs; a size that it does not name counts as 0."""
    text = config.get_text_config()
    return MemoryNeeds(
        weights=weights,
        trained=trained,
        layers=int(getattr(text, "num_hidden_layers", 0)),
        hidden=int(getattr(text, "hidden_size", 0)),
        mlp=int(max(getattr(text, name, None) or 0 for name in MLP_SIZES)),
        tokens=tokens,
        rows=rows,
        dense_mask=packing and config._attn_implementation in ("sdpa", "eager"),
    )
