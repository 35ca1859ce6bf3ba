"""The few pieces of HTML around the chat; every value passes `safe` on its way in."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from adapters import Adapter, Export
from feedback import Draft, Receipt
from i18n import Words
from languages import Language, by_code

# gr.HTML runs its value through two template languages, so their signs are escaped as well.
_TEMPLATE_SIGNS = {"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;", "\\": "&#92;"}


def safe(value: object) -> str:
    """Make a value inert in HTML text, in a quoted attribute and in gr.HTML's templates."""
    text = html.escape(str(value), quote=True)
    return "".join(_TEMPLATE_SIGNS.get(sign, sign) for sign in text)


def hero(words: Words) -> str:
    """The head of the page."""
    return (
        f'<header class="k-hero"><p class="k-mark">Kakugo</p><h1>{safe(words("title"))}</h1>'
        f"<p>{safe(words('lead'))}</p></header>"
    )


def about(adapter: Adapter, endpoint: str, words: Words) -> str:
    """Who one is talking with, where that comes from, and how to take it along."""
    badge = f'<span class="k-badge">{safe(words("practice"))}</span> ' if adapter.practice else ""
    query = safe(urlencode({"language": adapter.code, "words": words.tag}))
    return (
        f'<p class="k-about">{badge}{safe(words("answers_by"))} {_repo(endpoint, adapter.repo)}, '
        f"{safe(words('made_from'))} {_repo(endpoint, adapter.base)}. "
        f'<a href="offline?{query}">{safe(words("offline"))}</a> · '
        f'<a href="review?{query}">{safe(words("review_link"))}</a></p>'
    )


def _repo(endpoint: str, repo: str) -> str:
    return _link(f"{endpoint}/{repo}", repo)


def _link(url: str, text: str) -> str:
    return f'<a href="{safe(url)}" target="_blank" rel="noopener">{safe(text)}</a>'


def requests(endpoint: str, org: str) -> str:
    """Where one asks for a language."""
    return f"{endpoint}/spaces/{org}/kakugo/discussions"


def nobody(where: str, problem: bool, words: Words) -> str:
    """What stands there while there is nothing to talk with."""
    told = f"{safe(words('hub_away'))} " if problem else ""
    return (
        f'<p class="k-empty">{told}{safe(words("nobody"))} {_link(where, words("ask_first"))}</p>'
    )


def not_found(
    text: str, called: Sequence[Language], guesses: Sequence[Language], where: str, words: Words
) -> str:
    """What is said to a name that leads to no model: what it means, or what it resembles."""
    if called:
        name = " / ".join(one.label for one in called[:3])
        told = safe(words("no_model", language=name)) + f" {_link(where, words('ask_for_it'))}."
    else:
        told = safe(words("unknown_language", text=text))
    buttons = "".join(
        f'<button type="button" data-pick="{safe(one.code)}">{safe(one.label)}</button>'
        for one in guesses
    )
    asked = f" <span>{safe(words('did_you_mean'))}</span> {buttons}" if buttons else ""
    return f'<p class="k-found" role="alert">{told}{asked}</p>'


def start(language: Language, words: Words) -> str:
    """What stands in an empty conversation."""
    return (
        f'<div class="k-start"><strong lang="{safe(language.bcp47)}">{safe(language.label)}'
        f"</strong><span>{safe(words('start'))}</span></div>"
    )


def chips(examples: Iterable[str], language: Language) -> str:
    """Buttons with questions in the language."""
    buttons = "".join(
        f'<button type="button" data-pick="{safe(example)}" lang="{safe(language.bcp47)}" '
        f'dir="auto">{safe(example)}</button>'
        for example in examples
    )
    return f'<div class="k-chips">{buttons}</div>'


def mood(adapter: Adapter, words: Words) -> str:
    """What `MOOD` in scripts.py tells the browser: language, script, direction, the address."""
    language = adapter.language
    query = {"language": adapter.code, "model": adapter.repo, "words": words.tag}
    told = {
        "lang": language.bcp47,
        "dir": language.direction,
        "script": language.script,
        "ui": words.tag,
        "uidir": words.direction,
        "query": urlencode(query),
    }
    data = " ".join(f'data-{key}="{safe(value)}"' for key, value in told.items())
    return f"<div hidden data-mood {data}></div>"


def status(text: str, trouble: bool = False) -> str:
    """One line on what happens now, read out by screen readers."""
    role, look = ("alert", " k-trouble") if trouble else ("status", "")
    return f'<p class="k-status{look}" role="{role}">{safe(text)}</p>'


def draft(about: Draft, words: Words) -> str:
    """The answer that feedback is given on, and everything of the conversation that is stored."""
    language = about.adapter.language
    look = f'lang="{safe(language.bcp47)}" dir="auto"'
    lines = "".join(f"<li {look}>{safe(one['content'])}</li>" for one in about.messages)
    return (
        f'<h2>{safe(words("opinion_title"))}</h2><p class="k-soft">{safe(words("opinion_about"))}'
        f"</p><blockquote {look}>{safe(about.response)}</blockquote>"
        f'<details class="k-kept"><summary>{safe(words("kept"))}</summary>'
        f"<ol>{lines}<li {look}>{safe(about.response)}</li></ol></details>"
    )


def thanks(receipt: Receipt, words: Words) -> str:
    """The key, once; it stays in the list of this browser."""
    return (
        f'<p class="k-thanks" role="status">{safe(words("thanks"))} '
        f"<code>{safe(receipt)}</code></p>"
    )


def sent(receipts: Sequence[Receipt], words: Words) -> str:
    """What this browser remembers to have sent, each with a button to delete it."""
    if not receipts:
        return f'<p class="k-soft">{safe(words("sent_none"))}</p>'
    delete = safe(words("delete"))
    lines = "".join(
        f"<li><span>{safe(by_code(one.code).label)} · {safe(one.day)}</span>"
        f"<code>{safe(one)}</code>"
        f'<button type="button" data-pick="{safe(one)}" '
        f'aria-label="{delete} {safe(one.id[:8])}">{delete}</button></li>'
        for one in reversed(receipts)
    )
    return f'<ul class="k-sent">{lines}</ul><p class="k-soft">{safe(words("sent_info"))}</p>'


def offline(language: Language, export: Export | None, endpoint: str, words: Words) -> str:
    """Three lines on how to run a model on a phone or an old laptop."""
    query = safe(urlencode({"language": language.code, "words": words.tag}))
    lines = f"<p>{safe(words('offline_none'))}</p>" if not export else ""
    if export:
        name = export.path.rsplit("/", 1)[-1]
        url = f"{endpoint}/{export.repo}/resolve/main/{export.path}?download=true"
        many = export.size >= 1e6
        size = f"{export.size / 1e6:.0f} MB" if many else f"{export.size / 1e3:.0f} kB"
        steps = (
            f"{safe(words('offline_get', size=size))} {_link(url, name)}",
            safe(words("offline_laptop", command=f"llama-server -m {name}")),
            safe(words("offline_phone")),
        )
        lines = "<ol>" + "".join(f"<li>{one}</li>" for one in steps) + "</ol>"
    title = safe(words("offline_title", language=language.label))
    return (
        f'<article class="k-offline" lang="{safe(words.tag)}" dir="{words.direction}">'
        f'<p><a href="./?{query}">{safe(words("back"))}</a></p><h1>{title}</h1>{lines}</article>'
    )
