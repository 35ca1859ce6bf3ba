"""Ask the teacher a few dozen questions: its speed, its format, and how well it writes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, linear_regression, mean, median
from typing import Any, TypeVar

from recipes.check.claimed_language import MAX_TEXTS, named_other
from recipes.check.references import References
from recipes.check.settings import CheckSettings
from recipes.core.language import Language, name_of_cld2
from recipes.core.progress import Progress
from recipes.generate.gates.language_id import library_identifier
from recipes.generate.gates.run_language import LanguageVerdict, RunLanguage
from recipes.generate.gates.scripts import in_script
from recipes.generate.gates.trigrams import TrigramProfile
from recipes.generate.gates.views import prose
from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import Message
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.failures import TIMEOUT, NoAnswer
from recipes.generate.teacher.retry import list_in, text_in

T = TypeVar("T")
LIST_LENGTH = 5
NAME_SCHEMA = {
    "type": "object",
    "properties": {"language": {"type": "string"}},
    "required": ["language"],
    "additionalProperties": False,
}
MIN_PROFILE_LETTERS = 2_000  # enough, because the texts translate the same sentences


@dataclass(frozen=True)
class ProbeMetrics:
    """Shares from 0 to 1 and chrF++ from 0 to 100; None where nothing could be measured.

    `chrf` compares the teacher's translations with the references, `round_trip` a text with its
    translation there and back. `tokens_per_second` is of all calls together.
    `language` is 0 if the texts as a whole seem to be in another language; `seems` says which
    language some or all of them look like, and `looks_like` is its English name; both are empty if
    nothing suggests another one.
    Where nothing else can tell the language, `seems` and `looks_like` are what the teacher itself
    says of its texts.
    `truncated`: the share of answers that reached the token limit.
    `fertility`: the teacher's tokens for the texts relative to their English originals.
    `repeats`: the same list of prompts came for another seed. `most_common_failure` is the reason
    why most questions were not answered; empty if all were.
    """

    answered: float
    script: float | None
    language: float | None
    structured: float | None
    reasoning: float | None
    chrf: float | None
    round_trip: float | None
    tokens_per_second: float
    median_seconds: float
    looks_like: str = ""
    seems: str = ""
    repeats: bool = False
    truncated: float = 0.0
    fertility: float | None = None
    most_common_failure: str = ""


@dataclass
class Probe:
    """Asks the questions and records the latency and failure of each.

    `min_letters` are what a text needs before its language can be identified.
    """

    teacher: Teacher
    language: Language
    seed: int
    progress: Progress
    min_letters: int

    def __post_init__(self) -> None:
        self._latencies: list[float] = []
        self._answers: list[Answer | None] = []
        self._failures = Counter[str]()
        self._deadline = 0.0
        self._read: dict[str, list[tuple[int, int]]] = {}

    async def run(self, references: References, settings: CheckSettings) -> ProbeMetrics:
        """Ask all questions, as many at once as the endpoint takes, and measure the answers."""
        started = time.monotonic()
        self._deadline = asyncio.get_running_loop().time() + 60 * settings.minutes
        lists, again, (written, round_trip, chrf) = await asyncio.gather(
            asyncio.gather(*(self._list(number, number) for number in range(settings.lists))),
            self._list(0, settings.lists, sends_seed=True),
            self._translate_both_ways(references),
        )
        verdict = self._verdict(written, references)
        share = self._share_in_language(written, references, verdict)
        looks_like, seems = name_of_cld2(verdict.other), verdict.describe(self.language)
        if share is None and (other := await self._named_other(written)):
            share, looks_like = 0.0, other
            seems = f"the teacher itself calls these texts {other}, not {self.language.name}"
        seconds = time.monotonic() - started
        answers = [answer for answer in self._answers if answer is not None]
        tokens = sum(answer.tokens_out for answer in answers)
        return ProbeMetrics(
            answered=len(answers) / max(1, len(self._answers)),
            script=_share(written, lambda text: in_script(text, self.language.script)),
            language=share,
            structured=_share([answer for answer in lists if answer], _is_list),
            reasoning=_share(answers, lambda answer: bool(answer.reasoning)),
            chrf=chrf,
            round_trip=round_trip,
            tokens_per_second=tokens / max(seconds, 1e-9),
            median_seconds=median(self._latencies) if self._latencies else 0.0,
            looks_like=looks_like,
            seems=seems,
            truncated=_share(answers, lambda answer: answer.finish == "length") or 0.0,
            fertility=self._fertility(),
            repeats=bool(again and lists[0] and again.text == lists[0].text),
            most_common_failure=max(self._failures, key=self._failures.__getitem__, default=""),
        )

    async def _named_other(self, texts: Sequence[str]) -> str:
        """Return the other language that the teacher says most of the texts are in, else ""."""
        texts = texts[:MAX_TEXTS]
        self.progress.total += len(texts)
        requests = (templates.name_language(text) for text in texts)
        answers = await asyncio.gather(
            *(self._ask(request, self.seed, NAME_SCHEMA) for request in requests)
        )
        return named_other(map(_name_in, _without_none(answers)), self.language)

    async def _translate_both_ways(
        self, references: References
    ) -> tuple[list[str], float | None, float | None]:
        """Return the texts in the language, chrF++ of the round trip and of the translations.

        Without English originals, the round trip starts in the language and there are no
        translations to compare with references.
        """
        if references.english:
            written = await self._translations(references.english, "English", self.language.name)
            back = await self._translations(written, self.language.name, "English")
            round_trip = _chrf(back, references.english)
            return _without_none(written), round_trip, _chrf(written, references.texts)
        english = await self._translations(references.texts, self.language.name, "English")
        written = await self._translations(english, "English", self.language.name)
        return _without_none(written), _chrf(written, references.texts), None

    async def _translations(
        self, texts: Sequence[str | None], source: str, target: str
    ) -> list[str | None]:
        """Translate the texts; an unchanged text is not a translation (None)."""
        translations = await asyncio.gather(
            *(self._translation(text, source, target) for text in texts)
        )
        return [
            None if translation == text else translation
            for translation, text in zip(translations, texts, strict=True)
        ]

    async def _translation(self, text: str | None, source: str, target: str) -> str | None:
        if not text:
            return None
        answer = await self._ask(templates.translate_text(text, source, target), self.seed)
        if answer and answer.tokens_in:
            self._read.setdefault(source, []).append((len(text), answer.tokens_in))
        try:
            return text_in(answer) if answer else None
        except parsing.InvalidFormat:
            return None

    async def _list(self, topic: int, number: int, sends_seed: bool = False) -> Answer | None:
        name = self.language.name
        seed_topic = templates.language_seeds(name)[topic % 8]
        messages = templates.write_prompts(LIST_LENGTH, seed_topic, "topic", name)
        schema = parsing.list_schema(LIST_LENGTH)
        return await self._ask(messages, self.seed + number, schema, sends_seed)

    async def _ask(
        self,
        messages: list[Message],
        seed: int,
        schema: Mapping[str, Any] | None = None,
        sends_seed: bool = False,
    ) -> Answer | None:
        started = time.monotonic()
        answer: Answer | None
        try:
            async with asyncio.timeout_at(self._deadline):
                answer = await self.teacher.complete(
                    messages, seed, schema=schema, sends_seed=sends_seed
                )
        except (NoAnswer, TimeoutError) as failure:
            self._failures[str(failure) or TIMEOUT] += 1
            answer = None
        else:
            self._latencies.append(time.monotonic() - started)
        self._answers.append(answer)
        self.progress.show(len(self._answers), spent=f"${self.teacher.budget.spent:.2f}")
        return answer

    def _fertility(self) -> float | None:
        """Compare how many tokens the texts of both translations took, without their requests."""
        language, english = (
            _tokens_of_texts(self._read.get(name, ())) for name in (self.language.name, "English")
        )
        return language / english if language and english else None

    def _verdict(self, texts: Sequence[str], references: References) -> LanguageVerdict:
        """Judge the language of all texts together."""
        profile = TrigramProfile.learn(references.texts, references.english, MIN_PROFILE_LETTERS)
        run = RunLanguage.learn(self.language, references.texts, self.min_letters, profile)
        for text in texts:
            run.add(prose(text))
        return run.verdict()

    def _share_in_language(
        self, texts: Sequence[str], references: References, verdict: LanguageVerdict
    ) -> float | None:
        """Return the share in the right language; None if nothing is known about it."""
        if verdict.is_other_language:
            return 0.0
        identifier = library_identifier(self.language, references.texts)
        if identifier is None:
            return 1 - verdict.share if verdict.share else None
        share = _share(texts, lambda text: not identifier.is_other_language(prose(text)))
        return None if share is None else min(share, 1 - verdict.share)


def _tokens_of_texts(read: Sequence[tuple[int, int]]) -> float | None:
    """Return the mean tokens of texts, given their letters and the tokens of whole requests.

    The tokens that all requests have in common are the intercept of a linear fit.
    """
    try:
        slope, _ = linear_regression(*zip(*read, strict=True))
    except (StatisticsError, TypeError):  # too few, or all of one length
        return None
    return slope * mean(letters for letters, _ in read)


def _without_none(items: Sequence[T | None]) -> list[T]:
    return [item for item in items if item]


def _name_in(answer: Answer) -> str:
    try:
        return parsing.name(answer.text, "language")
    except parsing.InvalidFormat:
        return ""


def _share(items: Sequence[Any], condition: Callable[[Any], bool]) -> float | None:
    return sum(map(condition, items)) / len(items) if items else None


def _is_list(answer: Answer) -> bool:
    try:
        return len(list_in(LIST_LENGTH, answer)) == LIST_LENGTH
    except parsing.InvalidFormat:
        return False


def _chrf(outputs: Sequence[str | None], references: Sequence[str]) -> float | None:
    """Return the corpus chrF++; a missing output counts as an empty text."""
    import sacrebleu

    if not references:
        return None
    texts = [output or "" for output in outputs]
    return float(sacrebleu.corpus_chrf(texts, [list(references)], word_order=2).score)
