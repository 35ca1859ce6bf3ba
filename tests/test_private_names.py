"""Every private name of a library that we use still exists; each entry says what to do if not."""

from __future__ import annotations

import importlib

import pytest

pytestmark = pytest.mark.xdist_group("torch")  # most import PyTorch

PRIVATE_NAMES = [
    (
        "huggingface_hub.HfApi._build_hf_headers",
        "Build `authorization` and `user-agent` ourselves in bot/hub, one function for all calls.",
    ),
    (
        "huggingface_hub.HfApi._validate_yaml",
        "POST the card to /api/validate-yaml in bot/hub/probes.py.",
    ),
    (
        "huggingface_hub._jobs_api.JobSpec",
        "Import it from the package if it became public, or read the JSON in bot/hub/inventory.py.",
    ),
    (
        "huggingface_hub.utils._http.default_client_factory",
        "Build an `httpx.Client` in bot/hub/client.py and spaces/chat/model_registry.py.",
    ),
    (
        "sacrebleu.metrics.BLEU._extract_corpus_statistics",
        "Count per sentence with `sentence_score` in recipes/evaluate/metrics.py; it is slower.",
    ),
    (
        "sacrebleu.metrics.CHRF._extract_corpus_statistics",
        "Count per sentence with `sentence_score` in recipes/evaluate/metrics.py; it is slower.",
    ),
    (
        "transformers.AutoModelForCausalLM._model_mapping",
        "Load with the recipe's attention in recipes/core/model_loading.py and retry with SDPA.",
    ),
    (
        "transformers.PreTrainedModel._supports_flash_attn",
        "Load with the recipe's attention in recipes/core/model_loading.py and retry with SDPA.",
    ),
    (
        "transformers.PreTrainedModel._supports_flex_attn",
        "Load with the recipe's attention in recipes/core/model_loading.py and retry with SDPA.",
    ),
    (
        "transformers.PreTrainedConfig._attn_implementation",
        "Take the attention from the recipe's arguments in recipes/train/packing.py.",
    ),
    (
        "trl.trainer.utils._use_triton",
        "Remove the patch in recipes/train/trainer.py if TRL skips prompts and padding on a CPU.",
    ),
    (
        "accelerate.PartialState._shared_state",
        "Read WORLD_SIZE in recipes/train/sft.py.",
    ),
]


@pytest.mark.parametrize(("name", "remedy"), PRIVATE_NAMES, ids=[name for name, _ in PRIVATE_NAMES])
def test_the_private_name_exists(name: str, remedy: str) -> None:
    parts = name.split(".")
    owner = next(at for at, part in enumerate(parts) if part[0].isupper() or part == parts[-1])
    thing: object = importlib.import_module(".".join(parts[:owner]))
    for part in parts[owner:]:
        assert hasattr(thing, part), f"{name} is gone. {remedy}"
        thing = getattr(thing, part)
