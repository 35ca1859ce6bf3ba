"""The base model: what train and evaluate both begin with.

Also where a process that loads models is told to be quiet; call `quiet` before the libraries are
imported.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

from recipes.core.errors import UserError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


def quiet() -> None:
    """No bars, no telemetry, no conversion requests: our own lines and the Hub's plain routes."""
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    warnings.filterwarnings("ignore", category=FutureWarning)  # what libraries tell each other


def load(
    repo: str, revision: str, threads: int | None, arguments: dict[str, Any]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load both, the model with these `from_pretrained` arguments; a mute base is refused."""
    words = tokenizer(repo, revision)
    return model(repo, revision, threads, arguments), words


def tokenizer(repo: str, revision: str) -> PreTrainedTokenizerBase:
    """Load a base's tokenizer, with something to pad with; a mute base is refused."""
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(repo, revision=revision)
    check(loaded, repo)
    if loaded.pad_token is None:
        loaded.pad_token = loaded.eos_token
    return loaded


def model(
    repo: str, revision: str, threads: int | None, arguments: dict[str, Any]
) -> PreTrainedModel:
    """Load a base with these `from_pretrained` arguments; attention it cannot do becomes SDPA."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    if threads:
        torch.set_num_threads(threads)
    wanted = dict(arguments)
    kind = AutoModelForCausalLM._model_mapping.get(
        type(AutoConfig.from_pretrained(repo, revision=revision)), None
    )
    flash = str(wanted.get("attn_implementation")).startswith("flash")
    if flash and not getattr(kind, "_supports_flash_attn", False):
        wanted["attn_implementation"] = "sdpa"
    loaded: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        repo, revision=revision, **wanted
    )
    if not has_experts(loaded.config):  # Granite 4 names a loss for routers that it does not have
        loaded.config.get_text_config().router_aux_loss_coef = 0.0
    return loaded


def has_experts(config: PretrainedConfig) -> bool:
    """Whether the model is a mixture of experts, of which a token goes through some only."""
    text = config.get_text_config()
    return any(getattr(text, name, 0) for name in EXPERTS)


def check(tokenizer: PreTrainedTokenizerBase, repo: str) -> None:
    """Refuse a base that cannot chat."""
    if not tokenizer.chat_template:
        raise UserError(
            f"A base needs a chat template, and {repo} has none: choose an instruct model, or add "
            "a chat_template.jinja to it."
        )
    if not tokenizer.is_fast:
        raise UserError(f"A base needs a fast tokenizer (tokenizer.json), and {repo} has none.")
