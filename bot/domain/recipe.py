"""The `plan:` section of a recipe's YAML: what the bot needs to know to run it.

The other sections are only checked, so that a recipe with a mistake in the last step does not start
the first. The bot never imports a recipe.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from bot.domain.request import Step
from bot.errors import UserError
from recipes.validation.errors import InvalidInput
from recipes.validation.models import parse as parse_model
from recipes.validation.plan import Plan, StepSettings
from recipes.validation.recipe_check import check_recipe
from recipes.validation.recipe_files import PACKAGED, packaged_names, read_recipe, recipe_text
from recipes.validation.teacher_urls import is_provider

TAUGHT = (Step.CHECK, Step.GENERATE)  # the steps that ask the teacher
# After so many minutes without a call, the Hub scales the endpoint to zero, also without a bot.
IDLE_MINUTES = 15
_REPO = re.compile(r"[\w.-]+/[\w.-]+")


class InvalidRecipe(UserError):
    """A recipe that cannot be used; the message names the key and the reason."""


@dataclass(frozen=True)
class EndpointSpec:
    """The teacher's Inference Endpoint, as the Hub's API describes it.

    `revision` is the commit of the model; empty for the newest when the endpoint is created.
    """

    name: str
    model: str
    image: str
    command: tuple[str, ...]
    vendor: str
    region: str
    accelerator: str
    instance_type: str
    instance_size: str
    usd_per_hour: float
    max_replica: int = 1
    revision: str = ""


@dataclass(frozen=True)
class TeacherJob:
    """A Job that serves the teacher on an exposed port until it is cancelled or its time is up."""

    name: str
    image: str
    command: tuple[str, ...]
    flavor: str
    port: int
    timeout_minutes: int
    usd_per_hour: float


@dataclass(frozen=True)
class TeacherUrl:
    """A server that is always there and paid by the token, such as Inference Providers.

    Prices are US dollars per million tokens. `bill_to` is the organization that Inference
    Providers bill; empty for the owner of the jobs' token.
    """

    url: str
    usd_per_million_in: float
    usd_per_million_out: float
    bill_to: str = ""

    @property
    def is_provider(self) -> bool:
        return is_provider(self.url)

    @property
    def name(self) -> str:
        """It has none: nothing of it belongs to the installation."""
        return ""

    def usd(self, settings: StepSettings) -> float:
        """Return the expected cost of a step."""
        millions = (
            settings.tokens_in * self.usd_per_million_in
            + settings.tokens_out * self.usd_per_million_out
        )
        return millions / 1e6


TeacherSpec = EndpointSpec | TeacherJob | TeacherUrl


@dataclass(frozen=True)
class Recipe:
    """One recipe for one namespace.

    `languages` is None if the teacher writes any language. The first of `bases` is the default; a
    request may choose another one, and one of `licences` for its dataset. `setup` are commands
    that `deploy` runs once. The expected minutes assume that the teacher writes so many
    `tokens_per_second`; 0 if the recipe names no speed. `asked_model` is the name by which jobs ask
    the teacher for its model. A next version needs at least `fewest_corrections`.
    """

    name: str
    org: str
    text: str
    practice: bool
    languages: frozenset[str] | None
    bases: tuple[str, ...]
    licences: tuple[str, ...]
    image: str
    teacher: TeacherSpec
    setup: tuple[tuple[str, ...], ...]
    steps: Mapping[Step, StepSettings]
    train_extras: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    other_models: tuple[str, ...] = ()
    evaluate_extras: tuple[str, ...] = ()
    tokens_per_second: float = 0.0
    asked_model: str = ""
    fewest_corrections: int = 0

    def extras(self, step: Step) -> tuple[str, ...]:
        """Return the extras of this package that a step's job installs."""
        trains = self.train_extras if step in (Step.TRAIN, Step.IMPROVE) else ()
        evaluates = self.evaluate_extras if step in (Step.EVALUATE, Step.IMPROVE) else ()
        return (step.value, *trains, *evaluates)

    @property
    def endpoint(self) -> EndpointSpec | None:
        """The teacher's Inference Endpoint, if it has one."""
        return self.teacher if isinstance(self.teacher, EndpointSpec) else None

    @property
    def endpoint_name(self) -> str:
        return self.endpoint.name if self.endpoint else ""

    @property
    def base(self) -> str:
        return self.bases[0]

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Type and name of each repo of others that jobs read: base models and datasets."""
        found = [("model", base) for base in self.bases]
        found += [("dataset", repo) for repo in self.datasets]
        found += [("model", repo) for repo in self.other_models]
        mine = f"{self.org}/"
        return tuple(dict.fromkeys(item for item in found if not item[1].startswith(mine)))

    def digest(self, language: str) -> str:
        """Identify this configuration and language, as `recipes/core/config.py` does."""
        return hashlib.sha256(f"{self.text}\n{language}".encode()).hexdigest()

    def supports_language(self, language: str) -> bool:
        return self.languages is None or language in self.languages


def _repos(value: Any, keys: Collection[str]) -> Iterator[str]:
    """Yield every repo of the Hub that a YAML names by one of these keys."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in keys and isinstance(item, str) and _REPO.fullmatch(item):
                yield item
            yield from _repos(item, keys)
    elif isinstance(value, list):
        for item in value:
            yield from _repos(item, keys)


def load(name: str, org: str) -> Recipe:
    """Read the packaged recipe `name` for a namespace. Raises InvalidRecipe."""
    known = packaged_names()
    if name not in known:
        raise InvalidRecipe(f"There is no recipe {name!r}. Choose one of: {', '.join(known)}.")
    try:
        text = recipe_text(PACKAGED / f"{name}.yaml")
    except InvalidInput as error:
        raise InvalidRecipe(str(error)) from error
    return parse(name, org, text)


def parse(name: str, org: str, text: str) -> Recipe:
    """Read the text of a recipe. Raises InvalidRecipe if any section is wrong, not only `plan:`."""
    try:
        sections = read_recipe(text, "the document", {"{org}": org})
        check_recipe(sections)
        plan = parse_model(Plan, sections.get("plan"), "plan")
        if missing := [step.value for step in Step if step.value not in plan.steps]:
            raise InvalidInput(f"plan.steps.{missing[0]}: is missing; add it.")
        teacher = _teacher(plan)
    except InvalidInput as error:
        raise InvalidRecipe(f"In the recipe {name!r}, {error}") from error
    return Recipe(
        name=name,
        org=org,
        text=text,
        practice=plan.practice,
        languages=None if plan.languages is None else frozenset(plan.languages),
        bases=tuple(dict.fromkeys((plan.base, *plan.bases))),
        licences=plan.licences,
        image=plan.image,
        teacher=teacher,
        setup=plan.setup,
        steps={step: plan.steps[step.value] for step in Step},
        train_extras=_train_extras(_section(sections, "train", "trainer")),
        evaluate_extras=_evaluate_extras(_section(sections, "evaluate")),
        datasets=tuple(_repos(sections, ("repo", "dataset"))),
        other_models=(
            *_repos(sections, ("tokenizer",)),
            *_repos(_section(sections, "evaluate", "neural"), ("model",)),
        ),
        tokens_per_second=plan.teacher.tokens_per_second,
        fewest_corrections=int(_section(sections, "train", "feedback").get("fewest", 0)),
        asked_model=str(_section(sections, "generate", "teacher").get("model", "")),
    )


def _teacher(plan: Plan) -> TeacherSpec:
    """Return the kind of teacher that its keys name: `url`, `flavor` (a job), or an endpoint.

    Raises InvalidInput for what is missing, above all a price.
    """
    given = plan.teacher
    kind = TeacherUrl if given.url else TeacherJob if given.flavor else EndpointSpec
    values = {field.name: getattr(given, field.name) for field in fields(kind)}
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    if missing := [key for key in needed if not values[key]]:
        raise InvalidInput(f"plan.teacher.{missing[0]}: is missing; add it.")
    if kind is TeacherUrl:
        for step in TAUGHT:
            for key in ("tokens_in", "tokens_out"):
                if not getattr(plan.steps[step.value], key):
                    raise InvalidInput(f"plan.steps.{step.value}.{key}: is missing; add it.")
    return kind(**values)


def _section(sections: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return a section within others; empty if one is missing."""
    for key in keys:
        sections = sections.get(key) or {}
    return sections


def _train_extras(trainer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what `report_to: trackio` needs besides the extra of the step."""
    return ("trackio",) if trainer.get("report_to") == "trackio" else ()


def _evaluate_extras(section: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what `backend: lm_eval` needs besides the extra of the step."""
    if section.get("backend") != "lm_eval":
        return ()
    return ("lm-eval", "vllm") if section["lm_eval"]["model"] == "vllm" else ("lm-eval",)
