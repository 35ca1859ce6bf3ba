"""Ask the operator to confirm."""

from __future__ import annotations

import sys

import typer

from bot.errors import UserError


def confirm(expected: str, answer: str) -> None:
    """Ask the operator to type `expected`, unless it is already the answer of `--yes`."""
    if not answer:
        if not sys.stdin.isatty():
            raise UserError(f"this is not a terminal, so confirm with --yes {expected}")
        answer = typer.prompt(f"Type {expected} to continue", default="", show_default=False)
    if answer != expected:
        raise UserError(f"{answer[:40]!r} is not {expected!r}: nothing was changed")
