"""The training speed of the practice recipe against TRL's defaults, with the same base and LoRA.

Run with `pytest tests/bench/test_train_speed.py -s`; prints tokens per CPU second (without padding)
and the held-out loss of both, and the share of time that loading rows takes.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from recipes.core import config
from recipes.practice import rule_based
from recipes.train.settings import parse
from tests.bench import baselines
from tests.bench.train_comparison import chats, compare, summary
from tests.recipes.train.conftest import make_trainer

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
BASE = Path(rule_based.__file__).parent / "base"
ROWS = 320


def test_recipe_is_faster_than_trls_defaults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = parse(config.load("practice", "org", "epo_Latn").train)
    rows = chats(ROWS)
    ours, theirs = compare(str(BASE), settings, rows[:-40], rows[-40:], tmp_path)
    with capsys.disabled():
        print(summary(ours, theirs))
        ratio = ours.tokens_per_second / theirs.tokens_per_second
        baselines.compare("training, against TRL's defaults", ratio)


def test_rows_are_loaded_faster_than_they_are_trained_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = parse(config.load("practice", "org", "epo_Latn").train)
    trainer = make_trainer(BASE, replace(settings, held_out=None), chats(ROWS), tmp_path)
    started_at = time.process_time()
    batches = sum(1 for _ in trainer.get_train_dataloader())
    loading = time.process_time() - started_at
    started_at = time.process_time()
    for batch in list(trainer.get_train_dataloader())[:5]:
        trainer.compute_loss(trainer.model, batch).backward()
    training = (time.process_time() - started_at) / 5 * batches
    with capsys.disabled():
        print(f"\nloading takes {loading / training:.2%} of the training time")
    assert loading < 0.2 * training
