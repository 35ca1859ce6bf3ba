"""What keeps an installation from working is said in one sentence before anything is created.

`deploy` refuses, and `doctor` reports the same, on the local Hub with all of its rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import yaml
from huggingface_hub import HfApi

from bot.domain.recipe import TeacherUrl
from bot.domain.request import Step
from bot.hub.client import Refused
from bot.localhub.testing import LocalHub
from bot.operations.deploy import Deployment, check, deploy, preview
from bot.operations.findings import bad
from tests.scenarios.local_installation import BOT, PERSON, LocalInstallation

pytestmark = pytest.mark.xdist_group("broken-installations")

ORG, GATED = "poor", f"{PERSON}/gated"
NARROW, UNUSED = "hf_narrow_half", "hf_unused"
RICH = {"plan": "team", "canPay": True, "spendLimitReached": False}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    server = LocalHub(tmp_path_factory.mktemp("poor"), users=(BOT, PERSON), orgs={ORG: (BOT,)})
    seed: dict[str, Any] = yaml.safe_load(server.seed.read_text())
    half = [{"entity": ORG, "permissions": ["repo.write", "inference.endpoints.write"]}]
    seed["users"] += [
        {"name": BOT, "token": NARROW, "role": "fineGrained", "scoped": half},
        {"name": BOT, "token": UNUSED},
    ]
    server.seed.write_text(yaml.safe_dump(seed))
    with server:
        api = HfApi(endpoint=server.url, token=server.token(PERSON))
        api.create_repo(GATED, repo_type="dataset")
        api.update_repo_settings(GATED, repo_type="dataset", gated="manual")
        yield server
        state = LocalInstallation.create(server, ORG).state()
        assert not (state["heads"] or state["endpoints"] or state["webhooks"] or state["jobs"])


Change = Callable[[Deployment], Deployment]


def _teacher(**changes: Any) -> Change:
    def change(it: Deployment) -> Deployment:
        teacher = replace(it.recipe.teacher, **changes)
        return replace(it, recipe=replace(it.recipe, teacher=teacher))

    return change


def _absent_url(it: Deployment) -> Deployment:
    return replace(it, recipe=replace(it.recipe, teacher=TeacherUrl("http://127.0.0.1:9", 1, 1)))


def _renamed_flavor(it: Deployment) -> Deployment:
    train = replace(it.recipe.steps[Step.TRAIN], flavor="cpu-upgraded")
    return replace(it, recipe=replace(it.recipe, steps={**it.recipe.steps, Step.TRAIN: train}))


def _gated_dataset(it: Deployment) -> Deployment:
    return replace(it, recipe=replace(it.recipe, datasets=(*it.recipe.datasets, GATED)))


def _wrong_card(it: Deployment) -> Deployment:
    card = b"---\nsdk: gradio\nlicense: apache-2\n---\n"
    chat = {**it.checkout.spaces["chat"], "README.md": card}
    spaces = {**it.checkout.spaces, "chat": chat}
    return replace(it, checkout=replace(it.checkout, spaces=spaces))


@dataclass(frozen=True)
class Fault:
    """What is wrong, and the sentence that says so.

    `account` changes the account of the namespace, `call` is a call that the Hub answers with 429,
    `change` changes the deployment.
    """

    sentence: str
    env: dict[str, str] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    call: str = ""
    change: Change = lambda deployment: deployment


GPU = {"accelerator": "gpu", "instance_type": "nvidia-h200", "usd_per_hour": 5.0}
FAULTS = {
    "no plan": Fault("no plan for the organization poor", account={"plan": ""}),
    "no credit": Fault("poor has no payment method, which jobs", account={"canPay": False}),
    "spending limit": Fault("reached its spending limit", account={"spendLimitReached": True}),
    "half the scopes": Fault(
        "lacks job.write on poor, coll.*, user.webhooks", {"HF_TOKEN": NARROW}
    ),
    "a revoked token": Fault("KAKUGO_JOB_TOKEN does not work", {"KAKUGO_JOB_TOKEN": "hf_gone"}),
    "another's namespace": Fault(f"cannot write to {PERSON}", {"KAKUGO_ORG": PERSON}),
    "no such namespace": Fault("cannot write to nobody", {"KAKUGO_ORG": "nobody"}),
    "a bot on a free account": Fault(
        "a free account cannot run the bot as a Space",
        {"KAKUGO_ORG": BOT, "KAKUGO_RUN": "space"},
        {"plan": ""},
    ),
    "a region without the GPU": Fault(
        "do not offer in aws us-west-9",
        change=_teacher(**GPU, instance_size="x1", region="us-west-9"),
    ),
    "hardware that is used up": Fault(
        "in aws eu-west-1 is not available",
        change=_teacher(**GPU, instance_size="x1", region="eu-west-1"),
    ),
    "a higher price": Fault(r"costs \$0.033 an hour, but", change=_teacher(usd_per_hour=0.01)),
    "a renamed flavor": Fault(
        "needs cpu-upgraded, which this Hub does not offer: choose other hardware in "
        "recipes/practice.yaml, like cpu-upgrade",
        change=_renamed_flavor,
    ),
    "a gated dataset": Fault(
        f"see whether .*/datasets/{GATED} exists; if it is gated", change=_gated_dataset
    ),
    "a wrong card": Fault("does not accept the card of poor/kakugo-chat", change=_wrong_card),
    "a teacher that is away": Fault(
        "teacher at 127.0.0.1 cannot be used .127.0.0.1:9 does not answer", change=_absent_url
    ),
    "no secret for the webhook": Fault(
        "KAKUGO_WEBHOOK_SECRET is not set; without it",
        {"KAKUGO_RUN": "space", "KAKUGO_WEBHOOK_SECRET": ""},
    ),
    "contradictory limits": Fault("KAKUGO_DAY_USD is less than", {"KAKUGO_DAY_USD": "1"}),
    "too many calls": Fault("HF_TOKEN does not work: .*429", {"HF_TOKEN": UNUSED}, call="whoami"),
    "no answer on payment": Fault("prices of jobs cannot be read .*429", call="jobs/hardware"),
}


def _rich(name: str) -> dict[str, Any]:
    return RICH if name == ORG else RICH | {"plan": "pro"}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_nothing_is_created_and_one_sentence_says_why(hub: LocalHub, fault: Fault) -> None:
    installation = LocalInstallation.create(hub, fault.env.get("KAKUGO_ORG", ORG), **fault.env)
    deployment = fault.change(installation.deployment)
    account = {"name": installation.org}
    if fault.call:
        installation.control("faults", {"path": fault.call, "times": 100, "status": 429})
    if fault.account:
        installation.control("account", account | _rich(installation.org) | fault.account)
    try:
        with pytest.raises(Refused, match=f"nothing was changed: .*{fault.sentence}") as error:
            next(deploy(deployment))
        found = bad(check(deployment))
    finally:
        installation.control("reset", {})
        if fault.account:
            installation.control("account", account | _rich(installation.org))
    (obstacle,) = [each for each in found if str(error.value) == f"nothing was changed: {each}"]
    assert obstacle.remedy and "hf_" not in str(error.value)


def test_the_command_line_reports_what_it_cannot_even_ask(hub: LocalHub) -> None:
    installation = LocalInstallation.create(hub, ORG, HF_TOKEN="hf_wrong")
    process = installation.run_cli("doctor", "--json")
    (finding,) = json.loads(process.stdout)
    assert process.returncode == 1 and finding["level"] == "bad"
    assert "401" in finding["text"] and "check HF_TOKEN" in finding["text"]
    process = LocalInstallation.create(hub, ORG).run_cli("plan")
    assert process.returncode == 1
    assert "there is no dataset poor/kakugo-requests" in process.stderr.lower()
    assert "`kakugo deploy`" in process.stderr


def test_a_free_account_gets_both_spaces_and_pays_nothing_without_requests(hub: LocalHub) -> None:
    """Both Spaces run on ZeroGPU; a schedule runs the bot in place of a Space."""
    installation = LocalInstallation.create(
        hub, PERSON, HF_TOKEN=hub.token(PERSON), KAKUGO_RUN="schedule", KAKUGO_SCHEDULE="0 0 1 1 *"
    )
    installation.control("account", {"name": PERSON, "plan": "", "canPay": True})
    lines, obstacles = preview(installation.deployment)
    assert not obstacles and "$0.00 a month" in "\n".join(lines)
    installation.deploy()
    api = HfApi(endpoint=hub.url, token=hub.token(PERSON))
    for space in (f"{PERSON}/kakugo", f"{PERSON}/kakugo-chat"):
        assert api.get_space_runtime(space).requested_hardware == "zero-a10g"
    assert not bad(check(installation.deployment))
