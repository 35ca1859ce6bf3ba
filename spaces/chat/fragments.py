"""The HTML of the chat page; every value passes `safe` on its way in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from adapters import Adapter, GgufFile
from common.hub_urls import HubUrls
from common.languages import Language, by_code
from common.markup import link, safe
from feedback import RatedAnswer, Receipt
from i18n import Translations
from reviews import Row


def hero(t: Translations) -> str:
    """Return the heading of the page."""
    return (
        f'<header class="k-hero"><p class="k-brand">Kakugo</p><h1>{safe(t("title"))}</h1>'
        f"<p>{safe(t('lead'))}</p></header>"
    )


def model_info(adapter: Adapter, urls: HubUrls, t: Translations) -> str:
    """Return which model answers, what it was made from, and links to the other pages."""
    badge = f'<span class="k-badge">{safe(t("practice"))}</span> ' if adapter.practice else ""
    query = safe(urlencode({"language": adapter.code, "ui": t.tag}))
    return (
        f'<p class="k-model-info">{badge}{safe(t("answers_by"))} '
        f"{link(urls.model(adapter.repo), adapter.repo)}, {safe(t('fine_tuned_from'))} "
        f"{link(urls.model(adapter.base), adapter.base)}. "
        f'<a href="offline?{query}">{safe(t("offline_link"))}</a> · '
        f'<a href="review?{query}">{safe(t("review_link"))}</a></p>'
    )


def no_models(urls: HubUrls, is_unreachable: bool, t: Translations) -> str:
    """Return what is shown while there is no model."""
    problem = f"{safe(t('hub_unreachable'))} " if is_unreachable else ""
    request = link(urls.discussions, t("request_first"))
    return f'<p class="k-empty">{problem}{safe(t("no_models"))} {request}</p>'


def unavailable_language(
    text: str,
    languages: Sequence[Language],
    suggestions: Sequence[Language],
    urls: HubUrls,
    t: Translations,
) -> str:
    """Return the answer to a name without a model: the languages it means, and similar ones."""
    if languages:
        name = " / ".join(language.label for language in languages[:3])
        request = link(urls.discussions, t("request_it"))
        problem = f"{safe(t('language_not_taught', language=name))} {request}."
    else:
        problem = safe(t("language_unknown", text=text))
    buttons = "".join(
        f'<button type="button" data-pick="{safe(language.code)}">{safe(language.label)}</button>'
        for language in suggestions
    )
    question = f" <span>{safe(t('did_you_mean'))}</span> {buttons}" if buttons else ""
    return f'<p class="k-name-lookup" role="alert">{problem}{question}</p>'


def placeholder(language: Language, t: Translations) -> str:
    """Return what an empty conversation shows."""
    return (
        f'<div class="k-placeholder"><strong lang="{safe(language.bcp47)}">{safe(language.label)}'
        f"</strong><span>{safe(t('start'))}</span></div>"
    )


def example_buttons(examples: Iterable[str], language: Language) -> str:
    """Return buttons with questions in the language."""
    buttons = "".join(
        f'<button type="button" data-pick="{safe(example)}" lang="{safe(language.bcp47)}" '
        f'dir="auto">{safe(example)}</button>'
        for example in examples
    )
    return f'<div class="k-example-buttons">{buttons}</div>'


def page_state(adapter: Adapter, t: Translations) -> str:
    """Return the data that `APPLY_PAGE_STATE` in `javascript.py` applies to the page."""
    language = adapter.language
    state = {
        "lang": language.bcp47,
        "dir": language.direction,
        "script": language.script,
        "ui-lang": t.tag,
        "ui-dir": t.direction,
        "query": urlencode({"language": adapter.code, "model": adapter.repo, "ui": t.tag}),
    }
    data = " ".join(f'data-{key}="{safe(value)}"' for key, value in state.items())
    return f"<div hidden data-page-state {data}></div>"


def status(text: str, is_error: bool = False) -> str:
    """Return a line about what happens now, which screen readers announce."""
    role, style = ("alert", " k-error") if is_error else ("status", "")
    return f'<p class="k-status{style}" role="{role}">{safe(text)}</p>'


def rated_answer(answer: RatedAnswer, t: Translations) -> str:
    """Return the answer that feedback is about, and all of the conversation that is stored."""
    look = f'lang="{safe(answer.adapter.language.bcp47)}" dir="auto"'
    lines = "".join(f"<li {look}>{safe(m['content'])}</li>" for m in answer.messages)
    return (
        f'<h2>{safe(t("feedback_title"))}</h2><p class="k-muted">{safe(t("feedback_about"))}'
        f"</p><blockquote {look}>{safe(answer.response)}</blockquote>"
        f'<details class="k-stored-text"><summary>{safe(t("stored_text"))}</summary>'
        f"<ol>{lines}<li {look}>{safe(answer.response)}</li></ol></details>"
    )


def thanks(receipt: Receipt, t: Translations) -> str:
    """Return the thanks with the key, which stays in the list of this browser."""
    return f'<p class="k-thanks" role="status">{safe(t("thanks"))} <code>{safe(receipt)}</code></p>'


def sent_list(receipts: Sequence[Receipt], t: Translations) -> str:
    """Return what was sent from this browser, each row with a button that deletes it."""
    if not receipts:
        return f'<p class="k-muted">{safe(t("sent_none"))}</p>'
    delete = safe(t("delete"))
    items = "".join(
        f"<li><span>{safe(by_code(receipt.code).label)} · {safe(receipt.day)}</span>"
        f"<code>{safe(receipt)}</code>"
        f'<button type="button" data-pick="{safe(receipt)}" '
        f'aria-label="{delete} {safe(receipt.id[:8])}">{delete}</button></li>'
        for receipt in reversed(receipts)
    )
    return f'<ul class="k-sent-list">{items}</ul><p class="k-muted">{safe(t("sent_info"))}</p>'


def offline_page(language: Language, gguf: GgufFile | None, urls: HubUrls, t: Translations) -> str:
    """Return the page that says how to run a model on a phone or an old laptop."""
    query = safe(urlencode({"language": language.code, "ui": t.tag}))
    steps = _offline_steps(gguf, urls, t) if gguf else f"<p>{safe(t('offline_none'))}</p>"
    title = safe(t("offline_title", language=language.label))
    return (
        f'<article class="k-offline" lang="{safe(t.tag)}" dir="{t.direction}">'
        f'<p><a href="./?{query}">{safe(t("back"))}</a></p><h1>{title}</h1>{steps}</article>'
    )


def _offline_steps(gguf: GgufFile, urls: HubUrls, t: Translations) -> str:
    name = gguf.path.rsplit("/", 1)[-1]
    in_megabytes = gguf.size >= 1e6
    size = f"{gguf.size / 1e6:.0f} MB" if in_megabytes else f"{gguf.size / 1e3:.0f} kB"
    steps = (
        f"{safe(t('offline_get', size=size))} {link(urls.download(gguf.repo, gguf.path), name)}",
        safe(t("offline_laptop", command=f"llama-server -m {name}")),
        safe(t("offline_phone")),
    )
    return "<ol>" + "".join(f"<li>{step}</li>" for step in steps) + "</ol>"


def review_heading(t: Translations) -> str:
    """Return the heading of the review page, with a link back to the chat."""
    query = safe(urlencode({"ui": t.tag}))
    return (
        f'<header class="k-hero"><p><a href="./?{query}">{safe(t("back"))}</a></p>'
        f"<h1>{safe(t('review_title'))}</h1><p>{safe(t('review_lead'))}</p></header>"
    )


def review_row(row: Row, language: Language, t: Translations) -> str:
    """Return the turns of a row; the last one is the answer under review."""
    look = f'lang="{safe(language.bcp47)}" dir="auto"'
    turns = "".join(
        f'<li class="k-turn k-{"user" if turn["role"] == "user" else "assistant"}" {look}>'
        f"{safe(turn['content'])}</li>"
        for turn in row.messages
    )
    return f'<ol class="k-review-row" aria-label="{safe(t("review_row"))}">{turns}</ol>'


def nothing_to_review(is_done: bool, t: Translations) -> str:
    """Return what is shown when all rows were reviewed, or there are none."""
    key = "review_done" if is_done else "review_none"
    return f'<p class="k-empty" role="status">{safe(t(key))}</p>'
