"""One local Hub per test process, real clients, and repos with unique names.

With CONTRACT_ENDPOINT set, the tests that need only clients and repos run against the Hub there:
CONTRACT_TOKEN and CONTRACT_OTHER_TOKEN are write tokens of two users; the first may create repos in
CONTRACT_NAMESPACE, the second may not. The other tests are skipped.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.update(HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1")
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

import pytest
import yaml
from huggingface_hub import HfApi, constants

from bot.localhub.core.rules import Rules
from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import ORGS, USERS, LocalHub
from tests.bot.localhub.helpers import NARROW_TOKEN, Browser, control
from tests.recipes.recipe_runner import recipe_runner

constants.HF_HUB_DISABLE_XET = True
numbers = itertools.count(1)

ENDPOINT = os.environ.get("CONTRACT_ENDPOINT", "")
NAMESPACE = os.environ.get("CONTRACT_NAMESPACE", "practice")
TOKENS = {"alice": "CONTRACT_TOKEN", "bob": "CONTRACT_OTHER_TOKEN"}


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A running Hub that the tests of this process share.

    `carol` owns the organizations `guild` and `lab`, whose repos are private by default, and has a
    fine-grained token for `guild/mine`.
    """
    if ENDPOINT:
        pytest.skip("it needs features that only the local Hub has")
    users = [*USERS, "carol", "__DUMMY_USER__"]
    rules = Rules(api_calls=0)  # hundreds of tests share it
    shared = LocalHub(
        tmp_path_factory.mktemp("hub"), users, {**ORGS, "guild": ["carol"]}, rules=rules
    )
    seed = yaml.safe_load(shared.seed.read_text())
    scope = {"entity": "guild/mine", "permissions": ["repo.write"]}
    seed["users"].append(
        {"name": "carol", "token": NARROW_TOKEN, "role": "fineGrained", "scoped": [scope]}
    )
    seed["orgs"].append({"name": "lab", "members": ["carol"], "private_by_default": True})
    shared.seed.write_text(yaml.safe_dump(seed))
    with shared:
        yield shared


@pytest.fixture
def local_hub(tmp_path: Path) -> Iterator[LocalHub]:
    """A running Hub for one test, which may stop or kill it."""
    with LocalHub(tmp_path) as running:
        yield running


@pytest.fixture
def as_user(request: pytest.FixtureRequest) -> Callable[[str], HfApi]:
    """Make a client with a user's write token."""

    def at_contract_endpoint(name: str) -> HfApi:
        if name not in TOKENS:
            pytest.skip("it needs more than two users")
        return HfApi(endpoint=ENDPOINT, token=os.environ[TOKENS[name]])

    if ENDPOINT:
        return at_contract_endpoint
    hub: LocalHub = request.getfixturevalue("hub")
    return lambda name: HfApi(endpoint=hub.url, token=hub.token(name))


@pytest.fixture
def alice(as_user: Callable[[str], HfApi]) -> HfApi:
    """A client of a member of `practice`."""
    return as_user("alice")


@pytest.fixture
def bob(as_user: Callable[[str], HfApi]) -> HfApi:
    """A client of a user who is in no organization."""
    return as_user("bob")


@pytest.fixture
def anonymous(alice: HfApi) -> HfApi:
    """A client without a token."""
    return HfApi(endpoint=alice.endpoint, token=False)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    """A unique repo id in the namespace of alice's organization."""
    repo_id = f"{NAMESPACE}/repo-{os.getpid()}-{next(numbers)}"
    yield repo_id
    if ENDPOINT:
        for repo_type in ("model", "dataset", "space"):
            api: HfApi = request.getfixturevalue("alice")
            api.delete_repo(repo_id, repo_type=repo_type, missing_ok=True)


@pytest.fixture
def repo(alice: HfApi, name: str) -> str:
    """The id of a new model repo."""
    alice.create_repo(name)
    return name


@pytest.fixture
def advance(hub: LocalHub) -> Iterator[Callable[[float], None]]:
    """Advance the shared Hub's clock by seconds; afterwards it shows the machine's time again."""
    yield lambda seconds: control(hub, "clock", advance=seconds)
    control(hub, "clock", reset=True)


@pytest.fixture
def run_client(
    hub: LocalHub, torch_fork_server: ForkServer, tmp_path: Path
) -> Iterator[Callable[[str], str]]:
    """Run a script in a process whose `HF_ENDPOINT` is the Hub, and return its output."""
    env = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": hub.token("alice"),
        "HF_HOME": str(tmp_path / "hf"),
    }
    with recipe_runner(torch_fork_server, env, tmp_path / "runs") as runner:
        yield runner.run_script


@pytest.fixture
def browse(hub: LocalHub) -> Iterator[Callable[[str], Browser]]:
    """Open a browser in which a user is signed in, or nobody (`""`)."""
    opened: list[Browser] = []

    def browse(user: str = "") -> Browser:
        opened.append(Browser(hub.url))
        if user:
            opened[-1].sign_in(user)
        return opened[-1]

    yield browse
    for browser in opened:
        browser.http.close()
