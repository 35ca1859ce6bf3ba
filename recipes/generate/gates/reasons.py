"""The gate and the meaning of each reason, derived from the table of gates."""

from __future__ import annotations

from recipes.generate.gates.table import GATES

GATE_NAMES = tuple(dict.fromkeys(gate.name for gate in GATES if gate.reasons))
GATE_OF = {reason: gate.name for gate in GATES for reason in gate.reasons}
MEANINGS = {reason: meaning for gate in GATES for reason, meaning in gate.reasons.items()}


def gate_of(reason: str) -> str:
    """Return the gate of a reason: `teacher` for HTTP statuses and unknown reasons."""
    return GATE_OF.get(reason, "teacher")


def meaning(reason: str) -> str:
    """Return what a reason means, for people."""
    return MEANINGS.get(reason, MEANINGS["status"])
