"""The options chosen for several machines, none of which is needed to run this."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recipes.train import hardware, throughput
from recipes.train.hardware import (
    Machine,
    MemoryNeeds,
    attention,
    choose_options,
    largest_divisor,
    reduce_memory,
)

GIB = 2**30
H200 = Machine("cuda", "NVIDIA H200", 1, 140 * GIB, (9, 0), frozenset({"kernels"}))
CPU = Machine("cpu", "CPU", 1, 0, (0, 0), frozenset({"kernels", "liger_kernel"}))
# granite-4.0-micro with a LoRA of rank 64, and with all weights trained
MICRO = MemoryNeeds(
    weights=2 * 3_400_000_000, trained=118_000_000, layers=40, hidden=2560, mlp=8192,
    tokens=8000, rows=8, dense_mask=False,
)  # fmt: skip
FULL = replace(MICRO, weights=4 * 3_400_000_000, trained=3_400_000_000)


def on(memory: int, capability: tuple[int, int] = (9, 0), *packages: str) -> Machine:
    return replace(H200, memory=memory * GIB, capability=capability, packages=frozenset(packages))


@pytest.mark.parametrize(
    ("machine", "packing", "expected"),
    [
        (on(140, (9, 0), "flash_attn_3", "flash_attn", "triton"), True, "flash_attention_3"),
        (on(140, (9, 0), "flash_attn", "triton"), True, "flash_attention_2"),
        (on(48, (8, 9), "flash_attn_3", "kernels", "triton"), False, "flash_attention_2"),
        (on(140, (9, 0), "triton"), True, "flex_attention"),
        (on(140, (9, 0), "triton"), False, "sdpa"),  # no mask between rows is needed
        (on(140), True, "sdpa"),
        (on(16, (7, 5), "flash_attn", "triton"), True, "sdpa"),  # Turing has no bfloat16
        (replace(CPU, cpu_bfloat16=True), True, "sdpa"),
    ],
)
def test_attention_is_the_fastest_that_is_installed_and_supported(
    machine: Machine, packing: bool, expected: str
) -> None:
    assert attention(machine, packing) == expected


@pytest.mark.parametrize(
    ("machine", "needs", "rows", "checkpointing"),
    [
        (on(140, (9, 0), "kernels"), MICRO, 3, False),
        (on(140), replace(MICRO, dense_mask=True), 1, False),
        (on(79, (9, 0), "kernels"), MICRO, 1, False),
        (on(44, (8, 9), "kernels"), MICRO, 8, True),
        (on(22, (8, 9), "kernels"), MICRO, 4, True),
        (on(140, (9, 0), "kernels"), FULL, 1, False),
        (on(79, (9, 0), "kernels"), replace(FULL, shards=8), 1, False),
        (on(79, (9, 0), "kernels"), FULL, 3, True),
        (CPU, replace(MICRO, dense_mask=True), 1, False),
        (CPU, MICRO, 8, False),
    ],
)
def test_rows_fill_the_memory_and_checkpointing_is_the_last_resort(
    machine: Machine, needs: MemoryNeeds, rows: int, checkpointing: bool
) -> None:
    options = choose_options(machine, needs)
    assert (options.rows, options.checkpointing) == (rows, checkpointing)


def test_kernels_precision_optimizer_and_loading_match_the_device() -> None:
    fast = choose_options(on(140, (9, 0), "liger_kernel"), MICRO).trainer_arguments({})
    assert fast["bf16"] and fast["use_liger_kernel"] and fast["optim"] == "adamw_torch_fused"
    assert fast["dataloader_num_workers"] == 2 and fast["dataloader_pin_memory"]
    slow = choose_options(CPU, MICRO).trainer_arguments({})
    assert not slow["bf16"] and not slow["use_liger_kernel"]
    assert slow["dataloader_num_workers"] == 0 and not slow["dataloader_pin_memory"]
    assert not choose_options(on(16, (7, 5)), MICRO).bf16
    assert choose_options(replace(CPU, cpu_bfloat16=True), MICRO).bf16
    mps = replace(CPU, device="mps")
    assert choose_options(mps, MICRO).optim == "adamw_torch"


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ({"optim": "adafactor", "bf16": False}, {"optim": "adafactor", "bf16": False}),
        ({"fp16": True}, {"fp16": True, "bf16": False}),
        ({"fp16": False}, {"fp16": False, "bf16": True}),
        ({"activation_checkpointing": False}, {"activation_checkpointing": False}),
        ({"gradient_checkpointing": False}, {"activation_checkpointing": None}),
    ],
)
def test_what_the_recipe_says_comes_first(
    recipe: dict[str, object], expected: dict[str, object]
) -> None:
    options = choose_options(on(44, (8, 9)), MICRO)
    assert options.bf16 and options.checkpointing
    arguments = options.trainer_arguments(recipe)
    assert {key: arguments.get(key) for key in expected} == expected


def test_out_of_memory_halves_the_rows_and_then_turns_on_checkpointing() -> None:
    options, tried = choose_options(on(140, (9, 0), "kernels"), replace(MICRO, tokens=2000)), []
    while reduced := reduce_memory(options):
        tried.append(reduced)
        options = replace(options, rows=reduced[0], checkpointing=reduced[1])
    assert tried == [(4, False), (2, False), (1, False), (1, True)]


def test_rows_divide_the_batch() -> None:
    assert [
        largest_divisor(8, 8),
        largest_divisor(8, 7),
        largest_divisor(6, 4),
        largest_divisor(7, 3),
    ] == [8, 4, 3, 1]
    assert largest_divisor(0, 3) == 0


@pytest.mark.xdist_group("torch")
def test_this_machine_is_detected() -> None:
    machine = hardware.detect()
    assert machine.count >= 1 and machine.device in ("cuda", "mps", "cpu")
    assert machine.device == "cuda" or not machine.packages & {"flash_attn", "flash_attn_3"}


def test_flops_match_a_count_by_hand() -> None:
    """One layer of width 4 with 100 weights, 10 of them trained, over rows of 3 and 5 tokens."""
    size = throughput.ModelSize(weights=100, trained=10, layers=1, width=4)
    attention_flops = 6 * 4 * (3 * 3 + 5 * 5) / 8
    assert throughput.flops_per_token(size, [3, 5]) == 4 * 100 + 2 * 10 + attention_flops
    full = replace(size, trained=100)
    assert throughput.flops_per_token(full, []) == 6 * 100


def test_mfu_and_energy_are_given_for_known_devices_only() -> None:
    share = throughput.mfu(35_000, 4 * 3.4e9, "NVIDIA H200", 1)
    assert share == pytest.approx(35_000 * 4 * 3.4e9 / 989.4e12)
    assert throughput.mfu(1, 1, "NVIDIA H200", 8) == pytest.approx(1 / 8 / 989.4e12)
    assert throughput.energy_kwh(3600, "NVIDIA L40S", 2) == pytest.approx(0.7)
    for unknown in ("CPU", "NVIDIA B9000", "NVIDIA XL4", ""):
        assert (
            throughput.mfu(1, 1, unknown, 1) is None
            and throughput.energy_kwh(1, unknown, 1) is None
        )
    assert throughput.find_accelerator("NVIDIA L4") != throughput.find_accelerator("NVIDIA L40S")
