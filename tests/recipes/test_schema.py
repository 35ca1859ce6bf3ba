"""Every wrong setting is refused in one sentence that names its path, by the parser and the schema.

Each value of the packaged recipes is replaced by values of other types and ranges.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.recipe import InvalidRecipe
from bot.domain.recipe import parse as parse_for_bot
from recipes.core import config
from recipes.core.errors import UserError
from recipes.core.schema import build
from recipes.schema import PARSERS, schema_text
from recipes.validation import json_schema
from recipes.validation.documents import path_of, read_yaml
from recipes.validation.errors import InvalidInput
from recipes.validation.recipe_files import PACKAGED

NAMES = ["practice", "kakugo"]
SCHEMA = PACKAGED / "recipe.schema.json"
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
    if not location:
        return value
    copied = copy.copy(node)
    copied[location[0]] = changed(node[location[0]], location[1:], value)
    return copied


def check_sections(value: dict[str, Any]) -> None:
    """Check a recipe as `kakugo-recipe check` does."""
    sections = vars(build(config.Sections, value, ""))
    for key, parse in PARSERS.items():
        if sections[key]:
            parse(sections[key])


def test_packaged_recipes_fit(name: str) -> None:
    check_sections(recipe(name))
    json_schema.check(recipe(name), SCHEMA)


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
            broken = changed(whole, location, wrong)
            for door in (check_sections, lambda value: json_schema.check(value, SCHEMA)):
                tried += 1
                try:
                    door(broken)
                except (UserError, InvalidInput) as refusal:
                    assert names(str(refusal), location), (path_of(location), wrong, str(refusal))
                else:
                    accepted.append((path_of(location), wrong, door.__name__))
    assert not accepted
    assert tried > 1000


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
         "train.trainer.save_strategy: false is not one of no, steps, epoch or best."),
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
    with pytest.raises(InvalidRecipe):
        parse_for_bot("practice", "org", path.read_text("utf-8"))
    with pytest.raises(UserError) as refusal:
        check_sections(vars_of(config.load(str(path), "org", "epo_Latn")))
    assert str(refusal.value) == sentence


def vars_of(loaded: config.Config) -> dict[str, Any]:
    return {key: getattr(loaded, key) for key in ("plan", *PARSERS)}


def test_shots_in_english_are_read() -> None:
    section = recipe("practice")["evaluate"]["benchmarks"]
    section["belebele"]["english"]["shots"] = {"count": 1, "split": "test"}
    parsed = config.exclusions(section, "epo_Latn")
    assert {text["config"] for text in parsed} == {"epo_Latn", "eng_Latn"}


@pytest.mark.parametrize(
    ("key", "change", "sentence"),
    [
        ("flores", {"prompts": {"from_english": "{txt}", "into_english": "{text}"}},
         "flores.prompts.from_english: {txt} is not a known field; use only {text}, {language}."),
        ("flores", {"prompts": {"from_english": "{text}"}},
         "flores.prompts.into_english: is missing; add it."),
        ("sib200", {"prompt": "{text!r}"},
         "sib200.prompt: {text} is not a known field; use only {text}, {options}."),
        ("sib200", {"options": {}}, "sib200.options: is missing; add it."),
        ("belebele", {"english": {"prompt": "{passage"}},
         "belebele.english.prompt: expected '}' before end of string; use only {passage}, "
         "{question}, {option_a}, {option_b}, {option_c}, {option_d}."),
        ("belebele", {"answer": "{0}"},
         "belebele.answer: {0} is not a known field; use only {letter}, {option}."),
        ("belebel", {}, 'belebel: "belebel" is not one of flores, sib200, belebele, global_mmlu, '
         "global_piqa."),
    ],
)  # fmt: skip
def test_templates_are_checked(key: str, change: dict[str, Any], sentence: str) -> None:
    whole = recipe("practice")
    benchmarks = whole["evaluate"]["benchmarks"]
    benchmarks[key] = benchmarks.get(key, benchmarks["sib200"]) | change
    with pytest.raises(UserError) as refusal:
        check_sections(whole)
    assert str(refusal.value) == f"evaluate.benchmarks.{sentence}"
