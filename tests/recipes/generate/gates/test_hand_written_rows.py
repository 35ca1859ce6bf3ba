"""The gates on rows that were written by hand, after the gates and apart from `planted_faults.py`.

`hand_clean.tsv` has what people really ask and get answered (refrains, counting, names, titles,
code, one word, a joke) in some fifty languages, `hand_faults.jsonl` what teachers really do wrong.
Rows that the gates judge wrongly stay in the files, so that the figures are honest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from recipes.core import language
from recipes.generate.gates import first_reason
from recipes.generate.schema import Draft, Message, Row
from tests.recipes.generate.gates import planted_faults as faults

HERE = Path(__file__).parent


def draft(question: str, answer: str, codes: tuple[str, str], **more: str) -> Draft:
    """Return a question and its answer; `english` is the original of a translation."""
    turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
    english = more.get("english")
    pairs = ((english, answer),) if english else ()
    row = Row("topics", "p", "t", turns)
    return Draft(row, codes, pairs, more.get("finish", "stop"), from_corpus=bool(pairs))


def clean() -> Iterator[tuple[str, Draft]]:
    for line in HERE.joinpath("hand_clean.tsv").read_text("utf-8").splitlines():
        code, answer_language, *texts = line.split("\t")
        question, answer = (text.replace("\\n", "\n") for text in texts)
        yield code, draft(question, answer, (code, answer_language))


def test_clean_rows_of_other_styles_are_kept() -> None:
    rows = list(clean())
    dropped = [
        (code, reason) for code, row in rows if (reason := first_reason(row, faults.gates_of(code)))
    ]
    share, languages = len(dropped) / len(rows), len({code for code, _ in rows})
    print(f"{share:.2%} of {len(rows)} clean rows in {languages} languages dropped: {dropped}")
    assert len(rows) > 500 and languages > 40
    assert share <= 0.01


def test_real_faults_are_caught() -> None:
    missed, count = [], 0
    for line in HERE.joinpath("hand_faults.jsonl").read_text("utf-8").splitlines():
        fault = json.loads(line)
        kind, code, question, answer = (fault.pop(key) for key in ("kind", "code", "asked", "said"))
        count += 1
        faulty = draft(question, answer, (code, code), **fault)
        if first_reason(faulty, faults.gates_of(code)) is None:
            missed.append((kind, code))
    print(f"{1 - len(missed) / count:.1%} of {count} faults caught; missed: {missed}")
    assert count >= 110 and len(missed) <= 15


def test_untranslated_text_is_not_taken_for_english() -> None:
    sentences, kept = faults.sentences(), []
    for code in faults.targets():
        if language.get(code).cld2:
            untranslated = draft("Q: 1", sentences[code][3], (code, "eng_Latn"))
            kept += [code] if first_reason(untranslated, faults.gates_of(code)) is None else []
            english = draft("Q: 1", sentences["eng_Latn"][3], (code, "eng_Latn"))
            assert first_reason(english, faults.gates_of(code)) is None
    assert len(kept) <= 2, kept
