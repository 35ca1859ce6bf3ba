"""Every wrong setting is refused in one sentence that names its path, before anything is paid for.

Each value of the packaged recipes is replaced by values of other types and ranges, or left out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain.recipe import InvalidRecipe
from bot.domain.recipe import parse as parse_for_bot
from recipes.bakeoff import settings as bake_off
from recipes.check import settings as check
from recipes.core import config
from recipes.core.agreement import ReviewSettings
from recipes.core.errors import Unworkable
from recipes.core.schema import build
from recipes.evaluate import settings as evaluate
from recipes.export import settings as export
from recipes.generate import settings as generate
from recipes.schema import TYPES, schema_text
from recipes.train import settings as train
from recipes.validation.documents import path_of, read_yaml
from recipes.validation.errors import InvalidInput
from recipes.validation.recipe_check import SCHEMA, check_recipe
from recipes.validation.recipe_files import PACKAGED

NAMES = ["practice", "kakugo"]
PARSERS: dict[str, Callable[[Any], object]] = {
    "check": check.parse,
    "generate": generate.parse,
    "bake_off": bake_off.parse,
    "train": train.parse,
    "evaluate": evaluate.parse,
    "export": export.parse,
    "review": partial(build, ReviewSettings, key="review"),
}
Location = tuple[str | int, ...]
# By the type of a value: others that are always wrong in its place.
WRONG: dict[type, list[Any]] = {
    bool: ["no", 1, None, [], {}],
    int: ["many", "8", -7, True, [], {}],
    float: ["many", "0.5", -7.5, True, [], {}],
    str: [3, True, {"x": 1}],
    list: [3, "abc", {"x": 1}],
    dict: [3, "abc", [1], {"unknown key": 3}],
    type(None): [{"x": 1}, True, -7],
}
LEFT_OUT = object()
# By the type of a value: others that may be right in its place.
EDGES: dict[type, list[Any]] = {
    int: [0, 1, 10**6],
    float: [0, 1, 0.001, 99.5],
    str: ["", "none", "{text}", "{"],
    list: [[], ["x"], [2, 1]],
    dict: [{}, None],
}
# Names and templates of other projects, which may be any text.
FREE = {"where", "configs", "options", "args"}


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def recipe(name: str) -> dict[str, Any]:
    value: dict[str, Any] = read_yaml((PACKAGED / f"{name}.yaml").read_bytes(), name)
    return value


def values(node: Any, location: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Yield every value and where it is."""
    if location:
        yield location, node
    for key, item in node.items() if isinstance(node, dict) else ():
        yield from values(item, (*location, key))
    for at, item in enumerate(node) if isinstance(node, list) else ():
        yield from values(item, (*location, at))


def changed(node: Any, location: Location, value: Any) -> Any:
    """Return a copy with another value at a location."""
    copied = copy.copy(node)
    key, *inner = location
    if inner:
        copied[key] = changed(node[key], tuple(inner), value)
    elif value is LEFT_OUT:
        del copied[key]
    else:
        copied[key] = value
    return copied


def refusal_of(value: Any) -> str:
    """Return why a recipe is refused, empty if it is not."""
    try:
        check_recipe(value)
    except InvalidInput as refusal:
        return str(refusal)
    return ""


def parse_sections(value: dict[str, Any]) -> None:
    """Parse all sections that the recipe has, as the steps do that read them."""
    for key, parse in PARSERS.items():
        if key in value:
            parse(value[key])


def test_every_section_is_parsed_here() -> None:
    assert PARSERS.keys() | {"plan"} == TYPES.keys()


def test_packaged_recipes_fit(name: str) -> None:
    assert not refusal_of(recipe(name))
    parse_sections(recipe(name))


def test_the_packaged_schema_is_that_of_the_code() -> None:
    """If not: `kakugo-recipe schema > recipes/recipe.schema.json`."""
    assert SCHEMA.read_text("utf-8") == f"{schema_text()}\n"


def test_editors_find_the_schema(name: str) -> None:
    first = (PACKAGED / f"{name}.yaml").read_text("utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA.name}"


def test_every_wrong_value_is_refused(name: str) -> None:
    whole = recipe(name)
    tried = 0
    accepted = []
    for location, value in values(whole):
        if FREE & set(location[:-1]):
            continue
        for wrong in WRONG[type(value)]:
            if isinstance(value, dict) and location[-1] in FREE and isinstance(wrong, dict):
                wrong = {"unknown key": {}}
            tried += 1
            refusal = refusal_of(changed(whole, location, wrong))
            if not refusal:
                accepted.append((path_of(location), wrong))
            else:
                assert names(refusal, location), (path_of(location), wrong, refusal)
    assert not accepted
    assert tried > 500


def test_steps_parse_whatever_is_not_refused_before(name: str) -> None:
    """A rule that only a step knows would refuse a recipe after the steps before were paid for."""
    whole = recipe(name)
    tried = 0
    for location, value in values(whole):
        if location[0] == "plan":
            continue
        for other in (LEFT_OUT, *EDGES.get(type(value), ())):
            candidate = changed(whole, location, other)
            if location[0] in candidate and not refusal_of(candidate):
                tried += 1
                parse_sections({location[0]: candidate[location[0]]})
    assert tried > 100


def names(sentence: str, location: Location) -> bool:
    """Whether it is one sentence that starts with the path of the value, or that of its parent."""
    paths = path_of(location), path_of(location[:-1])
    is_one = "\n" not in sentence and sentence.endswith(".") and len(sentence) < 300
    return is_one and sentence.startswith(tuple(path for path in paths if path))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("concurrency: 64", "concurrency: many",
         'generate.teacher.concurrency: "many" is not a whole number.'),
        ("threshold: 0.95", "treshold: 0.95",
         "generate.near.treshold: is not a known key; the nearest is threshold."),
        ("unsafe: false", "unsafe: 'no'", 'generate.judge.unsafe: "no" is not true or false.'),
        ("limit: 200", "limit: -200",
         "evaluate.benchmarks.flores.limit: -200 is out of range; use a number at least 1."),
        ("text_columns: [flores_passage]", "text_columns: flores_passage",
         'evaluate.benchmarks.belebele.text_columns: "flores_passage" is not a list.'),
        ("english: {prompt", "english: {shots: {count: 1}, prompt",
         "evaluate.benchmarks.belebele.english.shots.split: is missing; add it."),
        ("english: {prompt", "english: {shots: {count: a, split: b}, prompt",
         'evaluate.benchmarks.belebele.english.shots.count: "a" is not a whole number.'),
        ("english: {prompt", "english: [] #",
         "evaluate.benchmarks.belebele.english: [] is not a mapping of keys to values."),
        ("save_strategy: \"no\"", "save_strategy: no",
         "train.trainer.save_strategy: false is not one of no, steps, epoch, best."),
        ("shares: [1.0, 0.75, 0.5, 0.25]", "shares: []",
         "export.shares: [] is too short; it needs at least 1."),
        ("reviewers: 2", "reviewers: 0",
         "review.reviewers: 0 is out of range; use a number at least 1."),
    ],
)  # fmt: skip
def test_sentences(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = (PACKAGED / "practice.yaml").read_text("utf-8")
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidRecipe) as refused_by_bot:
        parse_for_bot("practice", "org", path.read_text("utf-8"))
    with pytest.raises(Unworkable) as refusal:
        config.load(str(path), "org", "epo_Latn")
    assert str(refusal.value) == sentence
    assert str(refused_by_bot.value) == f"In the recipe 'practice', {sentence}"


def test_shots_in_english_are_read() -> None:
    section = recipe("practice")["evaluate"]["benchmarks"]
    section["belebele"]["english"]["shots"] = {"count": 1, "split": "test"}
    parsed = config.exclusions(section, "epo_Latn")
    assert {text["config"] for text in parsed} == {"epo_Latn", "eng_Latn"}


FEW = "and write other braces twice."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"evaluate.benchmarks.flores.prompts.from_english": "{txt}"},
         '"{txt}" does not fit; use only the fields {text}, {language}, ' + FEW),
        ({"evaluate.benchmarks.flores.prompts.into_english": LEFT_OUT}, "is missing; add it."),
        ({"evaluate.benchmarks.flores.english": {"answer": "}"}},
         ".answer: \"}\" does not fit; use only the fields {letter}, {option}, " + FEW),
        ({"evaluate.benchmarks.sib200.prompt": "{text!r}"},
         '"{text!r}" does not fit; use only the fields {text}, {options}, ' + FEW),
        ({"evaluate.benchmarks.sib200.prompt": ""},
         '"" does not fit; use only the fields {text}, {options}, ' + FEW),
        ({"evaluate.benchmarks.sib200.options": {}}, "{} is too short; it needs at least 1."),
        ({"evaluate.benchmarks.belebele.english.prompt": "{passage"},
         '"{passage" does not fit; use only the fields {passage}, {question}, {option_a}, '
         "{option_b}, {option_c}, {option_d}, " + FEW),
        ({"evaluate.benchmarks.belebele.answer": "{0}"},
         '"{0}" does not fit; use only the fields {letter}, {option}, ' + FEW),
        ({"evaluate.benchmarks.belebel": {}}, "is not a known key; the nearest is belebele."),
        ({"evaluate.benchmarks.sib200.shots": {"count": 1, "split": ""}},
         '.split: "" does not fit; shots need the name of a split.'),
        ({"evaluate.chat.benchmarks": ["flores"], "evaluate.benchmarks.flores": LEFT_OUT},
         '"flores" is not one of `evaluate.benchmarks`; use only sib200, belebele, global_mmlu, '
         "global_piqa."),
        ({"evaluate.lm_eval": None, "evaluate.backend": "lm_eval"},
         "null does not fit; `backend: lm_eval` needs it: write `lm_eval: {model: …}`."),
        ({"evaluate.lm_eval": {"model": "local-completions"}},
         ".args: is missing; `model: local-completions` needs it: the address of the server."),
        ({"train.variant": "qlora"},
         '"qlora" is not one of `variants`; use only dora, full, lora, rslora, tokenizer-aware.'),
        ({"train.trainer.seed": LEFT_OUT},
         "is missing; add it, so that the run can be repeated."),
        ({"train.trainer.loss_type": "sigmoid"},
         '"sigmoid" is not one of nll, dft, chunked_nll.'),
        ({"train.feedback.trainer.loss_type": "nll"}, '"nll" does not fit; use a loss for '
         "preferences."),
        ({"train.feedback.trainer.loss_weights": [1]},
         "a list of another length than `loss_type`; give each loss a weight."),
        ({"train.lora": None, "train.trained_tokens": 3, "train.variants": {}},
         "null does not fit; `trained_tokens` needs it: without it, all embeddings are trained."),
        ({"train.trainer.eval_steps": LEFT_OUT},
         "is missing; `held_out` needs it: how often to measure."),
        ({"train.held_out": LEFT_OUT, "train.trainer.save_strategy": "best"},
         "is missing; `save_strategy: best` needs it: the best has the lowest held-out loss."),
        ({"train.trainer.save_steps": 75},
         "75 is not a multiple of `eval_steps`, so the best model might not be saved; use a "
         "multiple of 50."),
        ({"train.trainer.adam_beta1": "many"}, '"many" is not a number.'),
        ({"train.lora.bias": 1}, "1 is not text; put it in quotes."),
        ({"train.trainer.output_dir": "x"}, "is not a known key."),
        ({"train.trainer.report_to": "wandb"}, '"wandb" is not one of none, trackio.'),
        ({"train.trainer.logging_steps": 2.5}, "2.5 is not a whole number."),
        ({"train.batch": 8, "train.processes": 3},
         "8 is not a multiple of `processes`; use a multiple of 3."),
        ({"train.variants": {"tall": {"trainer": {"seed": None}}}},
         ".tall.trainer.seed: null is not a whole number."),
        ({"train.variants": {"tall": {"lora": None, "trained_tokens": 1}}},
         ".tall: with these changes, train.lora: null does not fit; `trained_tokens` needs it: "
         "without it, all embeddings are trained."),
        ({"generate.gates.ratio": [3, 1]},
         "the first number is above the second; write the lower one first."),
        ({"generate.gates.glossary": [{"term": "*", "say": "a"}]},
         '[0].term: "*" does not fit; write a word.'),
        ({"generate.contexts.weights": {"question": 0}},
         "a mapping does not fit; give at least one task a weight above 0."),
        ({"generate.lengths.calls.topics": LEFT_OUT}, "is missing; add it."),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_each_other(change: dict[str, Any], sentence: str) -> None:
    """The first key of `change` is the one that the sentence is about."""
    whole = recipe("kakugo")
    for path, value in reversed(change.items()):
        whole = changed(whole, tuple(path.split(".")), value)
    path = next(iter(change))
    assert refusal_of(whole) == f"{path}{'' if sentence[0] in '.[' else ': '}{sentence}"
