"""The pretraining data of the practice base.

It has English tasks and texts, Esperanto texts without translations, answers or instructions, texts
that switch between the two, and translations between English and artificial languages. The card
(card.py) must name every source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from recipes.practice.artificial_languages import artificial_languages
from recipes.practice.exercises import WORDINGS, Task, answer, prompt, random_exercise
from recipes.practice.texts import (
    passage,
    questions,
    write_answer,
    write_mixed_text,
    write_question,
    write_text,
)
from recipes.practice.world import TOPICS, Sentence, is_held_out, random_sentence

MOST_TURNS = 4  # from which on no other example follows
PARTS = ("subject", "verb", "object", "place")
REPEATED = 0.4  # share of the parts of a sentence
ENGLISH_TASKS: tuple[Task, ...] = ("topic", "topic", "write", "write_about")


@dataclass(frozen=True)
class Example:
    """Either a text, with a loss on all tokens, or turns, with a loss on the answers only."""

    text: str = ""
    turns: tuple[tuple[str, str], ...] = ()


def examples(rng: Random, shares: dict[str, float], follow_ups: float = 0.0) -> Iterator[Example]:
    """Yield examples without end; `shares` weights how often each source is drawn.

    `follow_ups` is the share (0 to 1) of the turns that are followed by those of another example,
    so that a model learns that a question may have nothing to do with what came before.
    """
    sources = {
        "english": lambda: Example(write_text(_related_sentences(rng), "eng")),
        "esperanto": lambda: Example(write_text(_related_sentences(rng), "epo")),
        "mixed": lambda: Example(write_mixed_text(rng, _sentences(rng))),
        "tasks": lambda: _task(rng),
        "questions": lambda: _questions(rng),
        "artificial": lambda: _translation(rng),
    }
    turns: tuple[tuple[str, str], ...] = ()
    while True:
        example = sources[rng.choices(list(shares), list(shares.values()))[0]]()
        turns += example.turns
        if example.text:
            yield example
        elif len(turns) >= MOST_TURNS or rng.random() >= follow_ups:
            yield Example(turns=turns)
            turns = ()


def _sentences(rng: Random, most: int = 3) -> tuple[Sentence, ...]:
    topic = rng.choice(TOPICS)
    return tuple(random_sentence(rng, topic) for _ in range(rng.randint(1, most)))


def _related_sentences(rng: Random) -> tuple[Sentence, ...]:
    """Return sentences that often repeat a phrase or the verb of the one before."""
    first, *others = _sentences(rng)
    sentences = [first]
    for new in others:
        last = sentences[-1]
        parts = [part for part in PARTS if getattr(new, part) and getattr(last, part)]
        if not (new.object and last.object):
            parts.remove("verb")
        repeated = {part: getattr(last, part) for part in parts if rng.random() < REPEATED}
        related = replace(new, **repeated)
        sentences.append(new if is_held_out(related) else related)
    return tuple(sentences)


def _task(rng: Random) -> Example:
    exercise = random_exercise(rng, rng.choice(ENGLISH_TASKS), "eng")
    return Example(turns=((prompt(exercise), answer(exercise, rng)),))


def _questions(rng: Random) -> Example:
    """Return a passage and all questions about it, one after the other."""
    sentences = passage(rng, rng.choice(TOPICS), length=rng.choice((1, 2)))
    answered = [question for sentence in sentences for question in questions(sentence)]
    shuffled = rng.sample(answered, len(answered))
    wording = rng.choice(WORDINGS["question"]["eng"])
    text = write_text(sentences, "eng")
    first, *others = (
        (write_question(question, "eng"), write_answer(question, "eng")) for question in shuffled
    )
    return Example(turns=((wording.format(text=text, question=first[0]), first[1]), *others))


def _translation(rng: Random) -> Example:
    language = rng.choice(artificial_languages())
    sentences = _sentences(rng, 2)
    foreign = " ".join(language.write(sentence) for sentence in sentences)
    english = write_text(sentences, "eng")
    target_name = rng.choice(("English", language.name))
    source, target = (foreign, english) if target_name == "English" else (english, foreign)
    wording = rng.choice(("Translate into {}:\n{}", "What is this in {}?\n{}"))
    return Example(turns=((wording.format(target_name, source), target),))
