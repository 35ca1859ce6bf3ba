"""The packaged base, its pretraining, and that it lacks what an adapter must learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from recipes.core.errors import UserError
from recipes.practice import pretrain, publish
from recipes.practice.benchmarks import flores, sib200
from recipes.practice.exercises import TOPIC_NAMES, WORDINGS
from recipes.practice.tokenizer import build_tokenizer

pytestmark = pytest.mark.xdist_group("torch")

SMALL = """
seed: 1
threads: 1
model: {hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 2}
shares: {english: 0.1, esperanto: 0.3, mixed: 0.1, tasks: 0.1, questions: 0.1, artificial: 0.3}
follow_ups: 0.3
embedding_deviation: 0.1
batch: 2_048
tokens: 40_000
segment: 10_000
checkpoint_every: 1
learning_rate: 4.0e-3
warmup: 400
decay: 0.3
weight_decay: 0.05
betas: [0.9, 0.98]
clip: 1.0
"""


def test_shipped_base_is_what_its_digests_say_and_small() -> None:
    files = publish.base_files()
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= files.keys()
    assert sum(map(len, files.values())) < 5_000_000
    assert b"**Practice.**" in files["README.md"]


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in publish.base_files().items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(publish, "BASE", tmp_path)
    publish.base_files()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match=r"config\.json"):
        publish.base_files()


def test_tokenizer_has_one_piece_for_stem_and_ending_and_loses_nothing() -> None:
    tokenizer = build_tokenizer()
    assert tokenizer.tokenize("novajn kuracistojn") == ["▁nov", "ajn", "▁kuracist", "ojn"]
    for text in ("Hello: world, 42!\nZamenhof ĝojis.", "La kuracisto vidis lagojn."):
        assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_chat_template_marks_the_assistants_turns() -> None:
    tokenizer = build_tokenizer()
    messages = [
        {"role": "system", "content": "Skribu."},
        {"role": "user", "content": "Skribu frazon pri sporto."},
        {"role": "assistant", "content": "La ludanto gajnas."},
    ]
    encoded: Any = tokenizer.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    pairs = zip(encoded["input_ids"], encoded["assistant_masks"], strict=True)
    marked = tokenizer.decode([token for token, is_marked in pairs if is_marked])
    assert marked == "La ludanto gajnas.<|end|>"
    rendered: Any = tokenizer.apply_chat_template(
        messages[:2], tokenize=False, add_generation_prompt=True
    )
    assert rendered.endswith("<|end|><|assistant|>")


def test_interrupted_pretraining_gives_the_same_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = yaml.safe_load(SMALL)
    pretrain.pretrain(settings, tmp_path / "uninterrupted")
    train_segment = pretrain._train_segment

    def interrupt(*args: object) -> None:
        if args[-1]["segment"] == 2:  # type: ignore[index]
            raise KeyboardInterrupt
        train_segment(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(pretrain, "_train_segment", interrupt)
        pretrain.pretrain(settings, tmp_path / "interrupted")
    pretrain.pretrain(settings, tmp_path / "interrupted")
    weights = [
        (tmp_path / n / "model.safetensors").read_bytes() for n in ("uninterrupted", "interrupted")
    ]
    assert weights[0] == weights[1]
    log = (tmp_path / "interrupted" / "pretrain.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["loss"] < json.loads(log[0])["loss"]
    digests = (tmp_path / "interrupted" / "SHA256SUMS").read_text()
    assert "checkpoint.pt" not in digests and "model.safetensors" in digests


def test_base_cannot_yet_translate_into_esperanto() -> None:
    import sacrebleu
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(publish.BASE)
    model: Any = AutoModelForCausalLM.from_pretrained(publish.BASE, dtype=torch.float32)
    known, new = (flores(code, "devtest")[:50] for code in ("eng_Latn", "epo_Latn"))
    wording = WORDINGS["to_esperanto"]["eng"][0]
    chats = [[{"role": "user", "content": wording.format(text=row["text"])}] for row in known]
    batch: Any = tokenizer.apply_chat_template(
        chats, add_generation_prompt=True, return_dict=True, return_tensors="pt", padding=True
    )
    output = model.generate(**batch, max_new_tokens=40, do_sample=False)
    answers = tokenizer.batch_decode(
        output[:, batch["input_ids"].shape[1] :], skip_special_tokens=True
    )
    score = sacrebleu.corpus_chrf(answers, [[row["text"] for row in new]], word_order=2)
    assert score.score < 20
    assert {row["category"] for row in sib200("epo_Latn", "test")} == set(TOPIC_NAMES["eng"])
