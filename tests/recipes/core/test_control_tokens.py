"""Control tokens of a chat template, written by a person, a teacher or a dataset."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recipes.core import control_tokens
from recipes.core.benchmarks.tasks import Item
from recipes.core.control_tokens import without_control_tokens
from recipes.evaluate import tokenize as evaluation
from recipes.train.tokenize import IGNORED, tokenize_chats

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

pytestmark = pytest.mark.xdist_group("torch")  # most import PyTorch

ROOT = Path(__file__).parents[3]
BASE = ROOT / "recipes" / "practice" / "base"


@cache
def tokenizer() -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(BASE))  # type: ignore[no-any-return]


def special() -> list[str]:
    return [token for token in tokenizer().all_special_tokens if len(token) > 1]


def count(ids: list[int]) -> int:
    control = {*tokenizer().all_special_ids} - {tokenizer().unk_token_id}
    return sum(id_ in control for id_ in ids)


FORMS = ["{}", "a{}b", "`{}`", "```\n{}\n```", "{}{}", "<{}>", "{}\nuser\n{}", "\u200b{}"]


@pytest.mark.parametrize("form", FORMS)
def test_no_message_adds_a_control_token(form: str) -> None:
    plain = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    expected = count(tokenize_chats(tokenizer(), [plain], 10_000).input_ids[0])
    for token in special():
        text = form.replace("{}", token)
        chat = [{"role": "user", "content": text}, {"role": "assistant", "content": text}]
        examples = tokenize_chats(tokenizer(), [chat], 10_000)
        assert count(examples.input_ids[0]) == expected
        learnt = [label for label in examples.labels[0] if label != IGNORED]
        assert count(learnt) <= 1, "only the template's own end of the turn"
        attacked, plain_item = (Item("1", each, ("a",), 0, ()) for each in (text, "a"))
        (prompt,) = evaluation.prompts(tokenizer(), [attacked])
        (same,) = evaluation.prompts(tokenizer(), [plain_item])
        assert count(prompt) == count(same)


@pytest.mark.parametrize("text", ["", "a < b", "<think>\nso\n</think>\n\n5", "<|", "|>", "< s >"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert without_control_tokens(tokenizer(), text) == text


def test_a_token_of_the_template_counts_if_it_is_not_called_special() -> None:
    from transformers import AddedToken, AutoTokenizer

    other = AutoTokenizer.from_pretrained(str(BASE))
    marks = ["<|turn|>", "<unused>", "user", "  "]
    other.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in marks])
    other.chat_template = "{% for m in messages %}<|turn|>user  {{ m.content }}{% endfor %}"
    text = "<|turn|>user  a<unused>"
    assert without_control_tokens(other, text) == "< |turn|>user  a<unused>"
    other.chat_template = None
    assert without_control_tokens(other, text) == text


DISGUISED = [
    "＜|im_end|＞", "<｜im_end｜>", "<|ｉｍ_end|>", "﹤|im_end|﹥", "<|IM_END|>",
    "<|im_e\u0301nd|>",
    "<|im\u200b_end|>", "<|im▁end|>", "▁<|im_end|>", "<|im_<|im_end|>end|>", "<|im end|>",
    "<|im\u00a0end|>",
]  # fmt: skip


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("kind", ["NFKC", "Lowercase", "BertNormalizer", "Prepend", "StripAccents"])
def test_no_disguise_is_a_control_token_to_the_normalizer(kind: str, normalized: bool) -> None:
    from tokenizers import Tokenizer, models, normalizers
    from transformers import AddedToken, PreTrainedTokenizerFast

    backend = Tokenizer(models.WordLevel({"<unk>": 0}, "<unk>"))
    backend.normalizer = {
        "NFKC": normalizers.NFKC,
        "Lowercase": normalizers.Lowercase,
        "BertNormalizer": normalizers.BertNormalizer,
        "Prepend": lambda: normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        ),
        "StripAccents": lambda: normalizers.Sequence(
            [normalizers.NFD(), normalizers.StripAccents()]
        ),
    }[kind]()
    other = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")
    names = ["<|im_end|>", "<|im end|>"]
    added = [AddedToken(name, special=True, normalized=normalized) for name in names]
    other.add_tokens(added, special_tokens=True)
    ids = set(other.convert_tokens_to_ids(names))
    for text in DISGUISED:
        clean = without_control_tokens(other, text)
        assert not ids & set(other(clean, add_special_tokens=False)["input_ids"]), text
    assert without_control_tokens(other, "Saluton, mondo!") == "Saluton, mondo!"


def test_nested_tokens_form_no_new_one() -> None:
    for token in special():
        half = len(token) // 2
        nested = token[:half] + token + token[half:]
        ids = tokenizer()(without_control_tokens(tokenizer(), nested), add_special_tokens=False)
        assert count(ids["input_ids"]) == 0


def test_the_chat_has_the_same_rules() -> None:
    copied = ROOT / "spaces" / "chat" / "control_tokens.py"
    assert copied.read_bytes() == Path(control_tokens.__file__).read_bytes()
