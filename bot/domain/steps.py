"""The table of steps: which recipe, from what, into what. The README's diagram is drawn from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bot.domain import names
from bot.domain.recipe import Recipe
from bot.domain.request import Request, Spec, Step, StepState


@dataclass(frozen=True)
class Row:
    """One step as people and the controller see it."""

    step: Step
    description: str
    product: str
    needs_teacher: bool


TABLE: tuple[Row, ...] = (
    Row(Step.CHECK, "a large model, the teacher, is tested in the language", "advice", True),
    Row(Step.GENERATE, "the teacher writes training data: prompts and answers", "dataset", True),
    Row(Step.TRAIN, "a small model is trained on this data (a LoRA adapter)", "adapter", False),
    Row(Step.EVALUATE, "the adapter is compared with the original small model", "results", False),
)
# What a request runs that asks for the next version of a model.
IMPROVING: tuple[Row, ...] = (
    Row(Step.IMPROVE, "a new version is trained on the corrections of speakers", "version", False),
)


def row(step: Step) -> Row:
    return next(row for row in (*TABLE, *IMPROVING) if row.step is step)


def rows(spec: Spec | None) -> tuple[Row, ...]:
    """What a request runs, in this order."""
    return IMPROVING if spec is not None and spec.improves else TABLE


def last(spec: Spec | None) -> Step:
    """The step whose manifest has the result to be told."""
    return rows(spec)[-1].step


def current(request: Request) -> Step | None:
    """The first step that is not made yet; None when all are."""
    unmade = (
        r.step for r in rows(request.spec) if request.step(r.step).state is not StepState.MADE
    )
    return next(unmade, None)


def output(org: str, request: Request, step: Step) -> tuple[str, str, str]:
    """Repo, repo type and manifest path of what a step makes."""
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
    """What a step's manifest must say; another base, variant or licence is another result.

    The data do not depend on the base: they are made once for all of them; nor does what the
    teacher can do depend on what is asked for beside the language.
    """
    other_base = step is not Step.GENERATE and spec.base != recipe.base
    wanted = (spec.variant, spec.licence) if step is not Step.CHECK else ("", "")
    chosen = (spec.base if other_base else "", *wanted)
    if not any(chosen):
        return spec.digest
    return hashlib.sha256("\n".join((spec.digest, *chosen)).encode()).hexdigest()


def command(
    recipe: Recipe,
    request: Request,
    step: Step,
    attempt: int,
    wheel: str,
    teacher: str,
    cap_usd: float,
) -> tuple[str, ...]:
    """The argv of a step's Job: `uv run --with <wheel> kakugo-recipe …`.

    `cap_usd` is what a job that needs the teacher may spend on it, in US dollars.
    """
    spec, org = request.agreed_spec, recipe.org
    code = spec.language.code
    into, _, _ = output(org, request, step)
    dataset = names.dataset(org, spec.key)
    adapter = names.adapter(org, spec.base, spec.key)
    compared = ("--dataset", dataset, "--base", spec.base, "--adapter", adapter)
    chosen = (("--licence", spec.licence), ("--variant", spec.variant))
    inputs = {
        Step.CHECK: ("--teacher", teacher, "--base", spec.base, "--cap-usd", f"{cap_usd:.6f}"),
        Step.GENERATE: (
            *("--teacher", teacher, "--cap-usd", f"{cap_usd:.6f}"),
            *(w for pair in chosen if pair[1] for w in pair),
        ),
        Step.TRAIN: ("--dataset", dataset, "--base", spec.base),
        Step.EVALUATE: compared,
        Step.IMPROVE: (*compared, "--feedback", names.feedback(org)),
    }[step]
    return (
        *("uv", "run", "--with", f"kakugo-bot[{step.value}] @ {wheel}"),
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


def diagram() -> str:
    """The life of a request as a Mermaid chart."""
    lines = [
        "flowchart LR",
        '  ask(["discussion: a language\'s name"]) --> reply["reply: plan and price"]',
        '  ask -. "unknown, unclear, too expensive" .-> no(["question or reason"])',
    ]
    before = "reply"
    for r in TABLE:
        lines.append(f'  {before} --> {r.step.value}["{r.step.value}: {r.description}"]')
        lines.append(f"  {r.step.value} --> {r.step.value}_made[({r.product})]")
        lines.append(f'  {r.step.value} -. "fails every attempt" .-> failed(["reason, closed"])')
        before = f"{r.step.value}_made"
    lines.append(f'  {before} --> done(["results in the discussion, leaderboard, chat"])')
    return "\n".join(lines)
