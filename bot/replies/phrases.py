"""Languages, money and times as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.language import Language


def named(language: Language) -> str:
    """`Scottish Gaelic (Gàidhlig, gla_Latn)`."""
    own = f"{language.autonym}, " if language.autonym not in ("", language.name) else ""
    return f"{language.name} ({own}`{language.code}`)"


def money(usd: float) -> str:
    if usd == 0:
        return "nothing"
    return f"${usd:.2f}" if usd >= 0.01 else "less than a cent"


def minutes(count: float) -> str:
    if count < 90:
        whole = max(1, round(count))
        return "a minute" if whole == 1 else f"{whole} minutes"
    return f"{count / 60:.1f} hours"


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
