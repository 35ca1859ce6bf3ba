"""Clean drafts in many languages, and drafts with one planted fault each.

The sentences are those of `seeds.tsv`: the first articles of the Universal Declaration of Human
Rights and sentences of daily life, the same ones in each language. Clean drafts also have what only
looks like a fault: code, quotations, names, given addresses, formulas, short answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

from recipes.core import language
from recipes.core.text_fold import UNSPACED
from recipes.generate.gates import Check, GateSettings, build_gates, language_id
from recipes.generate.gates.settings import GlossaryTerm
from recipes.generate.schema import ENGLISH, Draft, Message, Row

SETTINGS = GateSettings(
    identify_from=60,
    english_words=0.3,
    english_run=8,
    ratio=(0.75, 25),
    slack=4,
    tokenizer=None,
    loop=0.4,
    cut_tail=40,
    learn_refusals=True,
    profile=0,
    glossary=(GlossaryTerm("computer", "komputero", ("komputoro*",)),),
    forbidden=("vulgaraĵ*",),
)
REFUSALS = {
    "epo_Latn": "Mi bedaŭras, sed mi ne povas helpi pri tio.",
    "swh_Latn": "Samahani, lakini siwezi kusaidia na hilo.",
    "rus_Cyrl": "Извините, но я не могу вам с этим помочь.",
    "amh_Ethi": "ይቅርታ፣ በዚህ ጉዳይ ልረዳዎት አልችልም።",
    "ben_Beng": "দুঃখিত, আমি এই বিষয়ে সাহায্য করতে পারছি না।",
    "gle_Latn": "Tá brón orm, ach ní féidir liom cabhrú leis sin.",
    "jpn_Jpan": "申し訳ありませんが、そのご依頼にはお応えできません。",
    "heb_Hebr": "אני מצטער, אבל אני לא יכול לעזור בזה.",
}
TAGS = ("<|im_start|>", "<|channel|>final", "</think>", "[INST]", "<end_of_turn>", "<tool_call>")
CODE = "```html\n<text>the code of the page is not that of the user</text>\n```"
GIVEN_URL = "https://wiki.example.edu/page"


@cache
def sentences() -> dict[str, tuple[str, ...]]:
    """Return the sentences of each language, in the same order."""
    by_code: dict[str, tuple[str, ...]] = {}
    for line in Path(__file__).with_name("seeds.tsv").read_text("utf-8").splitlines():
        code, text = line.split("\t")
        by_code[code] = (*by_code.get(code, ()), text)
    return by_code


@cache
def gates_of(code: str) -> tuple[Check, ...]:
    """Return the gates of a language."""
    known = language.get(code)
    examples = [REFUSALS[code]] if code in REFUSALS else []
    identifier = language_id.build_identifier(known)
    return build_gates(SETTINGS, known, identifier, refusal_examples=examples)


def targets() -> list[str]:
    """The languages that are question_sentences for."""
    return [code for code in sentences() if code != ENGLISH]


def text_of(code: str, chosen: list[int], separator: str = "") -> str:
    """Return some sentences as one text."""
    between = separator or ("" if code.endswith(("_Jpan", "_Hans")) else " ")
    return between.join(sentences()[code][number] for number in chosen)


@dataclass(frozen=True)
class Scene:
    """A language, and the numbers of the sentences in question and answer."""

    rng: Random
    code: str
    question_sentences: list[int]
    answer_sentences: list[int]

    @classmethod
    def draw(cls, rng: Random, code: str) -> Scene:
        """Return a random scene whose answer has at least three sentences."""
        order = rng.sample(range(6), 6)
        return cls(rng, code, order[:2], order[2 : 5 + rng.randrange(2)])

    @property
    def question(self) -> str:
        """The user's text."""
        return text_of(self.code, self.question_sentences)

    @property
    def answer(self) -> str:
        """The assistant's text."""
        return text_of(self.code, self.answer_sentences)

    def draft(self, answer: str, question: str = "") -> Draft:
        """Return a question and its answer, both in the language."""
        return exchange(question or self.question, answer, (self.code, self.code))

    def translated(self, english: str, text: str, into_english: bool = False) -> Draft:
        """Return a request to translate and its answer."""
        pairs = ((english, text),)
        if into_english:
            return exchange(f"{self.question}\n{text}", english, (None, ENGLISH), pairs)
        return exchange(f"{self.question}\n{english}", text, (None, self.code), pairs)


def exchange(
    question: str,
    answer: str,
    codes: tuple[str | None, str | None],
    pairs: tuple[tuple[str, str], ...] = (),
) -> Draft:
    """Return a draft of two turns."""
    turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
    return Draft(Row("topics", "p", "t", turns), codes, pairs)


def clean(rng: Random, code: str) -> Draft:
    """Return a draft that every gate must keep."""
    scene = Scene.draw(rng, code)
    text, english = scene.answer, text_of(ENGLISH, scene.answer_sentences)
    first = sentences()[code][scene.answer_sentences[0]]
    variants: tuple[Callable[[], Draft], ...] = (
        lambda: scene.draft(text),
        lambda: scene.draft(f"<think>\nThe user wants to know. {english}\n</think>\n\n{text}"),
        lambda: scene.draft("\n".join(f"- {sentences()[code][n]}" for n in scene.answer_sentences)),
        lambda: scene.draft(f"**{first}**\n\n{text}\n\nAnna Schmidt"),
        lambda: scene.draft(f"{text}\n\n{CODE}\n\n{first}"),
        lambda: scene.draft(f"{first} “{english}” {text}"),
        lambda: scene.draft(f"{text} (Johann Sebastian Bach, 1685–1750) $E = mc^2$ α 🙂"),
        lambda: scene.draft(f"{text} {GIVEN_URL}", f"{scene.question} {GIVEN_URL}"),
        lambda: scene.draft(f"{text} http://www.example.com/a?b=c"),
        lambda: scene.draft("Paris"),
        lambda: scene.draft("42"),
        lambda: scene.draft(f"{text} (Москва, 東京)"),
        lambda: scene.draft(f"{first}\n{text}"),
        lambda: scene.draft(f"1. {first}\n2. {text}\n3. New York"),
        lambda: scene.translated(english, text),
        lambda: scene.translated(english, text, into_english=True),
    )
    return rng.choice(variants)()


def _in(scene: Scene, mark: str) -> str:
    """Return the answer with a mark between two of its words or letters."""
    text = scene.answer
    place = scene.rng.randrange(len(text) // 4, len(text))
    space = text.find(" ", place)
    place = space if space >= 0 else place
    return text[:place] + mark + text[place:]


def swapped_pair(scene: Scene) -> Draft:
    """Swap original and translation."""
    return scene.translated(scene.answer, text_of(ENGLISH, scene.answer_sentences))


def wrong_language(scene: Scene) -> Draft | None:
    """Answer in another language, of the same script if possible.

    Languages that no library knows are skipped: they cannot be identified without texts.
    """
    if not language_id.build_identifier(language.get(scene.code)).method.startswith(
        ("CLD2", "py3")
    ):
        return None
    same = [code for code in targets() if code.endswith(scene.code[4:]) and code != scene.code]
    return scene.draft(text_of(scene.rng.choice(same or targets()[:20]), scene.answer_sentences))


def wrong_script(scene: Scene) -> Draft:
    """Answer in another script."""
    other = [code for code in targets() if code[4:] != scene.code[4:]]
    if scene.code.endswith(("_Jpan", "_Hans")):
        other = [code for code in other if not code.endswith(("_Jpan", "_Hans"))]
    return scene.draft(text_of(scene.rng.choice(other), scene.answer_sentences))


def english_answer(scene: Scene) -> Draft:
    """Answer in English."""
    return scene.draft(text_of(ENGLISH, scene.answer_sentences))


def english_left(scene: Scene) -> Draft:
    """Leave one sentence of the answer in English."""
    english = sentences()[ENGLISH][scene.rng.choice([0, 1, 3, 5])]
    last = sentences()[scene.code][scene.question_sentences[0]]
    return scene.draft(f"{scene.answer} {english} {last}")


def looped(scene: Scene) -> Draft:
    """Repeat the end many times."""
    last = sentences()[scene.code][scene.answer_sentences[-1]]
    piece = scene.rng.choice((last, last[: len(last) // 2], " ".join(last.split()[:3])))
    return scene.draft(f"{scene.answer} " + f"{piece} " * scene.rng.randrange(10, 40))


def stuttered(scene: Scene) -> Draft:
    """Repeat one letter."""
    return scene.draft(_in(scene, "a" * scene.rng.randrange(15, 80)))


def leaked_tag(scene: Scene) -> Draft:
    """Insert a tag of a chat template."""
    return scene.draft(_in(scene, scene.rng.choice(TAGS)))


def failed_text(scene: Scene) -> Draft:
    """Use what failed software writes as the answer, or append it to the question."""
    word = scene.rng.choice(("nan", "None", "null", "NaN", "undefined", " ", ""))
    if scene.rng.random() < 0.3 and word.strip():
        return scene.draft(scene.answer, f"{scene.question}\n\n{word}")
    return scene.draft(word)


def out_of_tokens(scene: Scene) -> Draft:
    """Cut off the answer, with the finish_reason for it."""
    half = scene.answer[: len(scene.answer) * 2 // 3]
    return replace(scene.draft(half), finish="length")


def cut_off(scene: Scene) -> Draft | None:
    """Cut off the answer, without the finish_reason for it; only the full stop is missing."""
    if scene.code[4:] in {*UNSPACED, "Hans", "Jpan"}:
        return None
    last = sentences()[scene.code][scene.answer_sentences[-1]]
    kept = last[: scene.rng.randrange(42, len(last) - 1)] if len(last) > 45 else ""
    if not kept or not kept[-1].isalpha():
        return None
    return scene.draft(f"{text_of(scene.code, scene.answer_sentences[:-1])} {kept}")


def refused(scene: Scene) -> Draft:
    """Refuse in English."""
    refusal = scene.rng.choice(
        (
            "I'm sorry, but I can't help with that.",
            "As an AI language model, I do not have personal experiences.",
            "I cannot provide assistance with this request.",
            "I am unable to answer that question in this language.",
        )
    )
    return scene.draft(f"{refusal} {scene.answer}")


def refused_in_language(scene: Scene) -> Draft | None:
    """Refuse in the language, not in exactly the words of the examples."""
    if scene.code not in REFUSALS:
        return None
    refusal = REFUSALS[scene.code]
    end = scene.rng.choice(("", "!", f" {scene.answer}"))
    return scene.draft(refusal.rstrip(".።।。") + end if end == "!" else refusal + end)


def stray_letter(scene: Scene) -> Draft:
    """Insert a letter of another script, as in the answers of the published model."""
    strays = {"Arab": "的", "Hans": "ы", "Jpan": "ы"}.get(scene.code[4:])
    return scene.draft(_in(scene, strays or scene.rng.choice(("的", "私", "한", "ا"))))


def invented_address(scene: Scene) -> Draft:
    """Insert a made-up web address."""
    url = scene.rng.choice(("https://www.kakugo-news.org/2024/a", "www.madeup.info"))
    return scene.draft(_in(scene, f" {url} "))


def broken_letters(scene: Scene) -> Draft:
    """Insert wrongly decoded characters."""
    return scene.draft(_in(scene, scene.rng.choice(("\ufffd", "\x00", "â€™", "\ud83d"))))


def too_short(scene: Scene) -> Draft:
    """Translate only one sentence of six."""
    english = text_of(ENGLISH, list(range(6)))
    shortest = min(sentences()[scene.code], key=lambda text: len(text.encode()))
    return scene.translated(english * (3 if len(shortest.encode()) > 90 else 1), shortest)


def without_text(scene: Scene) -> Draft:
    """Leave a placeholder in the question."""
    return scene.draft(scene.answer, f"{scene.question}\n{{text}}")


def no_turns(scene: Scene) -> Draft:
    """Let the assistant speak first, or drop the answer."""
    draft = scene.draft(scene.answer)
    turns = draft.row.messages[::-1] if scene.rng.random() < 0.5 else draft.row.messages[:1]
    codes = (scene.code,) * len(turns)
    return replace(draft, row=replace(draft.row, messages=turns), languages=codes)


def echoed(scene: Scene) -> Draft:
    """Repeat the question as the answer."""
    return scene.draft(scene.question)


def unwanted_word(scene: Scene) -> Draft:
    """Insert a form that the community rejects."""
    word = scene.rng.choice(("komputorojn", "Vulgaraĵo"))
    return scene.draft(_in(scene, f" {word} "))


FAULTS: tuple[Callable[[Scene], Draft | None], ...] = (
    swapped_pair,
    wrong_language,
    wrong_script,
    english_answer,
    english_left,
    looped,
    stuttered,
    leaked_tag,
    failed_text,
    out_of_tokens,
    cut_off,
    refused,
    refused_in_language,
    stray_letter,
    invented_address,
    broken_letters,
    too_short,
    without_text,
    no_turns,
    echoed,
    unwanted_word,
)


def planted(
    rng: Random, count: int, without: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, Draft]]:
    """Yield faulty drafts in all languages but some: fault, language and draft."""
    codes = [code for code in targets() if code not in without]
    while count:
        fault, code = rng.choice(FAULTS), rng.choice(codes)
        draft = fault(Scene.draw(rng, code))
        if draft is not None:
            count -= 1
            yield fault.__name__, code, draft
