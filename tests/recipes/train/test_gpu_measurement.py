"""The measurement for a GPU works: the same program trains and asks a tiny model here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.gpu import measure
from tests.bench.gpu.measure import TrainingSpeed

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")


def test_tiny_model_is_trained_and_asked(
    tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """(`tiny_base` only puts this beside the other tests that import torch.)"""
    measure.main(["--tiny"])
    printed = capsys.readouterr().out
    assert "| lora | sdpa |" in printed and "| full | sdpa |" in printed
    assert "MFU counts 4 FLOPs" in printed and "multiple-choice items/s" in printed


def test_fast_attention_is_compared_with_masked_sdpa() -> None:
    speeds = [
        TrainingSpeed(variant, attention, speed, share, 1, False, 9.0)
        for variant in ("lora", "full")
        for attention, speed, share in (("flex_attention", 300.0, 0.6), ("sdpa", 100.0, 0.2))
    ]
    assert measure.aims(speeds) == [
        f"{variant}: MFU 60.0% (aim 50%), 3.00 times masked SDPA (aim 2.5)"
        for variant in ("lora", "full")
    ]
