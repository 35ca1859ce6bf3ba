"""The engine with real models of a few kilobytes: loads, compares, forgets, stops."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import space_models
from adapters import Adapter
from engine import MOST_ADAPTERS, Engine, Unanswerable
from languages import Language

pytestmark = [
    pytest.mark.xdist_group("browser"),  # one process pays for importing torch
    pytest.mark.filterwarnings("ignore"),  # of transformers and peft about themselves
]
ASK = [{"role": "user", "content": "saluton mondo"}]


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> list[Adapter]:
    folder = tmp_path_factory.mktemp("models")
    base = str(folder / "base")
    return [
        Adapter(str(place), "main", base, Language("epo_Latn"), True)
        for place in space_models.save(folder, base, MOST_ADAPTERS + 1)
    ]


def answer(engine: Engine, adapter: Adapter, who: str = "adapter") -> list[str]:
    return list(engine.answer(adapter, ASK, who, threading.Event()))


def test_torch_is_not_imported_before_the_first_question() -> None:
    chat = Path(__file__).parents[3] / "spaces" / "chat"
    modules = "sys; sys.path.append('..'); import engine, model_registry, conversation"
    code = f"import {modules}; engine.Engine(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=chat, check=False).returncode == 0


def test_answers_stream_and_the_base_answers_differently(adapters: list[Adapter]) -> None:
    engine = Engine()
    assert not engine.ready(adapters[0])
    taught = answer(engine, adapters[0])
    assert engine.ready(adapters[0])
    assert all(late.startswith(early) for early, late in zip(taught, taught[1:], strict=False))
    plain = answer(engine, adapters[0], "base")
    assert plain[-1] != taught[-1]
    assert answer(engine, adapters[1], "base")[-1] == plain[-1], "one base under all adapters"
    assert answer(engine, adapters[1])[-1] != taught[-1]
    assert answer(engine, adapters[0])[-1] == taught[-1], "nothing of the other adapter is left"


def test_both_are_asked_under_the_system_prompt_of_the_card(adapters: list[Adapter]) -> None:
    engine, led = Engine(), replace(adapters[0], system="mondo mondo")
    for who in ("adapter", "base"):
        told = [{"role": "system", "content": led.system}, *ASK]
        by_hand = list(engine.answer(adapters[0], told, who, threading.Event()))
        assert answer(engine, led, who) == by_hand != answer(engine, adapters[0], who)


def test_keeps_a_bounded_number_of_adapters(adapters: list[Adapter]) -> None:
    engine = Engine()
    for one in adapters:
        engine.warm(one)
    assert [engine.ready(one) for one in adapters] == [False] + [True] * MOST_ADAPTERS
    assert answer(engine, adapters[0])
    assert not engine.ready(adapters[1])


def test_a_stop_ends_the_answer(adapters: list[Adapter]) -> None:
    engine, stop = Engine(), threading.Event()
    whole = answer(engine, adapters[0])
    assert len(whole) > 3
    pieces = engine.answer(adapters[0], ASK, "adapter", stop)
    next(pieces)
    stop.set()
    assert len(list(pieces)) < len(whole) - 1


def test_an_answer_nobody_listens_to_sets_the_engine_free(adapters: list[Adapter]) -> None:
    engine = Engine()
    pieces = engine.answer(adapters[0], ASK, "adapter", threading.Event())
    next(pieces)
    del pieces
    assert answer(engine, adapters[0])


def test_a_long_talk_is_cut_and_a_question_beyond_the_model_refused(
    adapters: list[Adapter],
) -> None:
    engine = Engine()
    talk = [{"role": role, "content": "bela " * 30} for role in ("user", "assistant")] * 9
    assert list(engine.answer(adapters[0], [*talk, *ASK], "adapter", threading.Event()))
    long = [{"role": "user", "content": "bela " * 200}]
    with pytest.raises(Unanswerable, match="too_long"):
        list(engine.answer(adapters[0], long, "adapter", threading.Event()))


def test_a_model_that_is_not_there_is_an_error_and_the_next_one_works(
    adapters: list[Adapter], tmp_path: Path
) -> None:
    engine = Engine()
    gone = Adapter(str(tmp_path / "gone"), "main", adapters[0].base, Language("epo_Latn"), True)
    with pytest.raises((OSError, ValueError)):
        answer(engine, gone)
    assert answer(engine, adapters[0])
