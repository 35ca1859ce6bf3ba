"""The one way a value gets into HTML. Pure; nothing else in the Spaces escapes a value."""

from __future__ import annotations

import html

# gr.HTML also runs its value through two template languages, so their characters are escaped too.
_TEMPLATE_CHARACTERS = {"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;", "\\": "&#92;"}


def safe(value: object) -> str:
    """Escape a value for HTML text, for a quoted attribute and for the templates of gr.HTML."""
    text = html.escape(str(value), quote=True)
    return "".join(_TEMPLATE_CHARACTERS.get(char, char) for char in text)


def link(url: str, text: str, label: str = "") -> str:
    """Return a link that opens outside the frame that shows the Space.

    `label` is what a screen reader says instead of the text.
    """
    aria = f' aria-label="{safe(label)}"' if label else ""
    return f'<a href="{safe(url)}" target="_blank" rel="noopener"{aria}>{safe(text)}</a>'
