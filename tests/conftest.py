"""Set the environment before any client is imported, and skip browser tests without a browser."""

from __future__ import annotations

import fcntl
import gc
import os
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing

# Collection makes no garbage; looking for it would take a third of the time.
gc.disable()

os.environ.update(
    HF_HUB_DISABLE_XET="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_PROGRESS_BARS="1",
    HF_HUB_DISABLE_UPDATE_CHECK="1",
    DISABLE_SAFETENSORS_CONVERSION="1",
    TOKENIZERS_PARALLELISM="false",
    GRADIO_ANALYTICS_ENABLED="False",
    NO_PROXY="127.0.0.1,localhost",
    HF_HOME=tempfile.mkdtemp(prefix="kakugo-hf-home-"),
)
for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
    os.environ.pop(name, None)

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

from bot.localhub.fork_server import ForkServer  # noqa: E402
from bot.localhub.testing import take_findings  # noqa: E402
from tests.browser import CHROMIUM, MISSING  # noqa: E402
from tests.recipes.recipe_runner import MODULES, TORCH_MODULES  # noqa: E402

COLLECTED = pytest.StashKey[frozenset[str]]()

# Deadlines of examples are unreliable on a machine that also runs other work.
settings.register_profile("kakugo", deadline=None)
settings.load_profile("kakugo")


@pytest.fixture(autouse=True)
def contract_of_the_hub() -> Iterator[None]:
    """Fail a test whose calls to a local Hub differ from the real Hub's contract."""
    yield
    findings = take_findings()
    assert not findings, "\n".join(findings)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Run what needs a model or a fork server in one process, as imports take seconds."""
    fixtures = getattr(item, "fixturenames", ())
    if not item.get_closest_marker("xdist_group"):
        if "torch_fork_server" in fixtures or "tiny_base" in fixtures:
            item.add_marker(pytest.mark.xdist_group("torch"))
        elif "fork_server" in fixtures:
            item.add_marker(pytest.mark.xdist_group("generate"))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Collect in the first of several processes before the others, for which it compiles."""
    worker = getattr(session.config, "workerinput", {}).get("workerid", "gw0")
    lock = os.open(__file__, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if worker == "gw0" else fcntl.LOCK_SH)
        return (yield)
    finally:
        os.close(lock)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests, skip those without a browser, and let `xdist_group` take effect.

    Slow tests start first, so that none of them runs alone at the end.

    xdist 3.8 appends the group to `_nodeid`, which pytest 9.2 no longer reads: without this,
    `--dist loadgroup` ignores every group.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if node_id := getattr(item, "_nodeid", ""):
            item._id = type(item._id).parse(node_id)
    if CHROMIUM is None:
        for item in items:
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason=MISSING))


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    gc.enable()
    session.config.stash[COLLECTED] = frozenset(sys.modules)


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """The process of which runs of recipes are forks."""
    with closing(ForkServer(*MODULES)) as server:
        yield server


@pytest.fixture(scope="session")
def torch_fork_server() -> Iterator[ForkServer]:
    """The same for runs that need a model."""
    with closing(ForkServer(*MODULES, *TORCH_MODULES)) as server:
        yield server


@pytest.fixture
def modules_after_collection(pytestconfig: pytest.Config) -> frozenset[str]:
    """The names of all modules that this process had imported before its first test."""
    return pytestconfig.stash[COLLECTED]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how to run the browser tests if they were skipped."""
    skipped = [report for report in terminalreporter.stats.get("skipped", ())
               if MISSING in str(report.longrepr)]  # fmt: skip
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} browser tests skipped: {MISSING}")
