"""What the machine has → how to train on it: attention, kernels, precision, memory.

`choose` is a pure function and knows no library; `look` is the only one that asks the machine.
A recipe's own `model:` and `trainer:` values go before what is chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from transformers import PretrainedConfig

Device = Literal["cuda", "mps", "cpu"]
INNER = ("intermediate_size", "shared_intermediate_size")  # Granite 4 uses the second
USABLE = 0.9  # of a device's memory: the rest is lost to fragments, buffers and the context


@dataclass(frozen=True)
class Machine:
    """`memory` is that of one device in bytes; `capability` CUDA's, (0, 0) elsewhere."""

    device: Device
    name: str
    count: int
    memory: int
    capability: tuple[int, int]
    packages: frozenset[str]

    @property
    def bfloat16(self) -> bool:
        """Whether it computes in bfloat16 faster than in float32."""
        return self.capability >= (8, 0)


@dataclass(frozen=True)
class Load:
    """What one device has to hold: weights in bytes, and rows of `tokens` tokens going through."""

    weights: int
    trained: int  # weights, not bytes
    layers: int
    hidden: int
    inner: int
    tokens: int
    rows: int
    packing: bool
    shards: int = 1  # devices among which weights and optimiser are divided


@dataclass(frozen=True)
class Choices:
    """`rows` go through a device at once; a step takes as many rounds as its batch needs."""

    bf16: bool
    optim: str
    liger: bool
    checkpointing: bool
    rows: int
    workers: int

    def trainer(self) -> dict[str, Any]:
        """As TRL's arguments."""
        return {
            "bf16": self.bf16,
            "optim": self.optim,
            "use_liger_kernel": self.liger,
            "activation_checkpointing": self.checkpointing,
            "dataloader_num_workers": self.workers,
            "dataloader_persistent_workers": self.workers > 0,
            "dataloader_pin_memory": self.workers > 0,
        }


def choose(machine: Machine, load: Load) -> Choices:
    """The fastest way that fits; `rows` 1 with checkpointing when nothing else is known to."""
    cuda = machine.device == "cuda"
    free = USABLE * machine.memory - _resident(load)
    per_row = load.tokens * load.layers * _activations(load.hidden, load.inner)
    checkpointing = cuda and free < per_row
    if checkpointing:  # the layers' inputs, and one layer at a time
        per_row = load.tokens * (load.layers * 2 * load.hidden)
        per_row += load.tokens * _activations(load.hidden, load.inner)
    rows = max(1, min(load.rows, int(free // per_row))) if cuda else load.rows
    if load.packing and attention(machine) == "sdpa":
        rows = 1  # its mask over all rows at once grows with their square
    return Choices(
        bf16=machine.bfloat16,
        optim="adamw_torch" if machine.device == "mps" else "adamw_torch_fused",
        liger=cuda and "liger_kernel" in machine.packages,
        checkpointing=checkpointing,
        rows=rows,
        workers=2 if cuda else 0,  # rows come tokenised: two are far ahead of any accelerator
    )


def fewer(choices: Choices) -> tuple[int, bool] | None:
    """Rows and checkpointing to try when memory ran out after all; None when nothing is left."""
    if choices.rows > 1:
        return choices.rows // 2, choices.checkpointing
    return None if choices.checkpointing else (1, True)


def divisor(batch: int, rows: int) -> int:
    """The most rows, at most `rows`, that go into `batch` without a rest; 0 when there are none."""
    return next((n for n in range(min(rows, batch), 0, -1) if batch % n == 0), 0)


def attention(machine: Machine) -> str:
    """FlashAttention takes packed rows as they are (varlen); `kernels` fetches it built."""
    if machine.bfloat16 and machine.capability >= (9, 0) and "flash_attn_3" in machine.packages:
        return "flash_attention_3"
    if machine.bfloat16 and machine.packages & {"flash_attn", "kernels"}:
        return "flash_attention_2"
    return "sdpa"


def _resident(load: Load) -> float:
    """Bytes of weights, and of gradient, copy and two moments (float32) of what is trained."""
    return (load.weights + 16 * load.trained) / load.shards


def _activations(hidden: int, inner: int) -> int:
    """Bytes that a layer keeps of each token for the way back, in bfloat16.

    Twelve tensors of the hidden size (two norms with their float32 copies, q, k, v, attention's and
    its projection's output, two residuals) and four of the inner one; attention keeps no scores.
    """
    return 24 * hidden + 8 * inner


def look() -> Machine:
    """Ask torch, and transformers for the kernels that it can use in the versions installed."""
    import torch
    from transformers.utils import import_utils

    usable = {
        "flash_attn": import_utils.is_flash_attn_2_available,
        "flash_attn_3": import_utils.is_flash_attn_3_available,
        "kernels": import_utils.is_kernels_available,
        "liger_kernel": import_utils.is_liger_kernel_available,
    }
    packages = frozenset(name for name, there in usable.items() if there())
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
    return Machine("cpu", "CPU", 1, 0, (0, 0), packages)


def measure(
    config: PretrainedConfig, weights: int, trained: int, tokens: int, rows: int, packing: bool
) -> Load:
    """The load of a model by its config; an unknown size counts as none."""
    text = config.get_text_config()
    return Load(
        weights=weights,
        trained=trained,
        layers=int(getattr(text, "num_hidden_layers", 0)),
        hidden=int(getattr(text, "hidden_size", 0)),
        inner=int(max(getattr(text, name, None) or 0 for name in INNER)),
        tokens=tokens,
        rows=rows,
        packing=packing,
    )
