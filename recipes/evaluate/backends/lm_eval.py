"""Get outputs through a model of lm-evaluation-harness: `backend: lm_eval` in the recipe.

The harness runs vLLM, SGLang, transformers and servers of the completions API. It gets the same
prompts and options as the default backend, as rendered text, and only returns log-likelihoods and
generations. It is imported only when a recipe asks for it.
"""

from __future__ import annotations

import gc
import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core import model_loading
from recipes.core.benchmarks.tasks import Item
from recipes.core.errors import Unworkable, UserError
from recipes.evaluate import tokenize
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.backends.transformers_lm import Generation, OnProgress, normalised
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.settings import (
    ChoiceSettings,
    EvaluateSettings,
    GenerationSettings,
    LmEvalSettings,
)

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import LM
    from transformers import PreTrainedTokenizerBase

ITEMS_AT_ONCE = 256  # the harness sorts and batches these; progress is shown after them
Arguments = dict[str, Any]


@dataclass
class LmEvalBackend:
    """Loads models with the harness, one at a time."""

    settings: EvaluateSettings
    harness: LmEvalSettings
    _loaded: LM | None = field(default=None, init=False)

    def load(self, model: ComparedModel) -> LmEvalModel:
        """Load the model and free the one before; raise UserError if the harness cannot."""
        import torch
        from lm_eval.api.registry import get_model

        self._loaded = None
        gc.collect()
        torch.cuda.empty_cache()  # does nothing without a GPU
        tokenizer = model_loading.tokenizer(*model.weights)
        arguments = ARGUMENTS[self.harness.model](model, self.settings) | self.harness.args
        try:
            self._loaded = get_model(self.harness.model).create_from_arg_obj(arguments)
        except (AssertionError, ImportError, TypeError, ValueError) as error:
            raise UserError(
                f"lm-eval cannot load {model.model} with `{self.harness.model}`: {error}"
            ) from error
        return LmEvalModel(self._loaded, tokenizer)


@dataclass(frozen=True)
class LmEvalModel:
    """A model that the harness has loaded, ready to answer."""

    lm: LM
    tokenizer: PreTrainedTokenizerBase

    def generate(
        self, items: Sequence[Item], settings: GenerationSettings, on_progress: OnProgress
    ) -> list[Generation]:
        """Return one greedy generation for each item.

        The harness does not say why a generation ended, so one as long as the limit is unfinished.
        """
        most_tokens = tokenize.most_new_tokens(self.tokenizer, items, settings.max_new_tokens)
        greedy = {"until": [], "do_sample": False, "max_gen_toks": most_tokens}
        prompts = tokenize.rendered(self.tokenizer, items)
        texts: list[str] = []
        for part in _parts(prompts):
            texts += self.lm.generate_until(
                _requests("generate_until", [(prompt, greedy) for prompt in part]),
                disable_tqdm=True,
            )
            on_progress(len(part))
        lengths = map(len, tokenize.ids(self.tokenizer, texts))
        return [
            Generation(text, length < most_tokens)
            for text, length in zip(texts, lengths, strict=True)
        ]

    def log_likelihoods(
        self, items: Sequence[Item], settings: ChoiceSettings, on_progress: OnProgress
    ) -> list[list[float]]:
        """Return the log-likelihood of each option of each item."""
        sums: list[list[float]] = []
        prompts = tokenize.rendered(self.tokenizer, items)
        for part in _parts(list(zip(prompts, items, strict=True))):
            pairs = [(prompt, answer) for prompt, item in part for answer in item.answers]
            scores = iter(
                self.lm.loglikelihood(_requests("loglikelihood", pairs), disable_tqdm=True)
            )
            sums += [[float(next(scores)[0]) for _ in item.answers] for _, item in part]
            on_progress(len(part))
        return normalised(items, tokenize.choices(self.tokenizer, items), sums, settings)


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + ITEMS_AT_ONCE] for start in range(0, len(values), ITEMS_AT_ONCE))


def _requests(kind: str, arguments: Sequence[tuple[Any, ...]]) -> list[Instance]:
    from lm_eval.api.instance import Instance

    return [Instance(kind, {}, pair, index) for index, pair in enumerate(arguments)]


def _hf(model: ComparedModel, settings: EvaluateSettings) -> Arguments:
    repo, revision = model.weights
    adapter = {"peft": _download(model)} if model.is_adapter else {}
    return {
        "pretrained": repo,
        "revision": revision,
        "dtype": settings.model.get("dtype", "float32"),
        "device": transformers_lm.device(),
        "add_bos_token": False,  # chat templates add it
        "batch_size": min(settings.generation.batch, settings.choice.batch),
        **adapter,
    }


def _vllm(model: ComparedModel, settings: EvaluateSettings) -> Arguments:
    repo, revision = model.weights
    return {
        "pretrained": repo,
        "revision": revision,
        "tokenizer_revision": revision,
        "dtype": settings.model.get("dtype", "auto"),
        "add_bos_token": False,
        **(vllm_adapter(model.model, Path(_download(model))) if model.is_adapter else {}),
    }


def vllm_adapter(repo: str, folder: Path) -> Arguments:
    """Return the arguments for an adapter; raise UserError if it is more than LoRA weights."""
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    if config.get("modules_to_save"):
        raise Unworkable(
            f"vLLM cannot serve {repo}, which also trained "
            f"{', '.join(config['modules_to_save'])}: set `backend: transformers`."
        )
    return {"lora_local_path": str(folder), "max_lora_rank": int(config["r"])}


def _sglang(model: ComparedModel, settings: EvaluateSettings) -> Arguments:
    if model.is_adapter:
        raise Unworkable(
            f"lm-eval's `sglang` loads no adapters like {model.model}: set `model: vllm` or "
            "`model: hf` under `lm_eval` in the recipe's evaluate section."
        )
    repo, revision = model.weights
    return {
        "pretrained": repo,
        "revision": revision,
        "dtype": settings.model.get("dtype", "auto"),
    }


def _local_completions(model: ComparedModel, settings: EvaluateSettings) -> Arguments:
    """Ask a server that has each compared model, also an adapter, under its repository's name."""
    from transformers import AutoConfig

    repo, revision = model.weights
    config = AutoConfig.from_pretrained(repo, revision=revision).get_text_config()
    return {
        "model": model.model,
        "tokenizer": repo,
        "revision": revision,
        "max_length": config.max_position_embeddings,  # longer prompts are cut
    }


ARGUMENTS: dict[str, Callable[[ComparedModel, EvaluateSettings], Arguments]] = {
    "hf": _hf,
    "vllm": _vllm,
    "sglang": _sglang,
    "local-completions": _local_completions,
}


def _download(model: ComparedModel) -> str:
    """Return a folder with the adapter: the harness would read it at the base's revision."""
    from huggingface_hub import snapshot_download

    return str(snapshot_download(model.model, revision=model.revision))


def backend(settings: EvaluateSettings, harness: LmEvalSettings) -> LmEvalBackend:
    """Return the backend; raise UserError if the harness is not installed."""
    try:
        importlib.import_module("lm_eval")
    except ModuleNotFoundError as error:
        raise Unworkable(
            "The recipe sets `backend: lm_eval`, but it is not installed: install "
            "`kakugo-bot[lm-eval]`, or set `backend: transformers`."
        ) from error
    return LmEvalBackend(settings, harness)
