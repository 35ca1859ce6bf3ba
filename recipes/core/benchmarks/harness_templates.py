"""Translate the templates of a recipe into those of lm-evaluation-harness, which are Jinja's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from string import Formatter

LETTERS = "ABCD"


def jinja(template: str, fields: Mapping[str, str] | None) -> str:
    """Return a template of the recipe as one of Jinja; `fields` maps its fields to expressions.

    Without `fields`, the text has none and stays as it is.
    """
    if fields is None:
        return _literal(template)
    return "".join(
        _literal(literal) + (f"{{{{ {fields[field]} }}}}" if field else "")
        for literal, field, _, _ in Formatter().parse(template)
    )


def _literal(text: str) -> str:
    """Protect braces, which Jinja could take for its own."""
    return f"{{{{ {quoted(text)} }}}}" if "{" in text else text


def quoted(value: object) -> str:
    """Return a literal that Jinja reads as this text or list of texts."""
    return json.dumps(value, ensure_ascii=False)


def choices(answer: str, columns: Sequence[str]) -> str | list[str]:
    """Return the options as a list if they are the same for all rows, else as an expression."""
    letters = LETTERS[: len(columns)]
    if "option" not in {field for _, field, _, _ in Formatter().parse(answer)}:
        return [answer.format(letter=letter) for letter in letters]
    answers = [
        " ~ ".join(
            part
            for literal, field, _, _ in Formatter().parse(answer)
            for part in (
                quoted(literal) if literal else "",
                {"letter": quoted(letter), "option": column}[field] if field else "",
            )
            if part
        )
        for letter, column in zip(letters, columns, strict=True)
    ]
    return f"{{{{ [{', '.join(answers)}] }}}}"
