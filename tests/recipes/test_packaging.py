"""A job installs one extra of the wheel: all that its recipe imports must be in it."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import recipes
from bot.domain.request import Step

ROOT = Path(recipes.__file__).parent
PROJECT = tomllib.loads((ROOT.parent / "pyproject.toml").read_text("utf-8"))["project"]
# Where a module is not called like the distribution that it comes with.
CALLED = {"yaml": "pyyaml", "json_repair": "json-repair", "huggingface_hub": "huggingface-hub",
          "httpx2": "huggingface-hub", "tqdm": "huggingface-hub", "numpy": "datasets",
          "pyarrow": "datasets", "safetensors": "transformers", "pyarrow.parquet": "datasets",
          "PIL": "matplotlib", "packaging": "huggingface-hub"}  # fmt: skip
# Installed apart from the rest (its pins are out of date) or only where somebody asks for it.
ASKED_FOR = {"text_generation", "pydantic", "vllm", "lm_eval", "gguf"}
# `recipes.core.model_loading` also loads models; the check only has it load tokenizers.
# With `--feedback` the extra of `improve` is installed.
APART = {"recipes.train.next_version"}
UNREACHED = {Step.CHECK: {"torch"}}


def wanted(extra: str) -> set[str]:
    """The distributions of the core and of an extra, and of the extras that it names."""
    found: set[str] = set()
    for line in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]):
        requirement = Requirement(line)
        if requirement.name == PROJECT["name"]:
            for inner in requirement.extras:
                found |= wanted(inner)
        else:
            found.add(requirement.name.lower())
    return found


@cache
def imported(module: str) -> frozenset[str]:
    """Every module that this one imports, also inside functions; not only for type checking."""
    path = ROOT.parent / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return frozenset(_names(ast.parse(file.read_text("utf-8"))))


def _names(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from _names(child)


def foreign(module: str, run_isolated: Collection[str]) -> dict[str, str]:
    """Third-party modules that are reached from here, each with the file that asks for it."""
    seen, todo, found = set(), [module], {}
    while todo:
        name = todo.pop()
        if name in seen or name in run_isolated or not _exists(name):
            continue
        seen.add(name)
        for other in imported(name):
            if other.split(".")[0] == "recipes":
                todo.append(other)
            elif other.split(".")[0] not in sys.stdlib_module_names | {"__future__"}:
                found.setdefault(other.split(".")[0], name)
    return found


def _exists(module: str) -> bool:
    path = ROOT.parent / Path(*module.split("."))
    return (path / "__init__.py").is_file() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("step", list(Step))
def test_the_extra_of_a_step_has_all_that_it_imports(step: Step) -> None:
    has, needs = (
        wanted(step.value),
        foreign(f"recipes.{step.value}.run", () if step is Step.IMPROVE else APART),
    )
    assert len(needs) > 5, needs
    lacks = {
        name: asker
        for name, asker in needs.items()
        if name not in ASKED_FOR | UNREACHED.get(step, set()) and CALLED.get(name, name) not in has
    }
    assert not lacks
