"""A few real steps on a tiny model: the loss falls, packed rows stay apart, the adapter loads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recipes.core.errors import Unworkable
from recipes.core.model_loading import model as load_model
from recipes.core.model_loading import tokenizer as load_tokenizer
from recipes.train import heldout_loss, packing, sft
from recipes.train.settings import HeldOutSettings, TrainingSettings
from recipes.train.tokenize import IGNORED, Message, tokenize_chats
from recipes.train.trainer import loss_on_answers_only
from tests.recipes.train.conftest import make_trainer

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# PEFT 0.21 uses a deprecated name of transformers 5.23
pytestmark = [
    pytest.mark.xdist_group("torch"),  # most import PyTorch
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
    # transformers 5.23 calls FlexAttention as it was called before PyTorch 2.13.
    pytest.mark.filterwarnings("ignore:_compile flag on create_block_mask:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning"),
]

Steps = list[tuple[int, int, dict[str, object]]]


def run(
    base: Path, out: Path, settings: TrainingSettings, chats: list[list[Message]]
) -> tuple[sft.SftResult, Steps]:
    tokenizer = load_tokenizer(str(base), "main")
    examples = tokenize_chats(tokenizer, chats, settings.max_length)
    held_out = tokenize_chats(tokenizer, chats[::7], settings.max_length)
    reported: Steps = []
    result = sft.train(
        lambda: load_model(str(base), "main", 1, settings.model),
        tokenizer,
        examples,
        settings,
        out,
        lambda *step: reported.append(step),
        held_out if settings.held_out else None,
    )
    return result, reported


def test_a_few_steps_lower_the_loss_also_of_the_saved_adapter(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    result, reported = run(tiny_base, tmp_path, settings, chats)
    assert result.steps == 12 and [step for step, _, _ in reported] == list(range(1, 13))
    assert {total for _, total, _ in reported} == {12}
    assert result.loss_last < result.loss_first - 0.5
    assert result.tokens > 0 and result.tokens_per_second > 0

    base = AutoModelForCausalLM.from_pretrained(tiny_base)
    text = AutoTokenizer.from_pretrained(tiny_base).apply_chat_template(
        chats[0], return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        before = base(**text, labels=text["input_ids"]).loss
        after = PeftModel.from_pretrained(base, tmp_path)(**text, labels=text["input_ids"]).loss
    assert after < before - 0.3


def test_same_seed_gives_the_same_adapter_and_settings_are_not_changed(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
) -> None:
    import torch
    from safetensors.torch import load_file

    settings.trainer["max_steps"] = 3
    run(tiny_base, tmp_path / "one", settings, chats)
    run(tiny_base, tmp_path / "two", settings, chats)
    one, two = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert settings.lora["modules_to_save"] == ["embed_tokens"]


def test_early_stopping_keeps_the_best_checkpoint(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
) -> None:
    settings.trainer.update(
        {"max_steps": 40, "eval_steps": 2, "save_strategy": "steps", "save_steps": 2,
         "save_total_limit": 1, "learning_rate": 0.3, "lr_scheduler_type": "constant"}
    )  # fmt: skip
    settings = replace(settings, held_out=HeldOutSettings(rows=7, patience=2))
    result, _ = run(tiny_base, tmp_path, settings, chats)
    losses = [entry["eval_loss"] for entry in result.log if "eval_loss" in entry]
    assert result.steps < 40 and result.held_out_loss == min(losses)
    assert all(loss >= min(losses) for loss in losses[-2:])
    assert nats_per_token(tiny_base, tmp_path, chats[::7]) == pytest.approx(min(losses), rel=1e-3)


def nats_per_token(base: Path, adapter: Path, chats: list[list[Message]]) -> float:
    """Return the loss of the saved adapter on the answers, in nats per token."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    tokenizer = load_tokenizer(str(base), "main")
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)
    tokens = sum(
        label != IGNORED for row in tokenize_chats(tokenizer, chats, 64).labels for label in row
    )
    return sum(heldout_loss.nats(model, tokenizer, chats)) / tokens


def test_out_of_memory_reduces_the_device_batch_and_gives_the_same_steps(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
) -> None:
    import torch
    from safetensors.torch import load_file

    settings.trainer["max_steps"] = 3
    sizes: list[int] = []

    def load() -> PreTrainedModel:
        model = load_model(str(tiny_base), "main", 1, settings.model)
        model.get_input_embeddings().register_forward_pre_hook(run_out_of_memory)
        return model

    def run_out_of_memory(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        sizes.append(len(inputs[0]))
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")

    tokenizer = load_tokenizer(str(tiny_base), "main")
    examples = tokenize_chats(tokenizer, chats, settings.max_length)
    sft.train(load, tokenizer, examples, settings, tmp_path / "reduced", lambda *_: None)
    assert sizes[:2] == [8, 4] and set(sizes[2:]) == {2} and len(sizes) == 2 + 3 * 4
    run(tiny_base, tmp_path / "full", settings, chats)
    reduced, full = (
        load_file(tmp_path / name / "adapter_model.safetensors") for name in ("reduced", "full")
    )
    assert all(torch.allclose(reduced[name], full[name], atol=1e-4) for name in full)


@pytest.mark.parametrize("packing", [False, True])
def test_held_out_loss_is_that_of_an_answer_token(
    packing: bool,
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
) -> None:
    """Rows have answers of unequal lengths, and the last batch is not full."""
    unequal = [
        [chat[0], {"role": "assistant", "content": "Jes. " * (row % 4 * 9 + 1)}]
        for row, chat in enumerate(chats[:11])
    ]
    settings.trainer.update({"packing": packing, "eval_steps": 100, "use_cpu": True})
    settings = replace(settings, max_length=256, batch=2, held_out=HeldOutSettings(rows=11))
    tokenizer = load_tokenizer(str(tiny_base), "main")
    examples = tokenize_chats(tokenizer, unequal, 256)
    inputs = sft.TrainingInputs(tokenizer, examples, examples, settings, tmp_path, [], None)
    model = load_model(str(tiny_base), "main", 1, settings.model)
    trainer, _ = sft._trainer(model, inputs)
    tokens = sum(label != IGNORED for labels in examples.labels for label in labels)
    expected = sum(heldout_loss.nats(trainer.model, tokenizer, unequal)) / tokens
    assert trainer.evaluate()["eval_loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("base", "attention"),
    [("tiny_base", "sdpa"), ("granite_base", "sdpa"), ("granite_base", "flex_attention")],
)
def test_packed_rows_do_not_see_each_other(
    base: str,
    attention: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Logits and loss of packed rows equal those of single rows (defect 9 of the original)."""
    import torch

    monkeypatch.setattr(torch, "compile", lambda function, **_: function)  # compiling takes long
    model = {**settings.model, "attn_implementation": attention}
    settings = replace(settings, max_length=256, model=model)
    settings.trainer.update({"packing": True})
    trainer = make_trainer(request.getfixturevalue(base), settings, chats[:8], tmp_path)
    assert trainer.model.config._attn_implementation == attention
    rows = list(trainer.train_dataset)
    lengths = [length for row in rows for length in row["seq_lengths"]]
    assert len(lengths) == 8 > len(rows)

    packed = trainer.data_collator(rows)
    if attention == "flex_attention":  # filled, so that it is compiled for one shape
        assert packed["input_ids"].shape[1] == len(rows) * settings.max_length
        lengths = packed["cu_seq_lens_q"].diff().tolist()
    with torch.no_grad():
        together = trainer.model(**packed, use_cache=False).logits[0].split(lengths)
        mixed = trainer.model(input_ids=packed["input_ids"]).logits[0].split(lengths)
        ids, labels = (packed[key][0].split(lengths) for key in ("input_ids", "labels"))
        alone = [trainer.model(input_ids=row[None]).logits[0] for row in ids]
        loss = float(trainer.compute_loss(trainer.model, packed))
    assert all(torch.allclose(*pair, atol=1e-3) for pair in zip(together, alone, strict=True))
    assert not torch.allclose(mixed[1], alone[1], atol=1)
    losses = [
        torch.nn.functional.cross_entropy(logits[:-1], row[1:], reduction="sum")
        for logits, row in zip(alone, labels, strict=True)
    ]
    count = sum(int((row[1:] != IGNORED).sum()) for row in labels)
    assert loss == pytest.approx(float(sum(losses)) / count, rel=1e-3)


def test_base_in_which_packed_rows_cannot_be_separated_is_refused(
    granite_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.trainer.update({"packing": True})
    monkeypatch.setattr(packing, "_add_attention_mask", lambda module, args, kwargs: None)
    with pytest.raises(Unworkable, match="Packed rows would attend to each other"):
        run(granite_base, tmp_path, settings, chats)


def test_granite_base_is_trained(
    granite_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
) -> None:
    settings.trainer.update({"packing": True, "max_steps": 4})
    settings.lora.pop("modules_to_save")
    settings.lora.pop("ensure_weight_tying")
    result, _ = run(granite_base, tmp_path, settings, chats)
    assert result.steps == 4 and result.loss_last < result.loss_first
    assert result.mfu is None or result.mfu >= 0


def test_logits_are_computed_for_answers_only(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
) -> None:
    """This does not change the loss."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    trainer = make_trainer(tiny_base, settings, chats[:4], tmp_path)
    batch = trainer.data_collator(list(trainer.train_dataset))
    has_label = batch["labels"][:, 1:] != IGNORED

    def loss_and_flops(labels: torch.Tensor) -> tuple[torch.Tensor, int]:
        counter = FlopCounterMode(display=False)
        with loss_on_answers_only(), counter, torch.no_grad():
            output = trainer.model(**{**batch, "labels": labels}, fused_lm_head=True)
        return output.loss, counter.get_total_flops()

    loss, flops = loss_and_flops(batch["labels"])
    plain = trainer.model(**batch, use_cache=False)
    assert torch.allclose(loss, plain.loss, atol=1e-5)
    _, all_flops = loss_and_flops(batch["input_ids"])
    head = trainer.model.get_output_embeddings().weight.numel()
    assert all_flops - flops == 2 * head * int((~has_label).sum())


@pytest.mark.parametrize(("section", "key"), [("trainer", "lerning_rate"), ("lora", "rank")])
def test_unknown_argument_in_the_recipe_is_refused(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
    section: str,
    key: str,
) -> None:
    getattr(settings, section)[key] = 1
    with pytest.raises(Unworkable, match=f"train.{section}.*{key}"):
        run(tiny_base, tmp_path, settings, chats)


def test_empty_dataset_is_refused(
    tiny_base: Path, tmp_path: Path, settings: TrainingSettings
) -> None:
    with pytest.raises(Unworkable, match="no row"):
        run(tiny_base, tmp_path, settings, [])
