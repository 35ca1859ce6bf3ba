"""A neural metric gives each pair of texts the same number, whatever the batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.core.benchmarks.tasks import Item
from recipes.core.errors import Unworkable
from recipes.evaluate import neural
from recipes.evaluate.settings import NeuralSettings
from tests.recipes.conftest import byte_tokenizer

pytestmark = pytest.mark.xdist_group("torch")

ITEMS = [Item(str(n), "?", (f"bona {n}",), 0, (), source="good {output}" * n) for n in range(5)]
OUTPUTS = ["bona", "{reference}", "", "tre bona" * 9, "ne"]


def encoder(folder: Path, labels: int) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer = byte_tokenizer()
    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    config = BertConfig(
        vocab_size=len(tokenizer), num_attention_heads=2, num_labels=labels, pad_token_id=0,
        initializer_range=0.5, **sizes,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def settings(folder: Path, batch: int) -> NeuralSettings:
    return NeuralSettings("n", str(folder), "main", batch, 200, "{reference}", "{source} {output}")


def test_a_batch_scores_like_single_items_in_order(tmp_path: Path) -> None:
    folder = encoder(tmp_path, 1)
    batched = neural.load(settings(folder, 3), "main", "cpu").scores(ITEMS, OUTPUTS)
    single = neural.load(settings(folder, 1), "main", "cpu")
    expected = [single.scores([i], [output])[0] for i, output in zip(ITEMS, OUTPUTS, strict=True)]
    assert batched == pytest.approx(expected, abs=1e-5)
    assert len({round(score, 4) for score in batched}) == len(ITEMS)


def test_a_model_with_two_labels_is_refused(tmp_path: Path) -> None:
    folder = encoder(tmp_path, 2)
    with pytest.raises(Unworkable, match="gives 2: choose a regression model"):
        neural.load(settings(folder, 1), "main", "cpu")
