"""Turns Markdown written by anybody into HTML that is safe to show.

The text is hostile. HTML in it goes through the same cleaning as what the renderer makes: a short
list of tags passes, comments (where bots keep their markers) vanish. Only the raw text is stored.
"""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

TAGS = (
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li "
    "ol p pre s span strong sub summary sup table tbody td th thead tr ul"
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"align", "style"},
    "th": {"align", "style"},
    "ol": {"start"},
}
STYLES = {"text-align"}
SCHEMES = {"http", "https", "mailto"}

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def to_html(text: str) -> str:
    """Return sanitised HTML; its links leak no referrer."""
    return nh3.clean(
        PARSER.render(text),
        tags=set(TAGS.split()),
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        filter_style_properties=STYLES,
        link_rel="nofollow noopener noreferrer",
    )
