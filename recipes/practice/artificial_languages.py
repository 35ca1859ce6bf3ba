"""Made-up languages, in which the base model practises the skill of translating.

A real base model has seen many languages translated into many others before it meets a new one.
Each language here is word for word and regular, with endings for plural, object and tense, and
its words are drawn from a seed. None of them is Esperanto, and no Esperanto belongs here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from recipes.practice.english import DETERMINERS
from recipes.practice.world import TENSES, NounPhrase, Sentence, lexicon

# Each with consonants of its own, so that no two languages share a word.
SOUNDS = {
    "Bedu": ("bdgz", "aeu"),
    "Kivo": ("kvfr", "aio"),
    "Mowa": ("mwnl", "aoei"),
    "Tixy": ("txpq", "iyu"),
}


@dataclass(frozen=True)
class MadeUp:
    """A language: a stem for each English word, and endings by (kind, plural, object) or tense."""

    name: str
    stems: dict[str, str]
    endings: dict[tuple[str, bool, bool] | str, str]

    def write(self, sentence: Sentence) -> str:
        """The sentence in this language."""
        parts = [self._phrase(sentence.subject, False)]
        parts.append(self.stems[sentence.verb.english] + self.endings[sentence.tense])
        if sentence.object:
            parts.append(self._phrase(sentence.object, True))
        if sentence.place:
            parts += [self.stems["in"], self._phrase(sentence.place, False)]
        if sentence.time:
            parts.append(self.stems[sentence.time.english])
        text = " ".join(parts) + "."
        return text[0].upper() + text[1:]

    def _phrase(self, noun_phrase: NounPhrase, is_object: bool) -> str:
        shape = (noun_phrase.plural, is_object)
        parts = [self.stems[noun_phrase.noun.english] + self.endings["noun", *shape]]
        if noun_phrase.adjective:
            adjective = self.stems[noun_phrase.adjective.english]
            parts.insert(0, adjective + self.endings["adjective", *shape])
        if noun_phrase.determiner == "the":
            parts.insert(0, self.stems["the"])
        elif noun_phrase.determiner != "a":
            determiner = self.stems[noun_phrase.determiner]
            parts.insert(0, determiner + self.endings["adjective", *shape])
        return " ".join(parts)


@cache
def languages() -> tuple[MadeUp, ...]:
    """All of them, always the same."""
    return tuple(_make(name, *sounds) for name, sounds in SOUNDS.items())


def _make(name: str, consonants: str, vowels: str) -> MadeUp:
    rng = Random(name)
    taken: set[str] = set()
    meanings = [*(w.english for w in lexicon()), *(d for d in DETERMINERS if d != "a"), "in"]
    stems = {meaning: _new(rng, consonants, vowels, taken) for meaning in meanings}
    kinds = [(k, p, o) for k in ("noun", "adjective") for p in (False, True) for o in (False, True)]
    shapes: list[tuple[str, bool, bool] | str] = [*kinds, *TENSES]
    pairs = [v + c for v in vowels for c in consonants if v + c not in ("ed", "an", "on")]
    return MadeUp(name, stems, dict(zip(shapes, rng.sample(pairs, len(shapes)), strict=True)))


def _new(rng: Random, consonants: str, vowels: str, taken: set[str]) -> str:
    while True:
        sounds = [consonants, vowels, consonants, vowels, consonants]
        stem = "".join(rng.choice(sound) for sound in sounds)
        if stem not in taken:
            taken.add(stem)
            return stem
