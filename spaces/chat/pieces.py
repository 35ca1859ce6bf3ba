"""The few pieces of HTML around the chat; every value passes `safe` on its way in."""

from __future__ import annotations

import html
from collections.abc import Sequence

from models import Adapter

# gr.HTML runs its value through two template languages, so their signs are escaped as well.
_TEMPLATE_SIGNS = {"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;", "\\": "&#92;"}
HERO = (
    '<header class="k-hero"><p class="k-mark">Kakugo</p><h1>Talk in your language</h1>'
    "<p>Small models that were taught a language. They can be wrong, and they are never sure.</p>"
    "</header>"
)


def safe(value: object) -> str:
    """Make a value inert in HTML text, in a quoted attribute and in gr.HTML's templates."""
    text = html.escape(str(value), quote=True)
    return "".join(_TEMPLATE_SIGNS.get(sign, sign) for sign in text)


def about(adapter: Adapter, endpoint: str) -> str:
    """Who one is talking with, and where that comes from."""
    badge = '<span class="k-badge">practice</span> ' if adapter.practice else ""
    return (
        f'<p class="k-about">{badge}Answers by {_link(endpoint, adapter.repo)}, '
        f"an adapter on {_link(endpoint, adapter.base)}.</p>"
    )


def _link(endpoint: str, repo: str) -> str:
    url = safe(f"{endpoint}/{repo}")
    return f'<a href="{url}" target="_blank" rel="noopener">{safe(repo)}</a>'


def nobody(endpoint: str, org: str, problem: str) -> str:
    """What stands there while there is nothing to talk with."""
    url = safe(f"{endpoint}/spaces/{org}/kakugo/discussions")
    told = f"{safe(problem)} " if problem else ""
    return (
        f'<p class="k-empty">{told}No language can be talked with yet. '
        f'<a href="{url}" target="_blank" rel="noopener">Ask for the first one.</a></p>'
    )


def start(adapter: Adapter) -> str:
    """What stands in an empty conversation."""
    return (
        f'<div class="k-start"><strong>{safe(adapter.label)}</strong>'
        "<span>Write a message below, or begin with an example.</span></div>"
    )


def chips(examples: Sequence[str], adapter: Adapter) -> str:
    """Buttons with questions in the language; the language and direction of all texts beside."""
    tag, direction = safe(adapter.language.bcp47), "rtl" if adapter.rtl else "ltr"
    buttons = "".join(
        f'<button type="button" data-example lang="{tag}" dir="auto">{safe(example)}</button>'
        for example in examples
    )
    return f'<div class="k-chips" data-lang="{tag}" data-dir="{direction}">{buttons}</div>'


def status(text: str, trouble: bool = False) -> str:
    """One line on what happens now, read out by screen readers."""
    role, look = ("alert", " k-trouble") if trouble else ("status", "")
    return f'<p class="k-status{look}" role="{role}">{safe(text)}</p>'
