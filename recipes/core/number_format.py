"""Numbers as people read them; files for programs keep the minus sign of ASCII."""

from __future__ import annotations


def signed(value: float, digits: int = 1) -> str:
    """Return a difference with a plus sign or a real minus sign."""
    return f"{value:+.{digits}f}".replace("-", "−")
