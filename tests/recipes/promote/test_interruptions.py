"""A promotion killed before any of its commits, and started again, ends as if nothing had been."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from recipes.core import manifest
from recipes.core.manifest import Manifest
from tests.recipes import tiny_adapters
from tests.recipes.conftest import byte_tokenizer
from tests.recipes.promote.test_run import ITEMS, RECIPE, RESULTS, ask, asked
from tests.recipes.train.train_jobs import BASE, DATA, client, environment, hub_with_chats

pytestmark = [
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # PEFT's, of transformers
]
# Each line on stdin is a run in a fork, which dies with -9 before its n-th commit; 0 is for never.
FORKS = """
import json, os, signal, sys
import datasets, peft, torch, transformers, sacrebleu, recipes.promote.run
from huggingface_hub.utils import _http
from recipes import cli

def dying(before):
    commits = 0
    def look(request):
        nonlocal commits
        commits += request.url.path.endswith("/commit/main")
        if commits == before:
            os.kill(os.getpid(), signal.SIGKILL)
    def client():
        made = _http.default_client_factory()
        made.event_hooks["request"].append(look)
        return made
    _http.set_client_factory(client)

for line in sys.stdin:
    before, argv = json.loads(line)
    if not (pid := os.fork()):
        os.dup2(2, 1)
        if before:
            dying(before)
        os._exit(cli.main(argv))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[LocalHub]:
    with hub_with_chats(tmp_path_factory.mktemp("hub"), tiny_base) as hub:
        asked(client(hub))
        yield hub


@pytest.fixture(scope="module")
def taught(
    hub: LocalHub, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Two adapters: one answers everything with A, which is right, one with B."""
    folder = tmp_path_factory.mktemp("taught")
    for letter in "AB":
        model = tiny_adapters.untaught(tiny_base)
        chats = [[{"role": "user", "content": ask(i)}, {"role": "assistant", "content": letter}]
                 for i in range(ITEMS)]  # fmt: skip
        tiny_adapters.teach(model, byte_tokenizer(), chats, 15)
        tiny_adapters.write(model, folder / letter, BASE, client(hub).model_info(BASE).sha)
    return {letter: folder / letter for letter in "AB"}


class Forks:
    """`kakugo-recipe promote`, as often as one likes."""

    def __init__(self, hub: LocalHub, folder: Path) -> None:
        self.path = folder / "tiny.yaml"
        self.path.write_text(yaml.safe_dump(RECIPE))
        env = environment(hub, folder)
        self.process = subprocess.Popen([sys.executable, "-c", FORKS], env=env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)  # fmt: skip

    def promote(self, adapter: str, before: int = 0) -> int:
        """The exit status of a run that is killed before this commit."""
        assert self.process.stdin and self.process.stdout
        argv = ["promote", "--config", str(self.path), "--org", "practice", "--language",
                "epo_Latn", "--dataset", DATA, "--base", BASE, "--adapter", adapter,
                "--into", RESULTS]  # fmt: skip
        self.process.stdin.write(json.dumps([before, argv]) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture
def forks(hub: LocalHub, tmp_path: Path) -> Iterator[Forks]:
    made = Forks(hub, tmp_path)
    yield made
    made.process.kill()
    made.process.communicate()


def versions(api: HfApi, adapter: str, first: Path, second: Path) -> None:
    """`v1`, in use, and `v2`, which was made from it."""
    for tag, branch, folder, told in (
        ("v1", "main", first, {"energy_kwh": 0.5}),
        ("v2", "next", second, {"version": "v2", "parent_version": "v1"}),
    ):
        tiny_adapters.push(api, adapter, folder, branch)
        made = Manifest("train", "r", 1, "d" * 64, "epo_Latn", {}, adapter, "0" * 40, True, 1.0,
                        metrics=told)  # fmt: skip
        commit = manifest.push(api, adapter, "model", "run.json", made, branch)
        api.create_tag(adapter, tag=tag, revision=commit)


def seen(api: HfApi, adapter: str) -> dict[str, str]:
    """What is left of it, but for commits, moments and the adapter's own name."""
    name = adapter.split("/")[1]
    found = {}
    for repo, kind, under in ((adapter, "model", ""), (RESULTS, "dataset", f"epo_Latn/{name}/")):
        for path in api.list_repo_files(repo, repo_type=kind):
            if path.startswith(under):
                raw = Path(api.hf_hub_download(repo, path, repo_type=kind)).read_bytes()
                found[path.replace(name, "NAME")] = _plain(raw, name)
    return found


def _plain(raw: bytes, name: str) -> str:
    try:
        text = raw.decode().replace(name, "NAME")
    except UnicodeDecodeError:
        return hashlib.sha256(raw).hexdigest()
    text = re.sub(r"[0-9a-f]{40}|\d{4}-\d\d-\d\dT[\d:]{8}(\+00:00|Z)", "THEN", text)
    return re.sub(r'"(seconds|cache_key)": ("[0-9a-f]+"|[0-9.]+)', "", text)


@pytest.mark.parametrize(("better", "first"), [(True, 3), (False, 5)])  # before: the same for both
def test_killed_before_a_commit_and_started_again_it_ends_alike(
    hub: LocalHub, taught: dict[str, Path], forks: Forks, better: bool, first: int
) -> None:
    api = client(hub)
    pair = [taught[letter] for letter in ("BA" if better else "AB")]
    whole = f"practice/kakugo-whole-{better}"
    versions(api, whole, *pair)
    assert forks.promote(whole) == 0
    wanted = seen(api, whole)
    assert f'"promoted": {str(better).lower()}' in wanted["epo_Latn/NAME/versions/v2/run.json"]
    assert ("epo_Latn/NAME/outputs.jsonl" in wanted) == better
    commit = first
    while True:
        cut = f"practice/kakugo-cut{commit}-{better}"
        versions(api, cut, *pair)
        died = forks.promote(cut, before=commit)
        if died == 0:
            break
        assert died == -9 and forks.promote(cut) == 0
        assert seen(api, cut) == wanted, f"killed before commit {commit}"
        commit += 1
    assert commit == (10 if better else 7)
