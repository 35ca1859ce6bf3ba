"""A blind test: two versions answer the same message, and a person says which is better, if any.

Pure. The person sees A and B, and learns which version was which after the vote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adapters import Version
from feedback import RatedAnswer

Vote = Literal["a", "b", "tie"]
VOTES: tuple[Vote, ...] = ("a", "b", "tie")


@dataclass(frozen=True)
class BlindTest:
    """The answers of two versions to a message, without reasoning, in the order of the page."""

    message: str
    versions: tuple[Version, Version]
    answers: tuple[str, str]

    @property
    def is_undecidable(self) -> bool:
        """Whether there is nothing to choose: the answers are the same, or one is empty."""
        first, second = (answer.strip() for answer in self.answers)
        return first == second or not (first and second)

    def rated(self, vote: Vote) -> RatedAnswer:
        """Return the better answer, or the first of a tie, with the other one, to be stored."""
        better, other = (1, 0) if vote == "b" else (0, 1)
        return RatedAnswer(
            self.versions[better].adapter,
            ({"role": "user", "content": self.message},),
            self.answers[better],
            self.answers[other],
            self.versions[other].adapter.revision,
            is_tie=vote == "tie",
        )
