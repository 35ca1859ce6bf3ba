"""What the pages of a language and of a comparison say about an entry, besides its scores. Pure."""

from __future__ import annotations

from entries import Entry
from number_format import chat_text, mean_difference, money, number, parameters


def entry_facts(entry: Entry) -> dict[str, str]:
    """Return texts by name; what is unknown is empty."""
    gain = mean_difference(entry.gain, entry.gain_interval)
    english = mean_difference(entry.english_difference, entry.english_interval)
    return {
        "Mean gain": f"{gain}, rank {entry.rank}" if gain else "",
        "English": f"{entry.english}, {english}" if entry.english else "",
        "Asked in a chat": chat_text(entry.chat),
        "Base model": entry.base,
        "Parameters": "" if entry.parameters is None else parameters(entry.parameters),
        "Cost": money(entry.cost_usd),
        "Tested on": entry.date,
        "Licence": entry.card.licence,
        "Reviewed by speakers": "yes" if entry.card.is_reviewed else "not yet",
        **{f"Gain, {family}": number(gain, sign=True) for family, gain in entry.gains.items()},
    }
