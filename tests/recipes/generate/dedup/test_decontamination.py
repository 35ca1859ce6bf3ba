"""Decontamination leaves no overlap, and the audit would notice one."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from recipes.generate.data.corpora import Corpus
from recipes.generate.dedup.decontamination import Benchmarks, NgramSettings
from recipes.generate.publish import parquet
from recipes.generate.publish.audit import AuditReport, BenchmarkAuditor, audit_files
from recipes.generate.schema import Message, Row

SIZE = NgramSettings(words=8, characters=24, shortest=8)
ARABIC = "كتب الطالب الدرس الجديد في المدرسة القديمة كل صباح"

BENGALI = "সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে"
LAO = "ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີສິດທິເສລີພາບ"
ORIGIN = parquet.RunColumns(1, 1.0, 512, "practice")


def row(*said: str) -> Row:
    """A conversation."""
    roles = ("user", "assistant") * len(said)
    turns = (
        Message(role=role, content=text)  # type: ignore[typeddict-item]
        for role, text in zip(roles, said, strict=False)
    )
    return Row("topics", "p", "t", tuple(turns))


def both(texts: list[str], script: str = "Latn") -> tuple[Benchmarks, BenchmarkAuditor]:
    """Return the first index and the one of the audit."""
    named: list[tuple[str, list[str]]] = [("flores", texts), ("none", [])]
    return Benchmarks(named, SIZE, script), BenchmarkAuditor(named, SIZE, script)


def sentences(rng: Random, count: int) -> list[str]:
    """Sentences of twelve words out of two hundred."""
    words = [f"{a}{b}" for a in "bcdfghjklmnprst" for b in ("ato", "en", "irka", "ol", "umi")]
    return [" ".join(rng.choices(words, k=12)) for _ in range(count)]


def test_both_passes_find_every_planted_text_and_nothing_else() -> None:
    rng = Random(1)
    known = sentences(rng, 1500)
    benchmarks, auditor = both(known)
    assert len(benchmarks) == len(set(known)) * 5
    planted = 0
    for number, sentence in enumerate(sentences(rng, 1500)):
        dirty = number % 3 == 0
        taken = rng.choice(known).split()
        start = rng.randrange(len(taken) - 7)
        run = " ".join(taken[start : start + 8]).upper().replace(" ", ", ")
        text = f"{sentence}: «{run}»!" if dirty else sentence
        assert benchmarks.overlaps([row("Kio?", text)]) == [dirty]
        assert auditor.overlapping(["Kio?", text]) == [1] * dirty
        planted += dirty
    assert planted == 500


@pytest.mark.parametrize("length", [3, 5, 7, 8])
def test_both_passes_match_runs_of_any_length_and_short_texts_as_a_whole(length: int) -> None:
    rng = Random(length)
    known, size = [], NgramSettings(length, 24, shortest=3)
    for _ in range(12):
        known.append(" ".join(rng.choices("abcdef", k=rng.randint(2, 10))))
    texts = [" ".join(rng.choices("abcdefg", k=rng.randint(1, 30))) for _ in range(400)]
    wanted = {
        tuple(words[start : start + min(length, len(words))])
        for words in map(str.split, known)
        if len(words) >= 3
        for start in range(max(1, len(words) - length + 1))
    }

    def hit(text: str) -> bool:
        words = tuple(text.split())
        runs = (words[a:b] for a in range(len(words)) for b in range(a + 3, len(words) + 1))
        return not wanted.isdisjoint(runs)

    hits = [number for number, text in enumerate(texts) if hit(text)]
    assert 20 < len(hits) < 380, "or this test proves nothing"
    named = [("b", known)]
    assert BenchmarkAuditor(named, size, "Latn").overlapping(texts) == hits
    overlaps = Benchmarks(named, size, "Latn").overlaps([row(text) for text in texts])
    assert [number for number, overlap in enumerate(overlaps) if overlap] == hits


@pytest.mark.parametrize(
    ("script", "known", "text"),
    [
        ("Arab", ARABIC, f"قال: {ARABIC.replace('كتب', 'كَتَبَ')}"),
        ("Beng", BENGALI, BENGALI.replace(" সমান", ", «সমান»")),
        ("Laoo", LAO, LAO.replace("ມີ", ", ມີ ")),
        ("Latn", "a\u0301 b c d e f g h", "Á b c d e f g h"),
    ],
)
def test_spelling_hides_nothing(script: str, known: str, text: str) -> None:
    benchmarks, auditor = both([known], script)
    assert benchmarks.overlaps([row("?", text)]) == [True]
    assert auditor.overlapping([text]) == [0]


def test_texts_too_short_to_be_compared_are_counted() -> None:
    for index in both(["Too short.", "one two three four five six seven eight"]):
        assert [(count.name, count.texts, count.too_short) for count in index.counts] == [
            ("flores", 2, 1),
            ("none", 0, 0),
        ]


def written(folder: Path, rows: list[Row]) -> list[str]:
    """The paths of a dataset of these rows."""
    folder.mkdir()
    return parquet.kept_paths(parquet.write(folder, ((row, None) for row in rows), 0.5, ORIGIN))


def audited(folder: Path, rows: list[Row]) -> AuditReport:
    """What is certified of a dataset of these rows."""
    _, auditor = both(["one two three four five six seven eight"])
    where = [Corpus(name, "test", ["text"]).origin for name in ("flores", "none")]
    return audit_files(folder, written(folder, rows), auditor, where, dropped=3)


def test_the_certificate_says_what_was_compared_with_what(tmp_path: Path) -> None:
    rows = [row(f"asked {number}", f"said {number}") for number in range(20)]
    wire = json.loads(audited(tmp_path / "d", rows).to_json())
    assert (wire["rows"], wire["turns"], wire["left"], wire["dropped"]) == (20, 40, 0, 3)
    assert set(wire["files"]) == {"topics/train.parquet", "topics/test.parquet"}
    assert wire["benchmarks"][0] == {
        "repo": "flores",
        "config": None,
        "split": "test",
        "columns": ["text"],
        "texts": 1,
        "too_short": 0,
    }


def test_what_slipped_through_is_an_error(tmp_path: Path) -> None:
    rows = [row("asked", "said"), row("asked", "one two three four five six seven eight nine")]
    with pytest.raises(RuntimeError, match="1 of 2 written rows overlap"):
        audited(tmp_path / "d", rows)


def test_a_benchmark_may_name_languages_its_own_way() -> None:
    corpus = Corpus("m", "test", ["q"], config="yor_Latn", configs={"yor_Latn": "yo"})
    assert corpus.config == "yo" and corpus.name == "m yo test"
    assert Corpus("m", "test", ["q"], config="lus_Latn", configs={"yor_Latn": "yo"}).config == (
        "lus_Latn"
    )
