"""One local Hub per test process, real clients, and repos with names of their own.

With CONTRACT_ENDPOINT the tests that ask for no more than clients and repos run against the Hub
there: CONTRACT_TOKEN and CONTRACT_OTHER_TOKEN are write tokens of two users, the first may create
repos in CONTRACT_NAMESPACE, the second may not. The others are skipped.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.update(HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1")
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

import pytest
from huggingface_hub import HfApi, constants
from huggingface_hub.utils import get_session

from bot.localhub.testing import LocalHub

constants.HF_HUB_DISABLE_XET = True
numbers = itertools.count(1)

ENDPOINT = os.environ.get("CONTRACT_ENDPOINT", "")
NAMESPACE = os.environ.get("CONTRACT_NAMESPACE", "practice")
TOKENS = {"alice": "CONTRACT_TOKEN", "bob": "CONTRACT_OTHER_TOKEN"}


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A running Hub that the tests of this process share."""
    if ENDPOINT:
        pytest.skip("it asks for what only the local Hub has")
    with LocalHub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture
def as_user(request: pytest.FixtureRequest) -> Callable[[str], HfApi]:
    """A client of the Hub with a user's write token."""

    def there(name: str) -> HfApi:
        if name not in TOKENS:
            pytest.skip("it needs more users than two")
        return HfApi(endpoint=ENDPOINT, token=os.environ[TOKENS[name]])

    if ENDPOINT:
        return there
    hub: LocalHub = request.getfixturevalue("hub")
    return lambda name: HfApi(endpoint=hub.url, token=hub.token(name))


@pytest.fixture
def alice(as_user: Callable[[str], HfApi]) -> HfApi:
    """A client of a member of ``practice``."""
    return as_user("alice")


@pytest.fixture
def bob(as_user: Callable[[str], HfApi]) -> HfApi:
    """A client of somebody who belongs to no organisation."""
    return as_user("bob")


@pytest.fixture
def anonymous(alice: HfApi) -> HfApi:
    """A client without a token."""
    return HfApi(endpoint=alice.endpoint, token=False)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    """A repo id in the members' namespace that nobody else uses."""
    made = f"{NAMESPACE}/repo-{os.getpid()}-{next(numbers)}"
    yield made
    if ENDPOINT:
        for kind in ("model", "dataset", "space"):
            request.getfixturevalue("alice").delete_repo(made, repo_type=kind, missing_ok=True)


@pytest.fixture
def repo(alice: HfApi, name: str) -> str:
    """The id of a fresh model repo."""
    alice.create_repo(name)
    return name


@pytest.fixture
def advance(hub: LocalHub) -> Iterator[Callable[[float], None]]:
    """Move the shared Hub's clock on by seconds; afterwards it tells the machine's time again."""
    clock, headers = f"{hub.url}/control/clock", {"Authorization": f"Bearer {hub.token('alice')}"}

    def move(**how: float) -> None:
        get_session().post(clock, json=how, headers=headers).raise_for_status()

    yield lambda seconds: move(advance=seconds)
    move(reset=True)


@pytest.fixture
def run_client(hub: LocalHub, tmp_path: Path) -> Callable[[str], str]:
    """Run a script in a process whose ``HF_ENDPOINT`` is the Hub; its output."""

    def run(script: str) -> str:
        env = {
            **os.environ,
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": hub.token("alice"),
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_DISABLE_XET": "1",
            "DISABLE_SAFETENSORS_CONVERSION": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=env, cwd=tmp_path, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
