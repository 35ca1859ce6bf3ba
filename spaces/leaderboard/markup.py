"""Addresses on the Hub, and the one way a value gets into HTML.

Pure. Nothing else in this Space escapes a value or builds a URL.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from urllib.parse import urlencode

# gr.HTML runs its value through two template languages, so their signs are escaped as well.
_TEMPLATE_SIGNS = {"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;", "\\": "&#92;"}


@dataclass(frozen=True)
class Links:
    """Where the Hub keeps the things of this organisation."""

    endpoint: str
    org: str
    space: str

    def model(self, repo: str) -> str:
        return f"{self.endpoint}/{repo}"

    def dataset(self, code: str) -> str:
        return f"{self.endpoint}/datasets/{self.org}/kakugo-{code}"

    def discussion(self, number: int) -> str:
        return f"{self.community}/{number}"

    def chat(self, code: str) -> str:
        return f"{self.endpoint}/spaces/{self.org}/kakugo-chat?language={code}"

    def ask(self, title: str) -> str:
        """The form of a new discussion, filled in; the Hub knows who is there and is its author."""
        told = {"title": title, "description": "Please teach a small model this language."}
        return f"{self.community}/new?{urlencode(told)}"

    @property
    def community(self) -> str:
        return f"{self.endpoint}/spaces/{self.space}/discussions"


def safe(value: object) -> str:
    """Make a value inert in HTML text, in a quoted attribute and in gr.HTML's templates."""
    text = html.escape(str(value), quote=True)
    return "".join(_TEMPLATE_SIGNS.get(sign, sign) for sign in text)


def link(url: str, text: str, label: str = "") -> str:
    """A link that leaves the frame the Space is shown in."""
    aria = f' aria-label="{safe(label)}"' if label else ""
    return f'<a href="{safe(url)}" target="_blank" rel="noopener"{aria}>{safe(text)}</a>'
