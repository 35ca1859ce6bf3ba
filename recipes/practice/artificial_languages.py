"""Artificial languages, from which the base model learns how to translate.

A real base model has seen translations between many languages before it learns a new one. Each
language here has English word order and regular endings for plural, object and tense; its words are
drawn from a seed. None of them may resemble Esperanto.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from recipes.practice.english import DETERMINERS
from recipes.practice.world import TENSES, NounPhrase, Sentence, lexicon, punctuate

# Consonants and vowels; no two languages share a consonant, so they cannot share a word.
SOUNDS = {
    "Bedu": ("bdgz", "aeu"),
    "Kivo": ("kvfr", "aio"),
    "Mowa": ("mwnl", "aoei"),
    "Tixy": ("txpq", "iyu"),
}


@dataclass(frozen=True)
class ArtificialLanguage:
    """A stem for each English word, and endings by (kind, is plural, is object) or by tense."""

    name: str
    stems: dict[str, str]
    endings: dict[tuple[str, bool, bool] | str, str]

    def write(self, sentence: Sentence) -> str:
        """Return the sentence in this language."""
        parts = [self._phrase(sentence.subject, False)]
        parts.append(self.stems[sentence.verb.english] + self.endings[sentence.tense])
        if sentence.object:
            parts.append(self._phrase(sentence.object, True))
        if sentence.place:
            parts += [self.stems["in"], self._phrase(sentence.place, False)]
        if sentence.time:
            parts.append(self.stems[sentence.time.english])
        return punctuate(parts, ".")

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
def artificial_languages() -> tuple[ArtificialLanguage, ...]:
    """Return all languages, always the same."""
    return tuple(_make_language(name, *sounds) for name, sounds in SOUNDS.items())


def _make_language(name: str, consonants: str, vowels: str) -> ArtificialLanguage:
    rng = Random(name)
    used: set[str] = set()
    meanings = [*(w.english for w in lexicon()), *(d for d in DETERMINERS if d != "a"), "in"]
    stems = {meaning: _new_stem(rng, consonants, vowels, used) for meaning in meanings}
    kinds = [(k, p, o) for k in ("noun", "adjective") for p in (False, True) for o in (False, True)]
    shapes: list[tuple[str, bool, bool] | str] = [*kinds, *TENSES]
    pairs = [v + c for v in vowels for c in consonants if v + c not in ("ed", "an", "on")]
    return ArtificialLanguage(
        name, stems, dict(zip(shapes, rng.sample(pairs, len(shapes)), strict=True))
    )


def _new_stem(rng: Random, consonants: str, vowels: str, used: set[str]) -> str:
    while True:
        sounds = [consonants, vowels, consonants, vowels, consonants]
        stem = "".join(rng.choice(sound) for sound in sounds)
        if stem not in used:
            used.add(stem)
            return stem
