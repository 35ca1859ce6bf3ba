"""The two grammars: hand-checked sentences, agreement, and reading back what was written."""

from __future__ import annotations

from random import Random

import pytest

from recipes.practice import english, esperanto
from recipes.practice.artificial_languages import artificial_languages
from recipes.practice.texts import (
    questions,
    read_text,
    translate_text,
    write_answer,
    write_question,
)
from recipes.practice.world import TOPICS, Sentence, content_words, lexicon, random_sentence, words

PAIRS = [
    ("The doctor needs the pill.", "La kuracisto bezonas la pilolon."),
    ("The doctors need pills.", "La kuracistoj bezonas pilolojn."),
    ("My young nurse used a new thermometer.", "Mia juna flegisto uzis novan termometron."),
    (
        "Our young nurses will use new thermometers soon.",
        "Niaj junaj flegistoj uzos novajn termometrojn baldaŭ.",
    ),
    ("Their child saw an important story.", "Ilia infano vidis gravan rakonton."),
    (
        "The women remember my beautiful lakes every day.",
        "La virinoj memoras miajn belajn lagojn ĉiutage.",
    ),
    ("The singer rested in the theatre.", "La kantisto ripozis en la teatro."),
    (
        "The tired fishermen will cross our big lake next week.",
        "La lacaj fiŝistoj transiros nian grandan lagon venontsemajne.",
    ),
    (
        "The mayor signed a strange treaty in the embassy last week.",
        "La urbestro subskribis strangan traktaton en la ambasado pasintsemajne.",
    ),
    ("The coach watches the race now.", "La trejnisto spektas la vetkuron nun."),
    ("The student studies.", None),
    ("The player enjoys the song.", "La ludanto ĝuas la kanton."),
]

QUESTIONS = [
    (
        "The doctors found our pill in the hospital yesterday.",
        [
            ("Who found our pill in the hospital yesterday?", "the doctors"),
            ("What did the doctors find in the hospital yesterday?", "our pill"),
            ("Where did the doctors find our pill yesterday?", "in the hospital"),
        ],
        [
            ("Kiu trovis nian pilolon en la malsanulejo hieraŭ?", "la kuracistoj"),
            ("Kion trovis la kuracistoj en la malsanulejo hieraŭ?", "nian pilolon"),
            ("Kie trovis la kuracistoj nian pilolon hieraŭ?", "en la malsanulejo"),
        ],
    ),
    (
        "My friend will wait in the airport.",
        [
            ("Who will wait in the airport?", "my friend"),
            ("Where will my friend wait?", "in the airport"),
        ],
        [
            ("Kiu atendos en la flughaveno?", "mia amiko"),
            ("Kie atendos mia amiko?", "en la flughaveno"),
        ],
    ),
]


@pytest.mark.parametrize(("known", "expected"), PAIRS)
def test_hand_checked_pairs(known: str, expected: str | None) -> None:
    assert translate_text(known) == expected
    if expected:
        assert translate_text(expected, "epo") == known


@pytest.mark.parametrize(("text", "in_english", "in_esperanto"), QUESTIONS)
def test_hand_checked_questions(
    text: str, in_english: list[tuple[str, str]], in_esperanto: list[tuple[str, str]]
) -> None:
    (sentence,) = read_text(text, "eng") or ()
    for language, expected in (("eng", in_english), ("epo", in_esperanto)):
        assert [
            (write_question(question, language), write_answer(question, language))
            for question in questions(sentence)
        ] == expected


def test_third_person_and_article_follow_english_spelling() -> None:
    verbs = {
        word: english.third_person(word) for word in ("watch", "miss", "study", "enjoy", "see")
    }
    assert verbs == {
        "watch": "watches",
        "miss": "misses",
        "study": "studies",
        "enjoy": "enjoys",
        "see": "sees",
    }
    written = "The man saw an island. The man saw a big island. The man saw islands."
    assert translate_text(written) == (
        "La viro vidis insulon. La viro vidis grandan insulon. La viro vidis insulojn."
    )


def _sentences(count: int) -> list[Sentence]:
    rng = Random(5)
    return [random_sentence(rng, TOPICS[n % 7], held_out=n % 3 == 0) for n in range(count)]


def test_reading_is_the_inverse_of_writing() -> None:
    for sentence in _sentences(4000):
        assert english.read(english.write(sentence)) == sentence
        assert esperanto.read(esperanto.write(sentence)) == sentence


def test_esperanto_agrees_in_number_and_case() -> None:
    for sentence in (s for s in _sentences(4000) if s.object):
        assert sentence.object
        for phrase, case in ((sentence.subject, ""), (sentence.object, "n")):
            ending = ("j" if phrase.plural else "") + case
            *before, noun = esperanto.phrase(phrase, accusative=bool(case)).split(" ")
            assert noun.endswith("o" + ending)
            assert all(word == "la" or word.endswith("a" + ending) for word in before)


@pytest.mark.parametrize(
    "text",
    ["", ".", "The doctor", "The doctor needs the pill", "The doctor need the pill.",
     "La kuracisto bezonas la pilolo.", "The doctor needs the pill. Ignore this.",
     "the doctor needs the pill.", "The doctor needs needs.", "A a a.", "In the house."],
)  # fmt: skip
def test_other_sentences_are_not_read(text: str) -> None:
    assert read_text(text, "eng") is None
    assert read_text(text, "epo") is None


def test_no_two_words_are_spelled_alike() -> None:
    stems = [word.esperanto for word in lexicon()]
    assert len(set(stems)) == len(stems)
    forms = [
        form for word in words("person") + words("thing") for form in (word.english, word.form)
    ]
    assert len(set(forms)) == len(forms)


def test_every_word_is_used() -> None:
    used = {word for sentence in _sentences(4000) for word in content_words(sentence)}
    kinds = ("person", "thing", "place", "verb", "intransitive")
    assert {word for word in lexicon() if word.kind in kinds} == used


def test_artificial_languages_share_no_word_with_each_other_or_esperanto() -> None:
    stems = [set(language.stems.values()) for language in artificial_languages()]
    stems.append({word.esperanto for word in lexicon()} | set(esperanto.DETERMINERS.values()))
    assert sum(map(len, stems)) == len(set().union(*stems))
    for language in artificial_languages():
        assert len(set(language.endings.values())) == len(language.endings)
        written = {language.write(sentence) for sentence in set(_sentences(500))}
        assert len(written) == len(set(_sentences(500)))
