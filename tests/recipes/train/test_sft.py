"""A few real steps on a tiny model: the loss falls, packing is not crossed, the adapter loads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from recipes.core.errors import UserError
from recipes.core.model_loading import model as load_model
from recipes.core.model_loading import tokenizer as load_tokenizer
from recipes.train import heldout_loss, packing, sft
from recipes.train.settings import HeldOut, TrainSettings
from recipes.train.tokenize import IGNORED, Message, tokenise

# PEFT 0.21 still asks transformers 5.23 by the old name
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

Shown = list[tuple[int, int, dict[str, object]]]


def run(
    base: Path, out: Path, settings: TrainSettings, conversations: list[list[Message]]
) -> tuple[sft.Trained, Shown]:
    tokenizer = load_tokenizer(str(base), "main")
    examples = tokenise(tokenizer, conversations, settings.max_length)
    held_out = tokenise(tokenizer, conversations[::7], settings.max_length)
    shown: Shown = []
    trained = sft.train(
        lambda: load_model(str(base), "main", 1, settings.model),
        tokenizer,
        examples,
        settings,
        out,
        lambda *step: shown.append(step),
        held_out if settings.held_out else None,
    )
    return trained, shown


def test_a_few_steps_lower_the_loss_and_the_adapter_carries_it(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainSettings,
    conversations: list[list[Message]],
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    trained, shown = run(tiny_base, tmp_path, settings, conversations)
    assert trained.steps == 12 and [step for step, _, _ in shown] == list(range(1, 13))
    assert {total for _, total, _ in shown} == {12}
    assert trained.loss_last < trained.loss_first - 0.5
    assert trained.tokens > 0 and trained.tokens_per_second > 0

    base = AutoModelForCausalLM.from_pretrained(tiny_base)
    text = AutoTokenizer.from_pretrained(tiny_base).apply_chat_template(
        conversations[0], return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        before = base(**text, labels=text["input_ids"]).loss
        after = PeftModel.from_pretrained(base, tmp_path)(**text, labels=text["input_ids"]).loss
    assert after < before - 0.3


def test_the_same_seed_gives_the_same_adapter_and_leaves_the_settings_alone(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainSettings,
    conversations: list[list[Message]],
) -> None:
    from safetensors.torch import load_file

    settings.trainer["max_steps"] = 3
    run(tiny_base, tmp_path / "one", settings, conversations)
    run(tiny_base, tmp_path / "two", settings, conversations)
    one, two = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert settings.lora["modules_to_save"] == ["embed_tokens"]


def test_it_stops_when_the_held_out_loss_no_longer_falls_and_keeps_the_best(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainSettings,
    conversations: list[list[Message]],
) -> None:
    settings.trainer.update(
        {"max_steps": 40, "eval_steps": 2, "save_strategy": "steps", "save_steps": 2,
         "save_total_limit": 1, "learning_rate": 0.3, "lr_scheduler_type": "constant"}
    )  # fmt: skip
    settings = replace(settings, held_out=HeldOut(rows=7, patience=2))
    trained, _ = run(tiny_base, tmp_path, settings, conversations)
    looks = [entry["eval_loss"] for entry in trained.log if "eval_loss" in entry]
    assert trained.steps < 40 and trained.held_out == min(looks)
    assert all(loss >= min(looks) for loss in looks[-2:])
    assert evaluated(tiny_base, tmp_path, conversations[::7]) == pytest.approx(min(looks), rel=0.1)


def evaluated(base: Path, adapter: Path, chats: list[list[Message]]) -> float:
    """Nats a token of the assistant's words, by the adapter as it was pushed."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    tokenizer = load_tokenizer(str(base), "main")
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)
    tokens = sum(label != -100 for row in tokenise(tokenizer, chats, 64).labels for label in row)
    return sum(heldout_loss.nats(model, tokenizer, chats)) / tokens


def test_when_memory_runs_out_fewer_rows_go_through_at_once_and_the_steps_stay_the_same(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainSettings,
    conversations: list[list[Message]],
) -> None:
    from safetensors.torch import load_file

    settings.trainer["max_steps"] = 3
    sizes: list[int] = []

    def load() -> PreTrainedModel:
        model = load_model(str(tiny_base), "main", 1, settings.model)
        model.get_input_embeddings().register_forward_pre_hook(remember)
        return model

    def remember(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        sizes.append(len(inputs[0]))
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")

    tokenizer = load_tokenizer(str(tiny_base), "main")
    examples = tokenise(tokenizer, conversations, settings.max_length)
    sft.train(load, tokenizer, examples, settings, tmp_path / "less", lambda *_: None)
    assert sizes[:2] == [8, 4] and set(sizes[2:]) == {2} and len(sizes) == 2 + 3 * 4
    run(tiny_base, tmp_path / "all", settings, conversations)
    less, whole = (load_file(tmp_path / n / "adapter_model.safetensors") for n in ("less", "all"))
    assert all(torch.allclose(less[name], whole[name], atol=1e-4) for name in whole)


@pytest.mark.parametrize("base", ["tiny_base", "granite_base"])
def test_packed_rows_do_not_see_each_other(
    base: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    settings: TrainSettings,
    conversations: list[list[Message]],
) -> None:
    """Logits and loss of packed rows are those of the rows alone (defect 9 of the original)."""
    settings = replace(settings, max_length=256)
    settings.trainer.update({"packing": True})
    folder = str(request.getfixturevalue(base))
    tokenizer = load_tokenizer(folder, "main")
    examples = tokenise(tokenizer, conversations[:8], settings.max_length)
    course = sft.TrainingInputs(tokenizer, examples, None, settings, tmp_path, [], None)
    trainer, _ = sft._trainer(load_model(folder, "main", 1, settings.model), course)
    rows = list(trainer.train_dataset)
    lengths = [length for row in rows for length in row["seq_lengths"]]
    assert len(lengths) == 8 > len(rows)

    packed = trainer.data_collator(rows)
    with torch.no_grad():
        together = trainer.model(**packed, use_cache=False).logits[0].split(lengths)
        mixed = trainer.model(input_ids=packed["input_ids"]).logits[0].split(lengths)
        ids, labels = (packed[key][0].split(lengths) for key in ("input_ids", "labels"))
        alone = [trainer.model(input_ids=row[None]).logits[0] for row in ids]
        loss = float(trainer.compute_loss(trainer.model, packed))
    assert all(torch.allclose(*pair, atol=1e-3) for pair in zip(together, alone, strict=True))
    assert not torch.allclose(mixed[1], alone[1], atol=1)
    lost = [
        torch.nn.functional.cross_entropy(logits[:-1], own[1:], reduction="sum")
        for logits, own in zip(alone, labels, strict=True)
    ]
    learnt = sum(int((own[1:] != IGNORED).sum()) for own in labels)
    assert loss == pytest.approx(float(sum(lost)) / learnt, rel=1e-3)


def test_a_base_that_mixes_packed_rows_all_the_same_is_refused(
    granite_base: Path,
    tmp_path: Path,
    settings: TrainSettings,
    conversations: list[list[Message]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.trainer.update({"packing": True})
    monkeypatch.setattr(packing, "_masked", lambda module, args, kwargs: None)
    with pytest.raises(UserError, match="Packed rows of this base would see each other"):
        run(granite_base, tmp_path, settings, conversations)


def test_a_base_of_the_papers_kind_is_trained(
    granite_base: Path,
    tmp_path: Path,
    settings: TrainSettings,
    conversations: list[list[Message]],
) -> None:
    settings.trainer.update({"packing": True, "max_steps": 4})
    settings.lora.pop("modules_to_save")
    settings.lora.pop("ensure_weight_tying")
    trained, _ = run(granite_base, tmp_path, settings, conversations)
    assert trained.steps == 4 and trained.loss_last < trained.loss_first
    assert trained.mfu is None or trained.mfu >= 0


def test_what_is_not_learnt_is_not_scored(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainSettings,
    conversations: list[list[Message]],
) -> None:
    """Nor does the loss change by it."""
    from torch.utils.flop_counter import FlopCounterMode

    tokenizer = load_tokenizer(str(tiny_base), "main")
    examples = tokenise(tokenizer, conversations[:4], settings.max_length)
    course = sft.TrainingInputs(tokenizer, examples, None, settings, tmp_path, [], None)
    trainer, _ = sft._trainer(load_model(str(tiny_base), "main", 1, settings.model), course)
    batch = trainer.data_collator(list(trainer.train_dataset))
    learnt = batch["labels"][:, 1:] != -100

    def scored(labels: torch.Tensor) -> tuple[torch.Tensor, int]:
        counter = FlopCounterMode(display=False)
        with sft.scoring_answers_only(), counter, torch.no_grad():
            found = trainer.model(**{**batch, "labels": labels}, fused_lm_head=True)
        return found.loss, counter.get_total_flops()

    loss, flops = scored(batch["labels"])
    plain = trainer.model(**batch, use_cache=False)
    assert torch.allclose(loss, plain.loss, atol=1e-5)
    _, all_flops = scored(batch["input_ids"])
    head = trainer.model.get_output_embeddings().weight.numel()
    assert all_flops - flops == 2 * head * int((~learnt).sum())


@pytest.mark.parametrize(("section", "key"), [("trainer", "lerning_rate"), ("lora", "rank")])
def test_an_unknown_number_in_the_recipe_is_refused(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainSettings,
    conversations: list[list[Message]],
    section: str,
    key: str,
) -> None:
    getattr(settings, section)[key] = 1
    with pytest.raises(UserError, match=f"train.{section}.*{key}"):
        run(tiny_base, tmp_path, settings, conversations)


def test_no_rows_is_refused(tiny_base: Path, tmp_path: Path, settings: TrainSettings) -> None:
    with pytest.raises(UserError, match="no row"):
        run(tiny_base, tmp_path, settings, [])
