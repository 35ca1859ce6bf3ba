"""The backend of lm-evaluation-harness gives the outputs of the default backend."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipes.core.benchmarks.tasks import Item
from recipes.core.errors import Unworkable, UserError
from recipes.evaluate.backends import lm_eval, loader
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.settings import ChoiceSettings, EvaluateSettings, LmEvalSettings
from tests.recipes.evaluate import lm_eval_tasks

pytestmark = pytest.mark.filterwarnings("ignore")  # from the harness and its dependencies
SHOTS = (("Kio?", "sporto"),)
ITEMS = [
    Item("1", "Kio?", ("sporto", "a", "scienco"), 0, (), SHOTS, "Be brief."),
    Item("2", "Ĉu?", ("ĉu", "ne"), 1, ()),
    Item("3", "Kie estas la domo?", ("tie", "ĉi tie"), 1, (), SHOTS),
]


def model(folder: Path, is_adapter: bool = False) -> ComparedModel:
    repo = str(folder), "main"
    return ComparedModel("adapter" if is_adapter else "base", *repo, *repo, is_adapter, "")


def settings(name: Any = "hf", **args: Any) -> EvaluateSettings:
    return replace(
        lm_eval_tasks.practice(),
        backend="lm_eval",
        lm_eval=LmEvalSettings(name, args),
        choice=ChoiceSettings(2, "tokens"),
    )


def test_outputs_are_those_of_the_default_backend(tiny_base: Path) -> None:
    harness_settings = settings()
    theirs = loader.backend(harness_settings).load(model(tiny_base))
    ours = loader.backend(replace(harness_settings, backend="transformers")).load(model(tiny_base))
    done: list[int] = []
    scores = theirs.log_likelihoods(ITEMS, harness_settings.choice, done.append)
    expected = ours.log_likelihoods(ITEMS, harness_settings.choice, lambda _: None)
    assert [len(each) for each in scores] == [3, 2, 2] and sum(done) == 3
    for score, value in zip(scores, expected, strict=True):
        assert score == pytest.approx(value, abs=1e-4)
    generation = replace(harness_settings.generation, max_new_tokens=12)
    generations = theirs.generate(ITEMS, generation, done.append)
    assert [each.text for each in generations] == [
        each.text for each in ours.generate(ITEMS, generation, lambda _: None)
    ]
    assert all(isinstance(each, Generation) for each in generations) and sum(done) == 6


def test_arguments_of_each_model_of_the_harness(tiny_base: Path) -> None:
    at = model(tiny_base)
    for name, repo_key in (("hf", "pretrained"), ("vllm", "pretrained"), ("sglang", "pretrained"),
                           ("local-completions", "model")):  # fmt: skip
        arguments = lm_eval.ARGUMENTS[name](at, settings(name))
        assert (arguments[repo_key], arguments["revision"]) == (at.model, "main")


def test_an_adapter_that_the_engine_cannot_serve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unworkable, match="`sglang` loads no adapters"):
        lm_eval.ARGUMENTS["sglang"](model(tmp_path, is_adapter=True), settings("sglang"))
    (tmp_path / "adapter_config.json").write_text(json.dumps({"modules_to_save": ["embed_tokens"]}))
    with pytest.raises(Unworkable, match="vLLM cannot serve .*, which also trained embed_tokens"):
        lm_eval.vllm_adapter("org/a", tmp_path)
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 64}))
    assert lm_eval.vllm_adapter("org/a", tmp_path)["max_lora_rank"] == 64


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is installed")
def test_an_engine_that_is_not_installed_is_refused(tiny_base: Path) -> None:
    with pytest.raises(UserError, match="lm-eval cannot load .* with `vllm`: No module"):
        loader.backend(settings("vllm")).load(model(tiny_base))
