"""The questions to the teacher: how fast, in which shape, and how well it writes the language."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from recipes.check.references import Known
from recipes.check.settings import CheckSettings
from recipes.core.language import Language
from recipes.core.progress import Progress
from recipes.generate.gates.language_id import library_identifier
from recipes.generate.gates.scripts import in_script
from recipes.generate.gates.views import prose
from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Answer, NoAnswer, Teacher
from recipes.generate.teacher.openai import TIMEOUT

LIST = 5


@dataclass(frozen=True)
class Findings:
    """What came back. Shares in 0..1 and chrF++ in 0..100, None where nothing could be measured;
    `tokens_per_second` of all calls together, `seconds` of a usual one; `failed`: what most of the
    questions without an answer failed by."""

    answered: float
    script: float | None
    language: float | None
    structured: float | None
    reasoning: float | None
    chrf: float | None
    round_trip: float | None
    tokens_per_second: float
    seconds: float
    failed: str = ""


@dataclass
class Probe:
    """Asks, and remembers how long each answer took."""

    teacher: Teacher
    language: Language
    seed: int
    progress: Progress

    def __post_init__(self) -> None:
        self._took: list[float] = []
        self._answers: list[Answer | None] = []
        self._failed = Counter[str]()
        self._ends = 0.0

    async def run(self, known: Known, settings: CheckSettings) -> Findings:
        """All questions, as many at once as the endpoint takes."""
        began = time.monotonic()
        self._ends = asyncio.get_running_loop().time() + 60 * settings.minutes
        lists, there = await asyncio.gather(
            self._all([self._list(number) for number in range(settings.lists)]),
            self._there_and_back(known),
        )
        written, round_trip, chrf = there
        seconds = time.monotonic() - began
        had = [answer for answer in self._answers if answer is not None]
        return Findings(
            answered=len(had) / max(1, len(self._answers)),
            script=_share(written, lambda text: in_script(text, self.language.script)),
            language=self._identified(written, known),
            structured=_share([a for a in lists if a], _is_list),
            reasoning=_share(had, lambda answer: bool(answer.reasoning)),
            chrf=chrf,
            round_trip=round_trip,
            tokens_per_second=sum(answer.tokens_out for answer in had) / max(seconds, 1e-9),
            seconds=median(self._took) if self._took else 0.0,
            failed=max(self._failed, key=self._failed.__getitem__, default=""),
        )

    async def _there_and_back(self, known: Known) -> tuple[list[str], float | None, float | None]:
        """What it wrote in the language; chrF++ of the way back, and of it against what is known.

        Without English originals the way begins and ends in the language.
        """
        if known.english:
            written = await self._translated(known.english, "English", self.language.name)
            back = await self._translated(written, self.language.name, "English")
            return _had(written), _chrf(back, known.english), _chrf(written, known.texts)
        english = await self._translated(known.texts, self.language.name, "English")
        written = await self._translated(english, "English", self.language.name)
        return _had(written), _chrf(written, known.texts), None

    async def _translated(
        self, texts: Sequence[str | None], source: str, target: str
    ) -> list[str | None]:
        """The translations; a text that was left as it is is none."""
        asked = [
            self._text(templates.translate_text(text, source, target)) if text else _nothing()
            for text in texts
        ]
        said = await asyncio.gather(*asked)
        return [None if one == text else one for one, text in zip(said, texts, strict=True)]

    async def _text(self, messages: list[Message]) -> str | None:
        answer = await self._ask(messages, self.seed)
        try:
            return parsing.text(answer.text) if answer else None
        except parsing.InvalidFormat:
            return None

    async def _list(self, number: int) -> Answer | None:
        seed = templates.language_seeds(self.language.name)[number % 8]
        return await self._ask(
            templates.write_prompts(LIST, seed, "topic", self.language.name), self.seed + number
        )

    async def _all(self, asked: list[Coroutine[Any, Any, Answer | None]]) -> list[Answer | None]:
        return list(await asyncio.gather(*asked))

    async def _ask(self, messages: list[Message], seed: int) -> Answer | None:
        began = time.monotonic()
        answer: Answer | None
        try:
            async with asyncio.timeout_at(self._ends):
                answer = await self.teacher.ask(messages, seed)
        except (NoAnswer, TimeoutError) as failure:
            self._failed[str(failure) or TIMEOUT] += 1
            answer = None
        else:
            self._took.append(time.monotonic() - began)
        self._answers.append(answer)
        spent = f"${self.teacher.purse.spent:.2f}"
        self.progress.show(len(self._answers), spent=spent)
        return answer

    def _identified(self, written: list[str], known: Known) -> float | None:
        """None where no library knows the language."""
        identifier = library_identifier(self.language, known.texts)
        if identifier is None:
            return None
        return _share(written, lambda text: not identifier.is_other_language(prose(text)))


async def _nothing() -> None:
    return None


def _had(texts: Sequence[str | None]) -> list[str]:
    return [text for text in texts if text]


def _share(items: Sequence[Any], good: Callable[[Any], bool]) -> float | None:
    return sum(map(good, items)) / len(items) if items else None


def _is_list(answer: Answer) -> bool:
    try:
        return len(parsing.texts(answer.text, LIST)) == LIST
    except parsing.InvalidFormat:
        return False


def _chrf(said: Sequence[str | None], wanted: Sequence[str]) -> float | None:
    """chrF++ of the corpus; what was not answered counts as empty."""
    import sacrebleu

    if not wanted:
        return None
    texts = [text or "" for text in said]
    return float(sacrebleu.corpus_chrf(texts, [list(wanted)], word_order=2).score)
