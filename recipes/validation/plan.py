"""The `plan:` section of a recipe, which bot and recipes both read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from recipes.validation.http_urls import url_problem
from recipes.validation.ranges import Share, Text

# Larger numbers are mistakes, and very large ones would make sums infinite.
Minutes = Annotated[int, Field(ge=0, le=100_000)]
Usd = Annotated[float, Field(ge=0, le=1e6)]
Tokens = Annotated[float, Field(ge=0, le=1e12)]
StepName = Literal["check", "generate", "train", "evaluate", "improve"]


@dataclass(frozen=True)
class StepSettings:
    """The hardware of one step, its time limit, and how often it may be tried."""

    flavor: Text
    """The hardware of its job, as the Hub calls it."""
    timeout_minutes: Annotated[Minutes, Field(ge=1)]
    attempts: Annotated[int, Field(ge=1, le=100)]
    expected_minutes: Annotated[float, Field(gt=0, le=100_000)]
    """For the estimate of time and costs."""
    tokens_in: Tokens = 0.0
    """Tokens that the teacher reads, for the estimate."""
    tokens_out: Tokens = 0.0
    """Tokens that the teacher writes, for the estimate."""
    fertility: Annotated[float, Field(ge=0, le=100)] = 0.0
    """The teacher's tokens relative to English that these figures assume; 0 if they assume none."""
    language_share: Share = 0.0
    """The share (0 to 1) of these figures that grows with the fertility."""

    def with_fertility(self, fertility: float) -> StepSettings:
        """Return the settings with the figures for a measured fertility; 0 if there is none."""
        if not fertility or not self.fertility:
            return self
        factor = 1 + self.language_share * (fertility / self.fertility - 1)
        return replace(
            self,
            expected_minutes=factor * self.expected_minutes,
            tokens_in=factor * self.tokens_in,
            tokens_out=factor * self.tokens_out,
            fertility=fertility,
        )


def _teacher_url(url: str) -> str:
    if url and (problem := url_problem(url)):
        raise ValueError(f"{problem}. A token goes into KAKUGO_TEACHER_TOKEN")
    return url


@dataclass(frozen=True)
class TeacherPlan:
    """One of three kinds of teacher: at a `url`, in a job (`flavor`), or an endpoint."""

    name: Text = ""
    model: Text = ""
    revision: Annotated[str, Field(pattern=r"^([0-9a-f]{40})?$")] = ""
    """The commit of an endpoint's `model`; empty for the newest."""
    image: Text = ""
    command: tuple[Text, ...] = ()
    vendor: Text = ""
    region: Text = ""
    accelerator: Literal["cpu", "gpu", "neuron", "tpu"] | None = None
    instance_type: Text = ""
    instance_size: Text = ""
    max_replica: Annotated[int, Field(ge=1, le=1_000)] = 1
    """Of an endpoint, which grows with its queue."""
    flavor: Text = ""
    """The hardware of the teacher's job."""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where the teacher's job serves."""
    timeout_minutes: Minutes = 0
    """After which the teacher's job ends, even without a bot."""
    url: Annotated[
        str,
        AfterValidator(_teacher_url),
        Field(json_schema_extra={"pattern": r"^(https?://\S+)?$"}),
    ] = ""
    """A server that is paid by tokens, such as Inference Providers."""
    tokens_per_second: Tokens = 0.0
    """Tokens that it is assumed to write for all calls together, for the estimate."""
    bill_to: str = ""
    """The organization that Inference Providers bill."""
    usd_per_hour: Usd = 0.0
    usd_per_million_in: Usd = 0.0
    """For a teacher that is paid by tokens."""
    usd_per_million_out: Usd = 0.0


@dataclass(frozen=True)
class Plan:
    """What the bot needs to know to run the recipe."""

    base: Text
    """The base model, unless a request chooses one of `bases`."""
    image: Text
    """The image of the jobs."""
    teacher: TeacherPlan
    steps: dict[StepName, StepSettings]
    practice: bool = False
    """Whether all outputs must say that they are practice."""
    languages: tuple[Text, ...] | None = None
    """The codes of the languages that the teacher writes; null for any."""
    bases: tuple[Text, ...] = ()
    licences: tuple[Text, ...] = ()
    """The licences that a request may choose for its dataset."""
    setup: tuple[Annotated[tuple[Text, ...], Field(min_length=1)], ...] = ()
    """Commands that `deploy` runs once."""
