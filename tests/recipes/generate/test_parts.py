"""Parsing, workers, n-grams and final rows: small parts of the generate recipe."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recipes.core import language
from recipes.core.errors import Unworkable, UserError
from recipes.generate.dedup.decontamination import Benchmarks, NgramSettings
from recipes.generate.dedup.finalize import finalize
from recipes.generate.dedup.minhash import MinhashSettings
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.gates.run_language import RunLanguage
from recipes.generate.prompts import parsing
from recipes.generate.run import commonest_reasons, drop_other_language, write_dataset
from recipes.generate.schema import Message, Prompt, Row
from recipes.generate.teacher.workers import Work, run_workers

NEAR = MinhashSettings(threshold=0.9, letters=5, bands=16, rows=4)
TURNS = (Message(role="user", content="Hi"), Message(role="assistant", content="Hello"))


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('```json\n["a", "b"]\n```', ["a", "b"]),
        ('Here you are: ["a", "b",]', ["a", "b"]),
        ('["a", "a", "b", "c", "d"]', ["a", "b", "c"]),
        ('[" a ", "nan", "None", ""]', ["a"]),
        ("[]", []),
        ('{"prompts": ["a", "b"]}', ["a", "b"]),
        ('["a\\ud83d\\ude00"]', ["a\U0001f600"]),
        ('Here are 3 prompts [as asked]:\n["a", "b"]', ["a", "b"]),
        ('["a", "b"]\nI hope that [these] help.', ["a", "b"]),
        ('{"prompts": ["a", "b"], "count": 2}', ["a", "b"]),
        ('[{"prompt": "a", "id": 1}, {"prompt": "b", "id": 2}]', ["a", "b"]),
        ('Sure:\n[{"prompt": "a"}, {"prompt": "b"}]', ["a", "b"]),
        ('["a"]\n["b"]\n', ["a", "b"]),
        ('["a [x]", "b",]', ["a [x]", "b"]),
        ("[a, b]", ["a", "b"]),
    ],
)
def test_lists_are_parsed_and_repaired(answer: str, texts: list[str]) -> None:
    assert parsing.texts(answer, 3) == texts


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('["a", "b', "broken_json"),
        ("I cannot.", "broken_json"),
        ("", "broken_json"),
        ("<html>502</html>", "broken_json"),
        ('{"a": "b"}', "not_a_list"),
        ("3", "not_a_list"),
        ("[1, 2]", "not_texts"),
        ('["\\ud83d"]', "not_texts"),
        ("[" * 100_000 + "]" * 100_000, "broken_json"),
        ("[" * 50_000 + "]", "broken_json"),
        ('["nan"]', "empty_texts"),
    ],
)
def test_answers_without_a_list_are_refused(answer: str, reason: str) -> None:
    with pytest.raises(parsing.InvalidFormat, match=reason):
        parsing.texts(answer, 3)


def test_turns_keep_their_roles_or_are_refused() -> None:
    assert parsing.turns('["Saluton", "Bonan tagon"]', TURNS) == [
        {"role": "user", "content": "Saluton"},
        {"role": "assistant", "content": "Bonan tagon"},
    ]
    with pytest.raises(parsing.InvalidFormat, match="turn_count"):
        parsing.turns('["Saluton"]', TURNS)


@pytest.mark.parametrize("answer", ["nan", "None", "  ", "```\nx"])
def test_failed_texts_are_refused(answer: str) -> None:
    with pytest.raises(parsing.InvalidFormat):
        parsing.text(answer)


def test_the_context_replaces_the_placeholder_of_a_prompt() -> None:
    placed = Prompt(
        "contexts", "p", "Pri kio temas?\n{text}", "epo_Latn", "topic", context="La viro."
    )
    before = Prompt("contexts", "p", "Pri kio temas?", "epo_Latn", "topic", context="La viro.")
    assert placed.text == "Pri kio temas?\nLa viro."
    assert before.text == "La viro.\n\nPri kio temas?"


def test_workers_do_everything_deepest_first_and_within_their_number() -> None:
    done: list[tuple[int, ...]] = []
    at_once = most = waiting = most_waiting = 0

    async def node(path: tuple[int, ...]) -> Sequence[Work]:
        nonlocal at_once, most, waiting, most_waiting
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        done.append(path)
        below = [partial(node, (*path, n)) for n in range(5)] if len(path) < 3 else []
        waiting += len(below) - (len(path) > 1)
        most_waiting = max(most_waiting, waiting)
        return below

    asyncio.run(run_workers(iter([partial(node, (n,)) for n in range(200)]), 4))
    assert len(set(done)) == len(done) == 200 * (1 + 5 + 25)
    assert most == 4
    assert most_waiting <= 4 * 2 * 5


def test_an_error_ends_all_workers() -> None:
    async def fails() -> Sequence[Work]:
        raise UserError("enough")

    async def forever() -> Sequence[Work]:
        await asyncio.sleep(60)
        return ()

    with pytest.raises(UserError, match="enough"):
        asyncio.run(run_workers(iter([forever, fails, forever]), 3))


def row(text: str) -> Row:
    """Return a row with this answer."""
    return Row("pairs", "p", "t", (*TURNS[:1], Message(role="assistant", content=text)))


@pytest.mark.parametrize(
    ("text", "overlaps"),
    [
        ("Antaŭe: LA VIRO vidas la grandan lagon en la urbo, hodiaŭ!", True),
        ("La viro vidas la grandan lagon en la urbo", True),
        ("viro vidas la grandan lagon", False),
        ("La virino manĝas.", True),
        ("Hodiaŭ la virino manĝas pomon.", True),
        ("La hundo manĝas.", False),
    ],
)
def test_benchmark_texts_overlap_as_a_whole_or_in_ngrams(text: str, overlaps: bool) -> None:
    known = ["La viro vidas la grandan lagon en la urbo.", "La virino manĝas.", "Jes."]
    benchmarks = Benchmarks(
        [("b", known)], NgramSettings(words=6, characters=10, shortest=2), "Latn"
    )
    assert benchmarks.overlaps([row(text)]) == [overlaps]
    assert len(benchmarks) == 4 + 1


def test_a_language_without_spaces_is_compared_by_characters() -> None:
    benchmarks = Benchmarks(
        [("b", ["法国的首都是巴黎那里有许多博物馆"])], NgramSettings(6, 8, 2), "Hans"
    )
    rows = [row("我说:法国的首都是巴黎那里。"), row("法国的首都很大。")]
    assert benchmarks.overlaps(rows) == [True, False]


def test_final_rows_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    benchmarks = Benchmarks(
        [("b", ["La viro vidas la grandan lagon."])], NgramSettings(6, 10, 2), "Latn"
    )
    texts = ["Bone.", "Bone.", "Ne.", "Jen: la viro vidas la grandan lagon, ĉu ne?"]
    loop = Row("topics", "q", "t", TURNS)
    results = []
    for order in permutations(map(row, texts)):
        store = RowStore(tmp_path / "rows")
        store.add(loop, "loop")
        for next_row in order:
            store.add(next_row)
        final_rows = finalize(store, Counter(timeout=2), lambda: benchmarks, NEAR, tmp_path / "s")
        results.append((list(final_rows.with_reasons()), final_rows.dropped))
        kept = [final.messages[1]["content"] for final in final_rows.kept]
        assert sorted(kept) == ["Bone.", "Ne."] and len(final_rows.kept) == 2
        store.close()
    assert all(result == results[0] for result in results)
    assert results[0][1] == {
        "duplicate": 1,
        "benchmark_overlap": 1,
        "loop": 1,
        "timeout": 2,
    }


@pytest.mark.parametrize(
    ("counted", "reasons"),
    [
        (Counter(eo=100), [None, None, None]),
        (Counter(eo=90, es=10), [None, "other_language", None]),
        (Counter(eo=10, es=90), ["other_language"] * 3),
    ],
    ids=["in the language", "mixed", "in another language"],
)
def test_the_verdict_on_the_run_drops_rows(
    tmp_path: Path, counted: Counter[str], reasons: list[str | None]
) -> None:
    store = RowStore(tmp_path / "rows")
    for number, label in enumerate(("eo", "es", None)):
        store.add(Row("topics", str(number), "t", TURNS), None, label)
    run = RunLanguage(language.get("epo_Latn"), 60, Counter(eo=500), _run=counted)
    drop_other_language(store, run)
    store.sort()
    assert {row.prompt_id: reason for _, row, reason in store.in_order()} == dict(
        zip("012", reasons, strict=True)
    )
    assert store.dropped == reasons.count("other_language") == 3 - store.kept
    store.close()


def test_without_kept_rows_the_commonest_reasons_have_an_example(tmp_path: Path) -> None:
    store = RowStore(tmp_path / "rows")
    for number in range(3):
        store.add(Row("topics", str(number), "t", TURNS), "loop" if number else "cut_off")
    benchmarks = partial(Benchmarks, (), NgramSettings(6, 10, 2), "Latn")
    rows = finalize(store, Counter(timeout=5, broken_json=1), benchmarks, NEAR, tmp_path / "s")
    assert commonest_reasons(rows, {"timeout": "", "broken_json": "[1]\nPodemos"}) == (
        "5 × timeout (the teacher did not answer in time); "
        '2 × loop (the text repeats itself, like "Hello"); '
        '1 × broken_json (not valid JSON, even after repair, like "[1] Podemos")'
    )
    store.close()


@pytest.mark.parametrize("is_complete", [True, False])
def test_without_rows_a_run_is_tried_again_unless_every_answer_is_there(
    is_complete: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recipes.generate.run.run_isolated", lambda *_: None)
    rows = SimpleNamespace(kept=(), dropped={"loop": 2}, with_reasons=lambda: ())
    teacher = SimpleNamespace(has_all_answers=is_complete)
    result: Any = SimpleNamespace(
        rows=rows,
        context=SimpleNamespace(teacher=teacher, lost_examples={}),
        verdict=SimpleNamespace(describe=lambda _: ""),
    )
    options: Any = SimpleNamespace(
        folder=tmp_path,
        language=None,
        settings=SimpleNamespace(seed=1, teacher=SimpleNamespace(temperature=0.0, max_tokens=9)),
        config=SimpleNamespace(name="mine"),
        digest="0" * 64,
    )
    usage: Any = None
    with pytest.raises(UserError, match="No row passed the gates.* 2 × loop") as refusal:
        write_dataset(options, usage, result, usage)
    assert isinstance(refusal.value, Unworkable) is is_complete
