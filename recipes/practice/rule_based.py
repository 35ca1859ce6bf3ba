"""The practice teacher: answer the generator's prompts by rule.

It parses the prompts of `recipes/generate/prompts/templates.py`, and its response depends on the
request alone. It knows only the practice world and uses no held-out combination of words.
Sometimes it makes a mistake of the kind that large models make, so that the gates drop something.
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
from recipes.practice.texts import (
    Language,
    questions,
    read_text,
    translate_text,
    write_question,
)
from recipes.practice.world import TOPICS, Word, words

NOT_UNDERSTOOD = "I am only a practice teacher and do not understand this."
FAULT_RATE = 0.02
TASK_WEIGHTS: tuple[tuple[Task, float], ...] = (
    ("topic", 3),
    ("question", 6),
    ("write_about", 1),
)
CONTEXT_TASKS = {
    "translate the text into English": "to_english",
    "say what topic or kind the text is": "topic",
    "answer a question, which the prompt asks and the text answers": "question",
}

RULES = r"(?:.*\n\n)?"  # of a community, in front of a request
ANSWER = re.compile(
    RULES + r"Answer the message below in .*?<message>(?P<message>.*)</message>", re.DOTALL
)


@dataclass(frozen=True)
class Response:
    """A chat completion; `finish` is OpenAI's finish_reason."""

    text: str
    reasoning: str = ""
    finish: str = "stop"


def respond(messages: Sequence[Mapping[str, str]], seed: int = 0) -> Response:
    """Answer a conversation, sometimes with a mistake; another seed gives another response."""
    rng = Random(f"{seed} {json.dumps(messages, sort_keys=True)}")
    content = str(messages[-1].get("content", ""))
    for pattern, handler in _handlers():
        if match := pattern.fullmatch(content):
            response = Response(handler(rng, **match.groupdict()))
            break
    else:
        request = ANSWER.fullmatch(content)
        response = _answer(rng, request["message"] if request else content)
    return _add_fault(rng, response) if rng.random() < FAULT_RATE else response


def _answer(rng: Random, prompt: str) -> Response:
    exercise = exercises.read_prompt(prompt)
    if exercise is None:
        return Response(NOT_UNDERSTOOD)
    reasoning = f"The user wants {exercise.task.replace('_', ' ')}; I answer in full."
    return Response(exercises.answer(exercise, rng), reasoning)


def _topics(rng: Random, count: str, about: str) -> str:
    topic = _topic_in(rng, about)
    nouns = [word.form for word in _nouns(topic)]
    pairs = [f"{noun} and {other}" for noun in nouns for other in nouns if noun != other]
    return _json_list(rng.sample(pairs, min(int(count), len(pairs))))


def _scenarios(rng: Random, count: str) -> str:
    def scenario() -> str:
        person, thing = (rng.choice(words(kind)).english for kind in ("person", "thing"))
        return f"The {person} needs help with the {thing}."

    return _json_list([scenario() for _ in range(int(count))])


def _prompts(rng: Random, count: str, about: str) -> str:
    topic = _topic_in(rng, about)
    tasks, weights = zip(*TASK_WEIGHTS, strict=True)
    drawn_tasks = rng.choices(tasks, weights, k=int(count))
    return _json_list(
        [
            exercises.prompt(exercises.random_exercise(rng, task, "epo", topic))
            for task in drawn_tasks
        ]
    )


def _context_prompts(rng: Random, count: str, task: str, text: str) -> str:
    sentences, name = read_text(text, "epo"), CONTEXT_TASKS.get(task)
    if not sentences or not name or (name == "question" and len(sentences) == 1):
        return "[]"  # a question about a single sentence is too easy
    if name != "question":
        wordings = _wordings("topic" if name == "topic" else "to_english")
        return _json_list(rng.sample(wordings, min(int(count), len(wordings))))
    texts = [
        write_question(question, "epo")
        for sentence in sentences
        for question in questions(sentence)
    ]
    sample = rng.sample(texts, min(int(count), len(texts)))
    wordings = _wordings("question")
    return _json_list([rng.choice(wordings).replace("{question}", text) for text in sample])


def _instructions(rng: Random, count: str, target: str) -> str:
    task: Task = "to_english" if target == "English" else "to_esperanto"
    return _json_list(list(_wordings(task))[: int(count)])


def _revise(rng: Random, prompt: str) -> str:
    """Reword the prompt; the practice world has no harder prompts."""
    for standard, other in (WORDINGS[task]["epo"][:2] for task in exercises.TASKS):
        if match := re.fullmatch(_pattern(standard), prompt, re.DOTALL):
            return _fill(other, match.groupdict())
    return prompt


def _translate_text(rng: Random, source: str, text: str) -> str:
    language: Language = "eng" if source == "English" else "epo"
    return translate_text(text, language) or NOT_UNDERSTOOD


def _translate_conversation(rng: Random, conversation: str) -> str:
    turns = json.loads(conversation)
    translated_turns: list[str] = []
    for prompt, answer in zip(turns[::2], turns[1::2], strict=False):
        exercise = exercises.read_prompt(prompt)
        if translated := exercises.translate(exercise, answer) if exercise else None:
            translated_turns += [exercises.prompt(translated[0]), translated[1]]
        else:
            translated_turns += [NOT_UNDERSTOOD] * 2
    return _json_list(translated_turns)


def _mark(rng: Random, conversation: str) -> str:
    """Return the lowest grade of the answers: 5 if right, 4 if grammatical, 1 for anything else."""
    turns = [next(iter(turn.values())) for turn in json.loads(conversation)]
    pairs = zip(turns[::2], turns[1::2], strict=False)
    grades = [_grade_of(prompt, answer) for prompt, answer in pairs]
    return json.dumps({"mark": min(grades, default=1)})


def _grade_of(prompt: str, answer: str) -> int:
    exercise = exercises.read_prompt(prompt)
    if exercise and answer == exercises.answer(exercise, Random(0)):
        return 5
    return 4 if any(read_text(answer, language) for language in ("epo", "eng")) else 1


def _harm(rng: Random, conversation: str) -> str:
    return json.dumps({"harmful": False})  # the practice world has nothing harmful


def _add_fault(rng: Random, response: Response) -> Response:
    """Return the response with one of the mistakes that large models make."""
    half = response.text[: max(1, len(response.text) // 2)]
    return rng.choice(
        (
            Response(NOT_UNDERSTOOD, response.reasoning),
            Response(half, response.reasoning, "length"),
            Response(f"```json\n{half}", response.reasoning),
            Response(" ".join([*response.text.split()[:4]] * 12), response.reasoning),
            Response("I'm sorry, but as an AI I can't help with that."),
            replace(response, text=f"<|start|>{response.text}<|end|>"),
            replace(response, text="nan"),
        )
    )


@cache
def _handlers() -> tuple[tuple[re.Pattern[str], Callable[..., str]], ...]:
    """Return a pattern for each of the generator's prompts, and the function that answers it."""
    handlers: tuple[tuple[str, Callable[..., str]], ...] = (
        (r"List (?P<count>\d+) different topics .*<topic>(?P<about>.*)</topic>", _topics),
        (r"List (?P<count>\d+) different (?:detailed|common) situations .*", _scenarios),
        (
            r"Write (?P<count>\d+) different prompts that .*"
            r"<(topic|scenario)>(?P<about>.*)</(topic|scenario)>",
            _prompts,
        ),
        (
            r"Below is a text in \w+\. Write (?P<count>\d+) (?:different )?prompts? that asks? an "
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
    return tuple((re.compile(RULES + pattern, re.DOTALL), handler) for pattern, handler in handlers)


def _topic_in(rng: Random, about: str) -> str:
    """Return a topic of the practice world that a phrase mentions, else a random one."""
    mentioned = set(re.findall(r"\w+", about.lower()))
    matching = [topic for topic in TOPICS if mentioned & _topic_words(topic)]
    return rng.choice(matching or TOPICS)


@cache
def _topic_words(topic: str) -> frozenset[str]:
    nouns = {word for noun in _nouns(topic) for word in (noun.english, noun.form)}
    return frozenset(nouns | set(topic.split("/")))


@cache
def _nouns(topic: str) -> tuple[Word, ...]:
    kinds = ("person", "thing", "place")
    return tuple(word for kind in kinds for word in words(kind, topic) if word.topic == topic)


def _wordings(task: Task) -> tuple[str, ...]:
    return WORDINGS[task]["epo"]


def _pattern(wording: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(wording))


def _fill(wording: str, slots: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: slots[slot.group(1)], wording)


def _json_list(texts: Sequence[str]) -> str:
    return json.dumps(texts, ensure_ascii=False)
