"""The one way a value gets into HTML: Jinja templates that escape every value.

The templates of a Space are in its folder `html`; those that both Spaces share in `common/html`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

SHARED = Path(__file__).with_name("html")
# gr.HTML also runs its value through two template languages, so their characters are escaped too.
_TEMPLATE_CHARACTERS = {"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;", "\\": "&#92;"}
# Controls that would reorder the text around a value; elements isolate its direction instead.
BIDI_CONTROLS = str.maketrans("", "", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ESCAPES = str.maketrans(_TEMPLATE_CHARACTERS) | BIDI_CONTROLS


def escaped(value: object) -> Markup:
    """Escape a value for HTML text, for a quoted attribute and for the templates of gr.HTML."""
    return value if isinstance(value, Markup) else _escape_text(str(value))


@lru_cache(maxsize=8192)  # a table has the same few words and numbers again and again
def _escape_text(text: str) -> Markup:
    return escape(text).translate(_ESCAPES)


def environment(space: Path) -> Environment:
    """Return the templates of a Space's folder; a value that is not given is an UndefinedError."""
    return Environment(
        loader=FileSystemLoader([space / "html", SHARED]),
        autoescape=True,
        finalize=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
