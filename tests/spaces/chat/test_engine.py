"""The engine with real models of a few kilobytes: load, compare, unload, stop."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from adapters import Adapter
from answer_settings import AnswerSettings
from common.languages import Language
from conversation import Side
from engine import MAX_ADAPTERS, CannotAnswer, Engine

from tests.spaces import tiny_models

pytestmark = [
    pytest.mark.xdist_group("torch"),  # one process pays for importing torch
    pytest.mark.filterwarnings("ignore"),  # transformers and peft warn about themselves
]
SETTINGS = AnswerSettings()
QUESTION = [{"role": "user", "content": "saluton mondo"}]


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> list[Adapter]:
    folder = tmp_path_factory.mktemp("models")
    base = str(folder / "base")
    return [
        Adapter(str(path), "main", base, Language("epo_Latn"), True)
        for path in tiny_models.save(folder, base, MAX_ADAPTERS + 1)
    ]


def answer(engine: Engine, adapter: Adapter, side: Side = "adapter") -> list[str]:
    return list(engine.answer(adapter, QUESTION, side, SETTINGS, threading.Event()))


def test_torch_is_not_imported_before_the_first_question() -> None:
    chat = Path(__file__).parents[3] / "spaces" / "chat"
    modules = "sys; sys.path.append('..'); import engine, model_registry, conversation"
    code = f"import {modules}; engine.Engine(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=chat, check=False).returncode == 0


def test_answers_stream_and_the_base_model_answers_differently(adapters: list[Adapter]) -> None:
    engine = Engine()
    assert not engine.is_loaded(adapters[0])
    tuned = answer(engine, adapters[0])
    assert engine.is_loaded(adapters[0])
    assert all(late.startswith(early) for early, late in zip(tuned, tuned[1:], strict=False))
    base = answer(engine, adapters[0], "base")
    assert base[-1] != tuned[-1]
    assert answer(engine, adapters[1], "base")[-1] == base[-1], "all adapters share one base"
    assert answer(engine, adapters[1])[-1] != tuned[-1]
    assert answer(engine, adapters[0])[-1] == tuned[-1], "the other adapter leaves no trace"


def test_both_sides_answer_under_the_system_prompt_of_the_card(adapters: list[Adapter]) -> None:
    engine, prompted = Engine(), replace(adapters[0], system_prompt="mondo mondo")
    sides: tuple[Side, ...] = ("adapter", "base")
    for side in sides:
        messages = [{"role": "system", "content": prompted.system_prompt}, *QUESTION]
        expected = list(engine.answer(adapters[0], messages, side, SETTINGS, threading.Event()))
        assert answer(engine, prompted, side) == expected != answer(engine, adapters[0], side)


def test_settings_of_a_visitor_decide_how_an_answer_is_generated(adapters: list[Adapter]) -> None:
    engine, adapter = Engine(), replace(adapters[0], system_prompt="mondo mondo")

    def last(settings: AnswerSettings) -> str:
        *_, text = engine.answer(adapter, QUESTION, "adapter", settings, threading.Event())
        return text

    assert last(SETTINGS) == last(SETTINGS)
    assert len({last(SETTINGS.for_retry()) for _ in range(5)}) > 1
    assert len(last(AnswerSettings(max_tokens=2)).split()) <= 2
    assert last(AnswerSettings(system_prompt="akvo")) != last(SETTINGS)


def test_number_of_loaded_adapters_is_bounded(adapters: list[Adapter]) -> None:
    engine = Engine()
    for adapter in adapters:
        engine.preload(adapter)
    assert [engine.is_loaded(adapter) for adapter in adapters] == [False] + [True] * MAX_ADAPTERS
    assert answer(engine, adapters[0])
    assert not engine.is_loaded(adapters[1])


def test_stop_ends_the_answer(adapters: list[Adapter]) -> None:
    engine, stop = Engine(), threading.Event()
    whole = answer(engine, adapters[0])
    assert len(whole) > 3
    pieces = engine.answer(adapters[0], QUESTION, "adapter", SETTINGS, stop)
    next(pieces)
    stop.set()
    assert len(list(pieces)) < len(whole) - 1


def test_abandoned_answer_frees_the_engine(adapters: list[Adapter]) -> None:
    engine = Engine()
    pieces = engine.answer(adapters[0], QUESTION, "adapter", SETTINGS, threading.Event())
    next(pieces)
    del pieces
    assert answer(engine, adapters[0])


def test_long_conversation_is_truncated_and_too_long_question_is_refused(
    adapters: list[Adapter],
) -> None:
    engine = Engine()
    turns = [{"role": role, "content": "bela " * 30} for role in ("user", "assistant")] * 9
    assert list(
        engine.answer(adapters[0], [*turns, *QUESTION], "adapter", SETTINGS, threading.Event())
    )
    too_long = [{"role": "user", "content": "bela " * 200}]
    with pytest.raises(CannotAnswer, match="too_long"):
        list(engine.answer(adapters[0], too_long, "adapter", SETTINGS, threading.Event()))


# Failed before: the page went on waiting for an answer, and the question was lost.
@pytest.mark.parametrize("refusal", ["raise_exception('no system')", "1 + 'a'"])
def test_template_that_accepts_no_system_prompt_is_an_answer_that_cannot_be_given(
    adapters: list[Adapter], tmp_path: Path, refusal: str
) -> None:
    folder = shutil.copytree(adapters[0].repo, tmp_path / "adapter")
    template = "{% if messages[0].role == 'system' %}{{ " + refusal + " }}{% endif %}"
    (folder / "chat_template.jinja").write_text(template + tiny_models.TEMPLATE)
    engine, adapter = Engine(), replace(adapters[0], repo=str(folder))
    with pytest.raises(CannotAnswer, match="template_refuses"):
        answer(engine, replace(adapter, system_prompt="mondo"))
    assert answer(engine, adapter)


def test_missing_model_is_an_error_and_the_next_one_works(
    adapters: list[Adapter], tmp_path: Path
) -> None:
    engine = Engine()
    missing = Adapter(str(tmp_path / "gone"), "main", adapters[0].base, Language("epo_Latn"), True)
    with pytest.raises((OSError, ValueError)):
        answer(engine, missing)
    assert answer(engine, adapters[0])
