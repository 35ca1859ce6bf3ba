"""The wheel, its extras and the Spaces' requirements declare exactly what is imported."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bot.domain import recipe
from bot.domain.names import CONSTRAINTS
from bot.domain.request import Step
from bot.installation import permissions
from recipes.validation.recipe_files import packaged_names
from tests.import_graph import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OWN = {"bot", "recipes"}  # what the wheel has
# Modules whose distribution has another name.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "axe_playwright_python": "axe-playwright-python",
    "huggingface_hub": "huggingface-hub",
    "json_repair": "json-repair",
    "jsonschema_rs": "jsonschema-rs",
    "lm_eval": "lm-eval",
    "markdown_it": "markdown-it-py",
    "pydantic_core": "pydantic",  # which pins it
    "typing_extensions": "typing-extensions",
    "yaml": "pyyaml",
}
# Installed separately (text_generation pins an old client), or only if a recipe needs it.
OPTIONAL = {"text_generation", "lm_eval", "gguf", "spaces"}
# Imports that a step does not run: check loads only tokenizers, and train has no `--feedback`.
NOT_RUN = {Step.CHECK: {"torch"}}
NOT_REACHED = {"recipes.train.next_version"}


def declared(*extras: str) -> set[str]:
    """Return the distributions of the core and of some extras, and of extras that those include."""
    lines = [*PROJECT["dependencies"]]
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    names: set[str] = set()
    for line in lines:
        requirement = Requirement(line)
        if requirement.name == PROJECT["name"]:
            names |= declared(*requirement.extras)
        else:
            names.add(requirement.name.lower())
    return names


@cache
def imports(path: Path) -> frozenset[str]:
    """Return every module that a file imports, also inside functions, except for type checking."""
    return frozenset(_imports(ast.parse(path.read_text("utf-8"))))


def _imports(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from _imports(child)


def third_party(paths: Iterator[Path] | list[Path], own: set[str]) -> dict[str, str]:
    """Return each imported distribution, with a file that imports it."""
    known = own | set(sys.stdlib_module_names) | OPTIONAL
    return {
        DISTRIBUTIONS.get(top, top): str(path.relative_to(ROOT))
        for path in paths
        for name in imports(path)
        if (top := name.split(".")[0]) not in known
    }


def source(module: str) -> Path | None:
    """Return the file of one of our modules, None for any other module."""
    path = ROOT / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file if file.is_file() else None


def reached(module: str, skipped: set[str]) -> list[Path]:
    """Return our own files that a module imports, directly or through others."""
    files: dict[str, Path] = {}
    queue = [module]
    while queue:
        name = queue.pop()
        path = source(name)
        if path and name not in files and name not in skipped:
            files[name] = path
            queue += [other for other in imports(path) if other.split(".")[0] in OWN]
    return list(files.values())


@pytest.mark.parametrize("extra", [*Step, "bake-off", "export"])
def test_extra_of_a_recipe_has_all_that_it_imports(extra: str) -> None:
    module = f"recipes.{extra.replace('-', '')}.run"
    needed = third_party(reached(module, set() if extra == Step.IMPROVE else NOT_REACHED), OWN)
    assert len(needed) > 5
    available = declared(extra) | NOT_RUN.get(extra, set())
    assert {name: file for name, file in needed.items() if name not in available} == {}


def test_core_has_all_that_the_bot_imports() -> None:
    shipped = [path for path in (ROOT / "bot").rglob("*.py") if not _is_local(path)]
    needed = third_party([*shipped, *(ROOT / "recipes/validation").rglob("*.py")], OWN)
    assert {name: file for name, file in needed.items() if name not in declared()} == {}
    assert len(needed) >= 5


def test_command_lines_start_with_the_core_alone() -> None:
    program = (
        "import sys, bot.cli, recipes.cli; recipes.cli.parser()\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    started = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert "recipes" in started
    others = declared(*PROJECT["optional-dependencies"]) - declared()
    assert others & set(started) == set()


def _is_local(path: Path) -> bool:
    return path.relative_to(ROOT).parts[1] in ("localhub", "demo")


def test_dev_extra_has_all_that_the_tests_import() -> None:
    own = {
        path.stem for path in (*(ROOT / "spaces").rglob("*.py"), *(ROOT / "tests").rglob("*.py"))
    }
    needed = third_party(list((ROOT / "tests").rglob("*.py")), own | OWN | {"tests"})
    needed = {name: file for name, file in needed.items() if name != "common"}
    assert {name: file for name, file in needed.items() if name not in declared("dev")} == {}


@pytest.mark.parametrize("space", ["chat", "leaderboard"])
def test_requirements_of_a_space_have_all_that_it_imports(space: str) -> None:
    files = [path for part in (space, "common") for path in (ROOT / "spaces" / part).glob("*.py")]
    lines = (ROOT / "spaces" / space / "requirements.txt").read_text("utf-8").splitlines()
    listed = {
        Requirement(line).name.lower().replace("_", "-")
        for line in lines
        if not line.startswith("#")
    }
    needed = third_party(files, {path.stem for path in files} | {"common"})
    assert {name: file for name, file in needed.items() if name not in listed} == {}
    assert listed <= declared("spaces")


def test_wheel_has_the_chats_code_but_neither_the_local_hub_nor_the_demo(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith(("bot/localhub", "bot/demo", "tests"))]
    assert {"bot/cli/app.py", "recipes/cli.py", "recipes/kakugo.yaml"} <= set(names)
    script = "from recipes.evaluate.chat import chat_modules; print(chat_modules()[-1].__file__)"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "wheel")
    chat = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True,
                          text=True, env={"PYTHONPATH": str(tmp_path / "wheel")})  # fmt: skip
    engine = tmp_path / "wheel" / "recipes" / "spaces" / "chat" / "engine.py"
    assert chat.stdout.strip() == str(engine), chat.stderr
    # Another tested version is another wheel, so `deploy` pushes both.
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"recipes/{CONSTRAINTS}") == (ROOT / CONSTRAINTS).read_bytes()


def _versions(text: str) -> dict[str, str]:
    """Return versions by package of lines like `name==version`."""
    pairs = (line.partition("==") for line in text.splitlines() if not line.startswith("#"))
    return {name.lower().replace("_", "-"): rest.split()[0] for name, mark, rest in pairs if mark}


def test_all_that_jobs_install_has_its_tested_version_and_hashes() -> None:
    """If not: the first lines of the file say how to write it anew."""
    text = (ROOT / CONSTRAINTS).read_text("utf-8")
    pinned, tested = _versions(text), _versions((ROOT / "constraints.txt").read_text("utf-8"))
    extras = [*(step.value for step in Step), "lm-eval", "trackio"]
    assert {name.replace("_", "-") for name in declared(*extras)} <= pinned.keys()
    other = {key for key, version in pinned.items() if tested.get(key, version) != version}
    assert other == set()
    packages = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert len(packages) == len(pinned)
    assert [each for each in packages if not re.search(r"--hash=sha256:[0-9a-f]{64}", each)] == []


@pytest.mark.parametrize("name", packaged_names())
def test_recipes_name_images_by_digest_and_the_teacher_by_commit(name: str) -> None:
    chosen = recipe.load(name, "lab")
    assert chosen.endpoint is not None and (chosen.endpoint.revision or chosen.practice)
    for image in (chosen.image, chosen.endpoint.image):
        assert re.search(r"@sha256:[0-9a-f]{64}$", image), image


def test_spaces_take_the_python_and_the_torch_that_zero_gpu_supports() -> None:
    """https://huggingface.co/docs/hub/spaces-zerogpu"""
    for space in ("chat", "leaderboard"):
        card = (ROOT / "spaces" / space / "README.md").read_text("utf-8")
        assert re.search(r'^python_version: "(3\.12\.12|3\.10\.13)"$', card, re.MULTILINE)
    lines = (ROOT / "spaces" / "chat" / "requirements.txt").read_text("utf-8").splitlines()
    (torch,) = [Requirement(line) for line in lines if line.startswith("torch")]
    allowed = [v for v in ("2.8.0", "2.9.1", "2.11.0", "2.12.0", "2.13.0") if v in torch.specifier]
    assert allowed == ["2.9.1", "2.11.0"]


def test_the_workflow_that_publishes_passes_every_variable_and_names_no_run_mode() -> None:
    text = (ROOT / ".github" / "workflows" / "publish.yml").read_text("utf-8")
    assert 'startswith("KAKUGO_")' in text and "KAKUGO_RUN" not in text
    for variable in permissions.HOLDERS:
        assert f"{variable}: ${{{{ secrets.{variable} }}}}" in text


def test_workflows_name_actions_by_commit() -> None:
    used = [
        line.partition("uses:")[2].split()[0]
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in path.read_text("utf-8").splitlines()
        if "uses:" in line
    ]
    assert used and not [action for action in used if not re.search(r"@[0-9a-f]{40}$", action)]


def test_no_shipped_file_imports_pytest() -> None:
    trees = [path for tree in (*OWN, "spaces") for path in (ROOT / tree).rglob("*.py")]
    assert not [path for path in trees if "pytest" in imports(path)]
