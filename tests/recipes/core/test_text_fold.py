"""Two spellings of one text are one for near-duplicates, decontamination and evaluation alike."""

from __future__ import annotations

import unicodedata

import pytest

from recipes.core import text_fold
from recipes.evaluate.contamination import contaminated
from recipes.generate.dedup.decontamination import Benchmarks, NgramSettings
from recipes.generate.dedup.minhash import MinhashSettings, are_near_duplicates
from recipes.generate.publish.audit import BenchmarkAuditor
from recipes.generate.schema import Message, Row

YORUBA = "Gbogbo ènìyàn ni a bí ní òmìnira; iyì àti ẹ̀tọ́ kọ̀ọ̀kan sì dọ́gba"
PERSIAN = "تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ کرامت و حقوق با هم یکی هستند"
JAVANESE = "ꦱꦧꦼꦤ꧀ꦲꦸꦮꦺꦴꦁꦏꦭꦲꦶꦂꦫꦏꦺꦏꦤ꧀ꦛꦶꦩꦂꦢꦶꦏꦭꦤ꧀ꦢꦂꦧꦺꦩꦂꦠꦧꦠ꧀"
TURKISH = "İnsanlar ışık ile ılık bir yerde iyi yaşar, iyi çalışır ve iyi dinlenir"
SPELLINGS = [
    ("Latn", YORUBA, unicodedata.normalize("NFD", YORUBA)),
    ("Arab", PERSIAN, PERSIAN.replace("ی", "ي").replace("ک", "ك")),
    ("Arab", PERSIAN, PERSIAN.replace("ی", "ى")),
    ("Arab", PERSIAN, PERSIAN.replace("\u200c", " ")),
    ("Arab", PERSIAN, PERSIAN.replace("ا", "ا\u0640\u064e")),
    ("Java", JAVANESE, "\u200b".join(JAVANESE[n : n + 6] for n in range(0, len(JAVANESE), 6))),
    ("Latn", TURKISH, TURKISH.replace("i", "İ").replace("ı", "I").upper()),
    ("Latn", TURKISH, TURKISH.lower()),
]


def row(text: str) -> Row:
    turns = (Message(role="user", content=text), Message(role="assistant", content=text))
    return Row("topics", "p", "t", turns)


@pytest.mark.parametrize(("script", "text", "spelled"), SPELLINGS)
def test_another_spelling_is_the_same_text(script: str, text: str, spelled: str) -> None:
    assert text != spelled
    settings = NgramSettings(words=8, characters=24, shortest=8)
    assert Benchmarks([("b", [text])], settings, script).overlaps([row(spelled)]) == [True]
    assert BenchmarkAuditor([("b", [text])], settings, script).overlapping([spelled]) == [0]
    assert are_near_duplicates(row(text), row(spelled), MinhashSettings(1.0, 5, 1, 1))
    assert contaminated([text], [f"– {spelled} –"], min_letters=24) == {text}


def test_other_texts_stay_other_texts() -> None:
    folded = [text_fold.fold(text) for text in (YORUBA, PERSIAN, JAVANESE, TURKISH, "a b", "ab")]
    assert len(set(folded)) == len(folded)
