"""Check that HTML contains only the tags and attributes of our own templates."""

from __future__ import annotations

import html.parser

from common.hub_urls import HubUrls

URLS = HubUrls("https://hub.test", "org", "org/kakugo")
HOSTILE_TEXTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</table></td><h1>",
    "javascript:alert(1)",
    "${alert(1)} {{constructor}} `x`",
    "\\u003cscript\\u003e",
]
ALLOWED_TAGS = set(
    "a article b bdi button caption circle code dd details div dl dt figcaption figure g h1 h2 "
    "h3 h4 header i input li line nav ol p polyline pre small span strong summary svg table tbody "
    "td text th thead title tr ul".split()
)
ALLOWED_LINKS = ("https://hub.test/", "?", "api/rows.")


class Checker(html.parser.HTMLParser):
    """Fails on other tags, event handlers and links; collects the text."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.open_tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED_TAGS, tag
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name == "href":
                assert (value or "").startswith(ALLOWED_LINKS), value
        if tag != "input":  # it has no end
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def checked_text(markup: str) -> str:
    """Return the text of checked HTML."""
    checker = Checker()
    checker.feed(markup)
    assert not checker.open_tags, "every tag is closed"
    assert not set("{}`$\\") & set(markup) or "US&#36;" in markup
    return checker.text
