"""Get a model's outputs with vLLM, on machines that have it: `backend: vllm` in the recipe.

Prompts, options and normalisation are the same as with every other backend. vLLM is imported only
when a recipe asks for it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core import model_loading
from recipes.core.errors import UserError
from recipes.evaluate import tokenize
from recipes.evaluate.backends.transformers_lm import Generation, OnProgress, normalised
from recipes.evaluate.benchmarks import Item
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.settings import ChoiceSettings, EvaluateSettings, GenerationSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class OptionRequest:
    """The tokens of a prompt and an option; the option starts at the index `start`."""

    ids: list[int]
    start: int


def option_requests(choices: Sequence[tokenize.Choice]) -> list[OptionRequest]:
    """Return one request for each option, item by item."""
    return [
        OptionRequest(choice.prompt + option, len(choice.prompt))
        for choice in choices
        for option in choice.options
    ]


def option_sum(request: OptionRequest, logprobs: Sequence[Mapping[int, Any] | None]) -> float:
    """Return the option's log-likelihood, from vLLM's `prompt_logprobs` of the request."""
    of_option = list(zip(request.ids, logprobs, strict=True))[request.start :]
    return sum(float(by_token[id].logprob) for id, by_token in of_option if by_token is not None)


def generation(output: Any) -> Generation:
    """Convert vLLM's `RequestOutput`."""
    completion = output.outputs[0]
    return Generation(completion.text, completion.finish_reason != "length")


@dataclass
class VllmBackend:
    """Loads one base with vLLM, and LoRA adapters on it."""

    settings: EvaluateSettings
    vllm: Any
    _base: tuple[tuple[str, str], Any] | None = field(default=None, init=False)

    def load(self, model: ComparedModel) -> VllmModel:
        """Load the model; raise UserError for a second base, as vLLM does not free memory."""
        if self._base is None:
            self._base = model.weights, self._load(*model.weights)
        if self._base[0] != model.weights:
            raise UserError(
                f"vLLM keeps the memory of {self._base[0][0]}, so {model.model} cannot be scored "
                "in the same run: set `backend: transformers` in the recipe's evaluate section."
            )
        tokenizer = _tokenizer(*model.weights)
        lora = self._adapter(model) if model.is_adapter else None
        return VllmModel(self.vllm, self._base[1], tokenizer, lora)

    def _load(self, repo: str, revision: str) -> Any:
        return self.vllm.LLM(
            model=repo,
            revision=revision,
            tokenizer_revision=revision,
            dtype=self.settings.model.get("dtype", "auto"),
            **self.settings.vllm,
        )

    def _adapter(self, model: ComparedModel) -> Any:
        from huggingface_hub import snapshot_download

        folder = snapshot_download(model.model, revision=model.revision)
        config = json.loads((Path(folder) / "adapter_config.json").read_text(encoding="utf-8"))
        if config.get("modules_to_save"):
            raise UserError(
                f"vLLM cannot serve {model.model}, which also trained "
                f"{', '.join(config['modules_to_save'])}: set `backend: transformers`."
            )
        lora = importlib.import_module("vllm.lora.request")
        return lora.LoRARequest(model.model, 1, folder)


@dataclass(frozen=True)
class VllmModel:
    """A model that vLLM has loaded, ready to answer; `lora` is vLLM's request for the adapter."""

    vllm: Any
    engine: Any
    tokenizer: PreTrainedTokenizerBase
    lora: Any

    def generate(
        self, items: Sequence[Item], settings: GenerationSettings, on_progress: OnProgress
    ) -> list[Generation]:
        """Return one greedy generation for each item."""
        sampling = {"temperature": 0.0, "max_tokens": settings.max_new_tokens}
        prompts = tokenize.prompts(self.tokenizer, items)
        generations = []
        for output in self._run(prompts, settings.batch, sampling):
            generations.append(generation(output))
            on_progress(1)
        return generations

    def log_likelihoods(
        self, items: Sequence[Item], settings: ChoiceSettings, on_progress: OnProgress
    ) -> list[list[float]]:
        """Return the log-likelihood of each option of each item."""
        sampling = {"temperature": 0.0, "max_tokens": 1, "prompt_logprobs": 1, "detokenize": False}
        choices = tokenize.choices(self.tokenizer, items)
        requests = option_requests(choices)
        outputs = self._run([request.ids for request in requests], settings.batch, sampling)
        option_sums = (
            option_sum(request, output.prompt_logprobs)
            for request, output in zip(requests, outputs, strict=True)
        )
        sums = []
        for choice in choices:
            sums.append([next(option_sums) for _ in choice.options])
            on_progress(1)
        return normalised(items, choices, sums, settings)

    def _run(
        self, prompts: Sequence[list[int]], batch: int, sampling: dict[str, Any]
    ) -> Iterator[Any]:
        """Yield vLLM's outputs in order; batches are small enough to show progress."""
        parameters = self.vllm.SamplingParams(**sampling)
        for start in range(0, len(prompts), batch):
            part = [{"prompt_token_ids": ids} for ids in prompts[start : start + batch]]
            yield from self.engine.generate(
                part, parameters, lora_request=self.lora, use_tqdm=False
            )


def _tokenizer(repo: str, revision: str) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(repo, revision=revision)
    model_loading.check(tokenizer, repo)
    return tokenizer


def installed() -> Any:
    """Return the module vllm; raise UserError if it is not installed."""
    try:
        return importlib.import_module("vllm")
    except ModuleNotFoundError as error:
        raise UserError(
            "The recipe sets `backend: vllm`, but vLLM is not installed: install it, or set "
            "`backend: transformers` in the recipe's evaluate section."
        ) from error
