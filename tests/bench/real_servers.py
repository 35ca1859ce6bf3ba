"""Two servers that nobody here wrote, with a real model of 135 million parameters.

The packages come from the package registry, into the cache of pytest: `transformers serve` with
what its extra `serving` adds, and llama-cpp-python, which is compiled and takes minutes. A bench is
skipped where they cannot be had.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.localhub.compute.processes import free_port
from tests.bench import smollm2
from tests.bench.packages import environment, installed

OPENAI = ("openai==3.57.0", "distro", "jiter", "sniffio")  # its other needs are installed
LLAMA_CPP = ("llama-cpp-python[server]==0.3.36",)
READY_SECONDS = 300


@contextmanager
def transformers_serve(config: pytest.Config) -> Iterator[tuple[str, str]]:
    """Run `transformers serve`; yield its URL and the model's name, which is a path."""
    packages = installed(config, "transformers", *OPENAI, with_needs=False)
    model = smollm2.model_folder(config, "float32")
    serve = [str(Path(sys.executable).with_name("transformers")), "serve", "--host", "127.0.0.1"]
    with server([*serve, "--device", "cpu"], packages, "/health") as url:
        yield url, str(model)


@contextmanager
def llama_cpp_server(config: pytest.Config) -> Iterator[tuple[str, str]]:
    """Run the server of llama-cpp-python; yield its URL and a name that it does not heed."""
    model = smollm2.gguf_file(config)
    packages = installed(config, "llama_cpp", *LLAMA_CPP, with_needs=True)
    serve = [sys.executable, "-m", "llama_cpp.server", "--host", "127.0.0.1", "--n_ctx", "2048"]
    with server([*serve, "--model", str(model)], packages, "/v1/models") as url:
        yield url, "smollm2"


@contextmanager
def server(command: Sequence[str], packages: Path, path: str) -> Iterator[str]:
    """Run a server until the block ends; yield its URL once it answers at a path."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [*command, "--port", str(port)],
        env=environment(packages),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_until_ready(f"{url}{path}", process)
            yield url
        finally:
            process.terminate()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a URL answers with the status 200."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                if response.status == 200:
                    return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    pytest.fail(f"the server {url} did not start (status {process.poll()})")
