"""The steps of a request: their order, outputs and command lines, and the README's diagram."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain import names
from bot.domain.recipe import Recipe
from bot.domain.request import Request, Spec, Step, StepState

# What a job does first. Each file must have its hash in the constraints ($1), also those that are
# only needed to build others. $2 is a page that links to the wheel, $3 what to install. Neither
# `uv run` nor `uv tool run` compares hashes.
INSTALL = (
    "uv venv --quiet /tmp/kakugo && uv pip install --quiet --python /tmp/kakugo --require-hashes "
    '--constraints "$1" --build-constraints "$1" --find-links "$2" "$3" && '
    'PATH="/tmp/kakugo/bin:$PATH" && shift 3 && exec "$@"'
)


@dataclass(frozen=True)
class StepInfo:
    """A step: what it does and produces, in words, and whether it needs the teacher's endpoint."""

    step: Step
    description: str
    product: str
    needs_teacher: bool


NEW_MODEL: tuple[StepInfo, ...] = (
    StepInfo(
        Step.CHECK,
        "a large model, the teacher, is tested in the language",
        "result of the check",
        True,
    ),
    StepInfo(
        Step.GENERATE, "the teacher writes training data: prompts and answers", "dataset", True
    ),
    StepInfo(
        Step.TRAIN, "a small base model is trained on this data (a LoRA adapter)", "adapter", False
    ),
    StepInfo(Step.EVALUATE, "the new model is compared with the base model", "results", False),
)
# The steps of a request for the next version of a model.
NEXT_VERSION: tuple[StepInfo, ...] = (
    StepInfo(
        Step.IMPROVE, "a new version is trained on the corrections of speakers", "version", False
    ),
)


def info(step: Step) -> StepInfo:
    return next(each for each in (*NEW_MODEL, *NEXT_VERSION) if each.step is step)


def of(spec: Spec | None) -> tuple[StepInfo, ...]:
    """Return the steps of a request, in the order in which they run."""
    return NEXT_VERSION if spec is not None and spec.improves else NEW_MODEL


def last(spec: Spec | None) -> Step:
    """Return the step whose manifest has the result of the request."""
    return of(spec)[-1].step


def current(request: Request) -> Step | None:
    """Return the first unfinished step; None if all are finished."""
    ordered = (each.step for each in of(request.spec))
    return next((step for step in ordered if request.step(step).state is not StepState.MADE), None)


def output(org: str, request: Request, step: Step) -> tuple[str, str, str]:
    """Return the repo, the repo type and the path of the manifest that a step writes."""
    spec = request.agreed_spec
    adapter = names.adapter(org, spec.base, spec.key)
    if step is Step.CHECK:
        return names.results(org), "dataset", names.check_path(spec.language.code)
    if step is Step.GENERATE:
        return names.dataset(org, spec.key), "dataset", names.MANIFEST
    if step is Step.TRAIN:
        return adapter, "model", names.MANIFEST
    folder = names.results_folder(adapter, spec.language.code)
    if step is Step.IMPROVE:
        folder += f"/improvements/{request.id}"
    return names.results(org), "dataset", f"{folder}/{names.MANIFEST}"


def digest(recipe: Recipe, spec: Spec, step: Step) -> str:
    """Return the digest that the manifest of a step must have.

    It depends on what changes the step's result. The dataset is the same for all base models, and
    the check does not depend on the variant or the licence.
    """
    base = spec.base if step is not Step.GENERATE and spec.base != recipe.base else ""
    variant, licence = (spec.variant, spec.licence) if step is not Step.CHECK else ("", "")
    if not (base or variant or licence):
        return spec.digest
    return hashlib.sha256("\n".join((spec.digest, base, variant, licence)).encode()).hexdigest()


def command(
    recipe: Recipe,
    request: Request,
    step: Step,
    attempt: int,
    wheel: str,
    teacher: str,
    cap_usd: float,
) -> tuple[str, ...]:
    """Return the argv of a step's Job, which installs the wheel and runs `kakugo-recipe …`.

    `wheel` and `teacher` are URLs. A job that needs the teacher may spend `cap_usd` on it.
    """
    spec, org = request.agreed_spec, recipe.org
    code = spec.language.code
    into, _, _ = output(org, request, step)
    dataset = names.dataset(org, spec.key)
    adapter = names.adapter(org, spec.base, spec.key)
    models = ("--dataset", dataset, "--base", spec.base, "--adapter", adapter)
    budget = ("--teacher", teacher, "--cap-usd", f"{cap_usd:.6f}")
    check = ("--check", names.results(org))
    options = (("--licence", spec.licence), ("--variant", spec.variant))
    inputs = {
        Step.CHECK: (*budget, "--base", spec.base),
        Step.GENERATE: (
            *budget,
            *check,
            *(word for option in options if option[1] for word in option),
        ),
        Step.TRAIN: ("--dataset", dataset, "--base", spec.base),
        Step.EVALUATE: models,
        Step.IMPROVE: (*models, "--feedback", names.feedback(org)),
    }[step]
    return (
        *run_from_wheel(wheel, recipe.extras(step)),
        *(
            "kakugo-recipe",
            step.value,
            "--config",
            spec.recipe_name,
            "--org",
            org,
            "--language",
            code,
        ),
        *inputs,
        *("--into", into, "--request", request.id, "--attempt", str(attempt)),
        *("--digest", digest(recipe, spec, step)),
    )


def run_from_wheel(wheel: str, extras: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the argv before a command of the wheel (a URL), which installs what was tested.

    All values are arguments of a constant script, which never become part of it.
    """
    package = f"kakugo-bot[{','.join(extras)}]" if extras else "kakugo-bot"
    files = (names.beside(wheel, names.CONSTRAINTS), names.beside(wheel, names.WHEEL_PAGE))
    return ("sh", "-c", INSTALL, "install", *files, f"{package}=={names.wheel_version(wheel)}")


def diagram() -> str:
    """Return the life of a request as a Mermaid flowchart."""
    lines = [
        "flowchart LR",
        '  ask(["discussion: a language\'s name"]) --> reply["reply: plan and price"]',
        '  ask -. "unknown or unclear" .-> no(["question or reason"])',
        '  reply -. "too expensive" .-> held(["waits for a maintainer"])',
    ]
    previous = "reply"
    for each in NEW_MODEL:
        lines.append(f'  {previous} --> {each.step.value}["{each.step.value}: {each.description}"]')
        lines.append(f"  {each.step.value} --> {each.step.value}_made[({each.product})]")
        failure = 'failed(["reason; closed after two weeks"])'
        lines.append(
            f'  {each.step.value} -. "fails every attempt, or can never work" .-> {failure}'
        )
        previous = f"{each.step.value}_made"
    lines.append(f'  {previous} --> done(["results in the discussion, leaderboard, chat"])')
    return "\n".join(lines)
