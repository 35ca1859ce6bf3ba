"""What the practice base reads before anybody adapts it, as pieces of text.

English tasks and texts, Esperanto texts without any translation, answer or instruction, and
translation between English and made-up languages. Whoever adds a source says so in the card.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from recipes.practice.artificial_languages import languages
from recipes.practice.exercises import WORDINGS, Task, answer, prompt, random_exercise
from recipes.practice.texts import ask, passage, questions, reply, write_text
from recipes.practice.world import TOPICS, Sentence, random_sentence

ENGLISH_TASKS: tuple[Task, ...] = ("topic", "topic", "write", "write_about")


@dataclass(frozen=True)
class Piece:
    """A text to read, of which every token counts, or turns of which only the answers count."""

    text: str = ""
    turns: tuple[tuple[str, str], ...] = ()


def pieces(rng: Random, shares: dict[str, float]) -> Iterator[Piece]:
    """Pieces without end; `shares` says how often each source is drawn."""
    makers = {
        "english": lambda: Piece(write_text(_sentences(rng), "eng")),
        "esperanto": lambda: Piece(write_text(_sentences(rng), "epo")),
        "tasks": lambda: _task(rng),
        "questions": lambda: _questions(rng),
        "made_up": lambda: _translation(rng),
    }
    while True:
        yield makers[rng.choices(list(shares), list(shares.values()))[0]]()


def _sentences(rng: Random, most: int = 3) -> tuple[Sentence, ...]:
    topic = rng.choice(TOPICS)
    return tuple(random_sentence(rng, topic) for _ in range(rng.randint(1, most)))


def _task(rng: Random) -> Piece:
    exercise = random_exercise(rng, rng.choice(ENGLISH_TASKS), "eng")
    return Piece(turns=((prompt(exercise), answer(exercise, rng)),))


def _questions(rng: Random) -> Piece:
    """A passage and all the questions on it, one after the other."""
    read = passage(rng, rng.choice(TOPICS), length=rng.choice((1, 2)))
    possible = [question for sentence in read for question in questions(sentence)]
    asked = rng.sample(possible, len(possible))
    wording = rng.choice(WORDINGS["question"]["eng"])
    text = write_text(read, "eng")
    first, *others = ((ask(question, "eng"), reply(question, "eng")) for question in asked)
    return Piece(turns=((wording.format(text=text, question=first[0]), first[1]), *others))


def _translation(rng: Random) -> Piece:
    language = rng.choice(languages())
    sentences = _sentences(rng, 2)
    foreign = " ".join(language.write(sentence) for sentence in sentences)
    known = write_text(sentences, "eng")
    into = rng.choice(("English", language.name))
    source, target = (foreign, known) if into == "English" else (known, foreign)
    wording = rng.choice(("Translate into {}:\n{}", "What is this in {}?\n{}"))
    return Piece(turns=((wording.format(into, source), target),))
