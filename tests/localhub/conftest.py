"""One local Hub per test process, real clients, and repos with names of their own."""

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


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A running Hub that the tests of this process share."""
    with LocalHub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture
def as_user(hub: LocalHub) -> Callable[[str], HfApi]:
    """A client of the shared Hub with a user's write token."""
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
def anonymous(hub: LocalHub) -> HfApi:
    """A client without a token."""
    return HfApi(endpoint=hub.url, token=False)


@pytest.fixture
def name() -> str:
    """A repo id in ``practice`` that nobody else uses."""
    return f"practice/repo-{os.getpid()}-{next(numbers)}"


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
