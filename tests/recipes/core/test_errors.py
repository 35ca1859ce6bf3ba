"""Which errors end the same way at every attempt, and which may pass.

More of both kinds are where the modules that raise them are tested.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

from recipes.core import config, hub_refs, language, model_loading
from recipes.core.benchmarks.table import benchmark_of
from recipes.core.errors import Unworkable, UserError
from recipes.evaluate.clean_suite import _without
from recipes.generate import community
from recipes.generate.estimate import teacher_price
from recipes.generate.journal.local import Journal
from recipes.generate.teacher import failures
from recipes.generate.teacher.client import choose_model
from recipes.train import next_version

ADAPTER_CONFIG = '{"base_model_name_or_path": "org/other"}'


def load(text: str, folder: Path) -> config.Config:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return config.load(str(path), "org", "epo_Latn")


def improve(folder: Path, adapter_config: str | None, **settings: Any) -> None:
    """Make a next version of an adapter with this config, None for no adapter."""
    path = folder / "adapter_config.json"
    path.write_text(adapter_config or "", encoding="utf-8")
    api: Any = SimpleNamespace(
        repo_info=lambda *_, **__: SimpleNamespace(sha="0" * 40),
        file_exists=lambda *_, **__: adapter_config is not None,
        hf_hub_download=lambda *_, **__: str(path),
    )
    args: Any = SimpleNamespace(dataset="o/d", base="org/base", into="o/a", feedback="o/f")
    train: Any = SimpleNamespace(**{"feedback": {}, "lora": {}, **settings})
    next_version.main(api, args, train)


SAME_AGAIN: dict[str, Callable[[Path], Any]] = {
    "no such recipe": lambda _: config.load("none", "org", "epo_Latn"),
    "no such language": lambda _: config.load("practice", "org", "Espranto"),
    "no such code": lambda _: language.get("xxx_Latn"),
    "a wrong recipe": lambda folder: load("extra: 1", folder),
    "no such benchmark": lambda _: benchmark_of("riddles"),
    "no price": lambda _: teacher_price(_recipe(plan={"teacher": {}})),
    "an invalid profile": lambda _: community.parse("a: [", "", "p.yaml"),
    "no such variant": lambda _: community.parse("variants: {}", "harris", "p.yaml"),
    "no chat template": lambda _: model_loading.check(_tokenizer(chat_template=""), "org/base"),
    "no fast tokenizer": lambda _: model_loading.check(_tokenizer(is_fast=False), "org/base"),
    "no item left to score": lambda _: _without(_task("a"), {"a"}),
    "no settings for feedback": lambda folder: improve(folder, "{}", feedback=None),
    "no settings for LoRA": lambda folder: improve(folder, "{}", lora=None),
    "no adapter": lambda folder: improve(folder, None),
    "a damaged adapter": lambda folder: improve(folder, "{"),
    "an adapter of another base": lambda folder: improve(folder, ADAPTER_CONFIG),
}


def _task(text: str) -> Any:
    return SimpleNamespace(benchmark="flores", items=(SimpleNamespace(texts=(text,)),))


def _recipe(**sections: Any) -> Any:
    return SimpleNamespace(name="mine", **sections)


def _tokenizer(**values: Any) -> Any:
    return SimpleNamespace(**{"chat_template": "x", "is_fast": True, **values})


def _commit(error: type[Exception]) -> str:
    def repo_info(*_: Any, **__: Any) -> Any:
        request = httpx2.Request("GET", "http://hub/api")
        raise error("gone", response=httpx2.Response(404, request=request))  # type: ignore[call-arg]

    api: Any = SimpleNamespace(repo_info=repo_info)
    return hub_refs.commit_of(api, "org/base", "model")


def _answer(status: int) -> None:
    raise failures.failure_of(failures.ServerError(status), 0.0, "http://t", "m")


MAY_PASS: dict[str, Callable[[Path], Any]] = {
    "a repository that cannot be read": lambda _: _commit(RepositoryNotFoundError),
    "a revision that is not there yet": lambda _: _commit(RevisionNotFoundError),
    "a refused token": lambda _: _answer(401),
    "no credit": lambda _: _answer(402),
    "a teacher that is not there yet": lambda _: _answer(404),
    "another model": lambda _: choose_model("m", ["a", "b"], "http://t"),
    "no consent": lambda _: community.parse("consent: no", "", "p.yaml"),
    "a disk": lambda folder: Journal(folder / "file" / "journal.jsonl", "epo_Latn"),
}


@pytest.mark.parametrize("name", SAME_AGAIN)
def test_wrong_input_ends_the_same_way_at_every_attempt(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unworkable):
        SAME_AGAIN[name](tmp_path)


@pytest.mark.parametrize("name", MAY_PASS)
def test_what_may_pass_is_tried_again(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as refusal:
        MAY_PASS[name](tmp_path)
    assert not isinstance(refusal.value, Unworkable)
