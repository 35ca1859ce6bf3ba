"""The HTML of the chat page, drawn by `html/fragments.html`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlencode

from adapters import Adapter, GgufFile
from blind_test import BlindTest
from common.hub_urls import HubUrls
from common.languages import Language, by_code
from common.templates import environment
from feedback import RatedAnswer, Receipt
from i18n import ENGLISH, Translations, translations
from reviews import Row

# The keys of texts that are, in English, just what Gradio writes.
GRADIO_KEYS = (
    *("gradio_clear", "gradio_copy", "gradio_copied", "gradio_edit", "gradio_retry", "gradio_like"),
    *("gradio_dislike", "gradio_submit", "gradio_cancel", "gradio_conversation", "gradio_user"),
    *("gradio_bot", "sign_in", "sign_out"),
)
_MACROS = environment(Path(__file__).parent).get_template("fragments.html").module

_SNIPPET = """import os

os.environ["HF_ENDPOINT"] = {endpoint!r}

from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

repo = {repo!r}
tokenizer = AutoTokenizer.from_pretrained(repo)
model = AutoPeftModelForCausalLM.from_pretrained(repo)
messages = {messages}
inputs = tokenizer.apply_chat_template(
    messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
)
output = model.generate(**inputs, max_new_tokens=200)
print(tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))
"""


def _draw(macro: str, *values: object) -> str:
    return str(getattr(_MACROS, macro)(*values))


def _labels(t: Translations) -> str:
    """Return our words for the texts that Gradio writes itself, by those, as JSON."""
    english = translations(ENGLISH)
    labels = {english(key): t(key) for key in GRADIO_KEYS}
    return json.dumps(labels | {"common.complete": t("complete"), "common.error": t("failed")})


def hero(t: Translations) -> str:
    """Return the heading of the page."""
    return _draw("hero", t, _labels(t))


def model_info(adapter: Adapter, has_versions: bool, urls: HubUrls, t: Translations) -> str:
    """Return which model answers, what it was made from, and links to the other pages."""
    query = urlencode({"language": adapter.code, "ui": t.tag})
    return _draw("model_info", adapter, has_versions, query, python_snippet(adapter, urls), urls, t)


def python_snippet(adapter: Adapter, urls: HubUrls) -> str:
    """Return a program that asks the model a question, without this Space."""
    messages = [{"role": "user", "content": "…"}]
    if adapter.system_prompt:
        messages.insert(0, {"role": "system", "content": adapter.system_prompt})
    return _SNIPPET.format(endpoint=urls.endpoint, repo=adapter.repo, messages=messages)


def no_models(urls: HubUrls, is_unreachable: bool, t: Translations) -> str:
    """Return what is shown while there is no model."""
    return _draw("no_models", is_unreachable, urls, t)


def unavailable_language(
    text: str,
    languages: Sequence[Language],
    suggestions: Sequence[Language],
    urls: HubUrls,
    t: Translations,
) -> str:
    """Return the answer to a name without a model: the languages it means, and similar ones."""
    name = " / ".join(language.label for language in languages[:3])
    title = languages[0].request_title if len(languages) == 1 else text
    return _draw("unavailable_language", text, name, title, suggestions, urls, t)


def placeholder(language: Language, t: Translations) -> str:
    """Return what an empty conversation shows."""
    return _draw("placeholder", language, t)


def example_buttons(examples: Iterable[str], language: Language) -> str:
    """Return buttons with questions in the language."""
    return _draw("example_buttons", examples, language)


def page_state(adapter: Adapter, t: Translations) -> str:
    """Return the data that `APPLY_PAGE_STATE` in `javascript.py` applies to the page."""
    query = urlencode({"language": adapter.code, "model": adapter.repo, "ui": t.tag})
    return _draw("page_state", adapter, query, t)


def status(text: str, is_error: bool = False) -> str:
    """Return a line about what happens now, which screen readers announce."""
    return _draw("status", text, is_error)


def rated_answer(answer: RatedAnswer, t: Translations) -> str:
    """Return the answer that feedback is about, and all of the conversation that is stored."""
    return _draw("rated_answer", answer, t)


def thanks(receipt: Receipt, t: Translations) -> str:
    """Return the thanks with the key, which stays in the list of this browser."""
    return _draw("thanks", receipt, t)


def sent_list(receipts: Sequence[Receipt], t: Translations) -> str:
    """Return what was sent from this browser, each row with a button that deletes it."""
    labeled = [(by_code(receipt.code).label, receipt) for receipt in reversed(receipts)]
    return _draw("sent_list", labeled, t)


def offline_page(language: Language, gguf: GgufFile | None, urls: HubUrls, t: Translations) -> str:
    """Return the page that says how to run a model on a phone or an old laptop."""
    query = urlencode({"language": language.code, "ui": t.tag})
    return _draw("offline_page", language, gguf, query, urls, t, _labels(t))


def review_heading(t: Translations) -> str:
    """Return the heading of the review page, with a link back to the chat."""
    return _draw("review_heading", urlencode({"ui": t.tag}), t, _labels(t))


def steward_heading(account: str, may_decide: bool, t: Translations) -> str:
    """Return the heading of the stewards' page, and why somebody sees nothing else there."""
    query = urlencode({"ui": t.tag})
    return _draw("steward_heading", account, may_decide, query, t, _labels(t))


def blind_test_heading(t: Translations) -> str:
    """Return the heading of the blind test, with a link back to the chat."""
    return _draw("blind_test_heading", urlencode({"ui": t.tag}), t, _labels(t))


def blind_answers(test: BlindTest, t: Translations) -> str:
    """Return the two answers of a blind test, as A and B."""
    return _draw("blind_answers", test, test.versions[0].adapter.language, t)


def review_row(row: Row | None, done: int, total: int, language: Language, t: Translations) -> str:
    """Return the turns of a row, or why there is none, and how many of all rows are done."""
    return _draw("review_row", row, done, total, language, t)
