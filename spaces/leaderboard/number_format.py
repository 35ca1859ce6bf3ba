"""Numbers and counted nouns as people read them. Pure."""

from __future__ import annotations

from benchmarks import Benchmark
from parse_results import ChatScore

MISSING = "–"


def noun(count: int, singular: str, plural: str = "") -> str:
    """Return the form of a noun after a count; the plural ends in "s" unless it is given."""
    return singular if count == 1 else plural or f"{singular}s"


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: "1 language", "2 languages"."""
    return f"{count:,} {noun(count, singular, plural)}"


def number(value: float, places: int = 1, sign: bool = False) -> str:
    """Return a rounded number with a real minus sign, and with a plus sign if `sign` is set."""
    return f"{value:{'+' if sign else ''}.{places}f}".replace("-", "−")


def score(benchmark: Benchmark, value: float | None) -> str:
    """Return a score: chrF++ or percent, with one decimal place."""
    if value is None:
        return MISSING
    return number(benchmark.points(value)) + ("%" if benchmark.metric == "accuracy" else "")


def difference(benchmark: Benchmark, value: float | None) -> str:
    """Return a difference in points, always with its sign."""
    return MISSING if value is None else number(benchmark.points(value), sign=True)


def mean_difference(value: float | None, interval: tuple[float, float] | None) -> str:
    """Return a mean difference in points with its interval; empty if there is none."""
    if value is None:
        return ""
    ends = [number(end, sign=True) for end in interval or ()]
    return f"{number(value, sign=True)} points" + (f" ({' to '.join(ends)})" if ends else "")


def chat_text(chat: ChatScore | None) -> str:
    """Return how many answers were right when asked in a chat; empty if it was not."""
    if chat is None:
        return ""
    first, second = (
        _chat_score(chat["metric"], value, interval)
        for value, interval in (
            (chat["first"], chat.get("first_ci")),
            (chat["second"], chat.get("second_ci")),
        )
    )
    return f"{first} in {counted(chat['n'], 'new chat')}, {second} as the second question"


def _chat_score(metric: str, value: float, interval: tuple[float, float] | None) -> str:
    scale = 100 if metric == "accuracy" else 1
    score = f"{value * scale:.1f}"
    ends = " to ".join(f"{end * scale:.1f}" for end in interval or ())
    text = f"{score}% right" if metric == "accuracy" else f"chrF++ {score}"
    return f"{text} ({ends})" if ends else text


def count(value: int | None) -> str:
    """Return a count with separators between thousands."""
    return MISSING if value is None else f"{value:,}"


def p_value(value: float | None) -> str:
    """Return a p-value with three decimal places."""
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def money(value: float | None) -> str:
    """Return US dollars to the cent."""
    if value is None:
        return MISSING
    return "less than a cent" if 0 < value < 0.01 else f"US${value:,.2f}"


def about_money(value: float | None) -> str:
    """Return an amount that is not exact, as part of a sentence."""
    text = money(value)
    return f"about {text}" if "$" in text else text


def parameters(value: int | None) -> str:
    """Return a number of parameters in the usual short form: 3.2B, 350M."""
    if value is None:
        return MISSING
    for unit, size in (("B", 10**9), ("M", 10**6), ("K", 10**3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return str(value)
