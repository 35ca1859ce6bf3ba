"""Languages, money, durations, numbers and lists as people write them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.language import Language, common_name

# How to write a level of the check. Notes in the ledger have the keys.
_CHECK_LEVELS = {"good": "good", "doubtful": "uncertain", "hopeless": "not good enough"}


def language_name(language: Language) -> str:
    """Return `Central Kurdish (Sorani, کوردیی ناوەندی, ckb_Arab)`, the code as Markdown code.

    What is in parentheses in a name joins the others: `Serbian (Latin script, srpski, srp_Latn)`.
    """
    names = dict.fromkeys((language.name, common_name(language.code), language.autonym))
    name, _, detail = language.name.removesuffix(")").partition(" (")
    others = [detail, *(name for name in names if name != language.name), f"`{language.code}`"]
    return f"{name} ({', '.join(filter(None, others))})"


def money(usd: float) -> str:
    if usd == 0:
        return "nothing"
    return f"${usd:.2f}" if usd >= 0.01 else "less than a cent"


def at_most(usd: float) -> str:
    return f"at most {money(usd)}" if usd >= 0.01 else money(usd)


def score_text(metric: str, value: float) -> str:
    """Return an accuracy (0 to 1) in percent, or a chrF++, with one digit after the point."""
    return f"{points(metric, value):.1f}"


def points(metric: str, value: float) -> float:
    """Return a score, or a difference of scores, in points: an accuracy is one of 0 to 1."""
    return 100 * value if metric == "accuracy" else value


def signed(value: float) -> str:
    """Return a difference in points with a plus sign or a real minus sign."""
    return f"{value:+.1f}".replace("-", "−")


def metric_name(metric: str) -> str:
    return "accuracy (%)" if metric == "accuracy" else metric


def minutes(count: float) -> str:
    """Return a duration in minutes as `a minute`, `4 minutes` or `2.5 hours`."""
    if count >= 90:
        return f"{count / 60:.1f} hours"
    whole = max(1, round(count))
    return "a minute" if whole == 1 else f"{whole} minutes"


def duration(seconds: float) -> str:
    """Return a duration for a table: `4 s`, `12 min` or `2.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def plural(count: int, noun: str) -> str:
    """Return `1 row` or `5,812 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def join(items: Sequence[str]) -> str:
    """Return `a`, `a and b`, or `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def code_list(items: Sequence[str]) -> str:
    """Return the items as Markdown code, with commas between them."""
    return ", ".join(f"`{item}`" for item in items)


def check_level(note: str) -> str:
    """Return the level in the note of a check, as people read it."""
    level = note.partition(":")[0]
    return _CHECK_LEVELS.get(level, level)


def check_result(note: str) -> str:
    """Return `good. In detail: 100% in the right script, …` for the note of a check."""
    metrics = note.partition(": ")[2]
    return f"{check_level(note)}. In detail: {metrics}" if metrics else check_level(note)


def sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def practice_note(is_practice: bool) -> list[str]:
    """Return the last lines of a reply about a practice run."""
    if not is_practice:
        return []
    return [
        "",
        "*This is a practice run with a rule-based teacher, a tiny model and practice benchmarks. "
        "It says nothing about any real model.*",
    ]
