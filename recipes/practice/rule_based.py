"""The practice teacher's mind: from the messages of a request to what it says, by rule.

It reads the prompts that the generator really sends, and what it says is a function of the request
alone. It knows the practice world and nothing else, draws no held-out combination, and now and then
makes a mistake of the kind that large models make, so that the gates have work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from recipes.practice import exercises
from recipes.practice.exercises import WORDINGS, Task
from recipes.practice.texts import Language, questions, read_text, translate_text
from recipes.practice.texts import ask as put
from recipes.practice.world import TOPICS, Word, words

NOT_UNDERSTOOD = "I am only a practice teacher and do not understand this."
FAULTY = 0.02
GROWN: tuple[tuple[Task, float], ...] = (
    ("topic", 3),
    ("question", 6),
    ("write_about", 1),
)
TASK_OF = {
    "translate the text into English": "to_english",
    "say what topic or kind the text is": "topic",
    "answer a question, which the prompt asks and the text answers": "question",
}


@dataclass(frozen=True)
class Said:
    """What a request is answered with; `finish` is OpenAI's finish_reason."""

    text: str
    reasoning: str = ""
    finish: str = "stop"


def respond(messages: Sequence[Mapping[str, str]], seed: int = 0) -> Said:
    """The answer to a conversation, mistakes included; another seed gives another."""
    chance = Random(f"{seed} {json.dumps(messages, sort_keys=True)}")
    asked = str(messages[-1].get("content", ""))
    for pattern, reply in _replies():
        if found := pattern.fullmatch(asked):
            said = Said(reply(chance, **found.groupdict()))
            break
    else:
        said = _answer(chance, asked)
    return _spoil(chance, said) if chance.random() < FAULTY else said


def _answer(chance: Random, asked: str) -> Said:
    exercise = exercises.read_prompt(asked)
    if exercise is None:
        return Said(NOT_UNDERSTOOD)
    reasoning = f"The user wants {exercise.task.replace('_', ' ')}; I answer in full."
    return Said(exercises.answer(exercise, chance), reasoning)


def _topics(chance: Random, count: str, about: str) -> str:
    topic = _topic_in(chance, about)
    nouns = [word.form for word in _nouns(topic)]
    pairs = [f"{one} and {other}" for one in nouns for other in nouns if one != other]
    return _listed(chance.sample(pairs, min(int(count), len(pairs))))


def _scenarios(chance: Random, count: str) -> str:
    def one() -> str:
        person, thing = (chance.choice(words(kind)).english for kind in ("person", "thing"))
        return f"The {person} needs help with the {thing}."

    return _listed([one() for _ in range(int(count))])


def _prompts(chance: Random, count: str, about: str) -> str:
    topic = _topic_in(chance, about)
    tasks, weights = zip(*GROWN, strict=True)
    drawn = chance.choices(tasks, weights, k=int(count))
    return _listed(
        [exercises.prompt(exercises.random_exercise(chance, task, "epo", topic)) for task in drawn]
    )


def _context_prompts(chance: Random, count: str, task: str, text: str) -> str:
    sentences, known = read_text(text, "epo"), TASK_OF.get(task)
    if not sentences or not known or (known == "question" and len(sentences) == 1):
        return "[]"  # what one sentence says is no question worth asking
    if known != "question":
        wordings = _wordings("topic" if known == "topic" else "to_english")
        return _listed(chance.sample(wordings, min(int(count), len(wordings))))
    possible = [put(question, "epo") for one in sentences for question in questions(one)]
    chosen = chance.sample(possible, min(int(count), len(possible)))
    wordings = _wordings("question")
    return _listed([chance.choice(wordings).replace("{question}", asked) for asked in chosen])


def _instructions(chance: Random, count: str, target: str) -> str:
    task: Task = "to_english" if target == "English" else "to_esperanto"
    return _listed(list(_wordings(task))[: int(count)])


def _revise(chance: Random, prompt: str) -> str:
    """The same in other words: this small world has no harder ones."""
    for usual, other in (WORDINGS[task]["epo"][:2] for task in exercises.TASKS):
        if found := re.fullmatch(_pattern(usual), prompt, re.DOTALL):
            return _put_in(other, found.groupdict())
    return prompt


def _translate_text(chance: Random, source: str, text: str) -> str:
    language: Language = "eng" if source == "English" else "epo"
    return translate_text(text, language) or NOT_UNDERSTOOD


def _translate_conversation(chance: Random, conversation: str) -> str:
    told = json.loads(conversation)
    said: list[str] = []
    for asked, answered in zip(told[::2], told[1::2], strict=False):
        exercise = exercises.read_prompt(asked)
        moved = exercises.translate(exercise, answered) if exercise else None
        said += [exercises.prompt(moved[0]), moved[1]] if moved else [NOT_UNDERSTOOD] * 2
    return _listed(said)


def _mark(chance: Random, conversation: str) -> str:
    """5 when every answer is the right one, 4 when it is not but a sentence of this world, and so
    obeys the grammar, 1 when one is neither."""
    told = json.loads(conversation)
    turns = [next(iter(turn.values())) for turn in told]
    marks = [_mark_of(asked, said) for asked, said in zip(turns[::2], turns[1::2], strict=False)]
    return json.dumps({"mark": min(marks, default=1)})


def _mark_of(asked: str, said: str) -> int:
    exercise = exercises.read_prompt(asked)
    if exercise and said == exercises.answer(exercise, Random(0)):
        return 5
    return 4 if any(read_text(said, language) for language in ("epo", "eng")) else 1


def _harm(chance: Random, conversation: str) -> str:
    return json.dumps({"harmful": False})  # nobody in this world could harm anybody


def _spoil(chance: Random, said: Said) -> Said:
    """One of the mistakes that large models make."""
    half = said.text[: max(1, len(said.text) // 2)]
    return chance.choice(
        (
            Said(NOT_UNDERSTOOD, said.reasoning),
            Said(half, said.reasoning, "length"),
            Said(f"```json\n{half}", said.reasoning),
            Said(" ".join([*said.text.split()[:4]] * 12), said.reasoning),
            Said("I'm sorry, but as an AI I can't help with that."),
            replace(said, text=f"<|start|>{said.text}<|end|>"),
            replace(said, text="nan"),
        )
    )


@cache
def _replies() -> tuple[tuple[re.Pattern[str], Callable[..., str]], ...]:
    """What the generator's prompts look like, and who answers each."""
    known: tuple[tuple[str, Callable[..., str]], ...] = (
        (r"List (?P<count>\d+) different topics .*<topic>(?P<about>.*)</topic>", _topics),
        (r"List (?P<count>\d+) different (?:detailed|common) situations .*", _scenarios),
        (
            r"Write (?P<count>\d+) different prompts that .*"
            r"<(topic|scenario)>(?P<about>.*)</(topic|scenario)>",
            _prompts,
        ),
        (
            r"Below is a text in \w+\. Write (?P<count>\d+) different prompts that ask an "
            r"assistant to (?P<task>[^.]+)\. .*<text>(?P<text>.*)</text>",
            _context_prompts,
        ),
        (
            r"Write (?P<count>\d+) different short instructions, in Esperanto, that ask an "
            r"assistant to translate a text from \w+ into (?P<target>\w+)\. .*",
            _instructions,
        ),
        (r"Rewrite the prompt below .*<prompt>(?P<prompt>.*)</prompt>", _revise),
        (
            r"Translate the text below from (?P<source>\w+) into \w+, .*<text>(?P<text>.*)</text>",
            _translate_text,
        ),
        (
            r"Below is a conversation in English.*"
            r"<conversation>(?P<conversation>.*)</conversation>",
            _translate_conversation,
        ),
        (
            r"Below is a conversation for teaching.* How well is .*"
            r"<conversation>(?P<conversation>.*)</conversation>",
            _mark,
        ),
        (
            r"Below is a conversation for teaching.* Is it harmful.*"
            r"<conversation>(?P<conversation>.*)</conversation>",
            _harm,
        ),
    )
    return tuple((re.compile(pattern, re.DOTALL), reply) for pattern, reply in known)


def _topic_in(chance: Random, about: str) -> str:
    """The world's topic that a phrase speaks of, a random one when it speaks of none."""
    told = set(re.findall(r"\w+", about.lower()))
    known = [topic for topic in TOPICS if told & _signs(topic)]
    return chance.choice(known or TOPICS)


@cache
def _signs(topic: str) -> frozenset[str]:
    named = {word for noun in _nouns(topic) for word in (noun.english, noun.form)}
    return frozenset(named | set(topic.split("/")))


@cache
def _nouns(topic: str) -> tuple[Word, ...]:
    kinds = ("person", "thing", "place")
    return tuple(word for kind in kinds for word in words(kind, topic) if word.topic == topic)


def _wordings(task: Task) -> tuple[str, ...]:
    return WORDINGS[task]["epo"]


def _pattern(wording: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(wording))


def _put_in(wording: str, slots: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: slots[slot.group(1)], wording)


def _listed(texts: Sequence[str]) -> str:
    return json.dumps(texts, ensure_ascii=False)
