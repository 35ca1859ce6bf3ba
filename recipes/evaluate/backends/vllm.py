"""The same questions put to vLLM, for machines that have it: `backend: vllm` in the recipe.

The only file that touches vLLM, and not before it is asked for. Prompts, options and what is
divided by what are those of every other backend.
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
from recipes.evaluate.backends.transformers_lm import Said, Show, normalised
from recipes.evaluate.benchmarks import Item
from recipes.evaluate.models import Contestant
from recipes.evaluate.settings import Choice, EvaluateSettings, Generation

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Request:
    """Tokens to be read, and from which of them on they are the answer."""

    ids: list[int]
    start: int


def requests(asked: Sequence[tokenize.Question]) -> list[Request]:
    """One request an option, item by item."""
    return [
        Request(question.prompt + option, len(question.prompt))
        for question in asked
        for option in question.options
    ]


def total(request: Request, logprobs: Sequence[Mapping[int, Any] | None]) -> float:
    """The log-likelihood of the answer, from vLLM's `prompt_logprobs` of the request."""
    told = list(zip(request.ids, logprobs, strict=True))[request.start :]
    return sum(float(seen[token].logprob) for token, seen in told if seen is not None)


def said(output: Any) -> Said:
    """A translation, from vLLM's `RequestOutput`."""
    first = output.outputs[0]
    return Said(first.text, first.finish_reason != "length")


@dataclass
class Engine:
    """The stage of vLLM: one base, and LoRA adapters on it."""

    settings: EvaluateSettings
    vllm: Any
    _plain: tuple[tuple[str, str], Any] | None = field(default=None, init=False)

    def call(self, contestant: Contestant) -> Speaker:
        """Load it; raises UserError for a second base, whose memory vLLM would not give back."""
        wanted = contestant.weights
        if self._plain is None:
            self._plain = wanted, self._load(*wanted)
        if self._plain[0] != wanted:
            raise UserError(
                f"vLLM keeps the memory of {self._plain[0][0]}, so {contestant.model} cannot be "
                "scored in the same run: set `backend: transformers` in the recipe's evaluate."
            )
        tokenizer = _tokenizer(*wanted)
        lora = self._adapter(contestant) if contestant.adapted else None
        return Speaker(self.vllm, self._plain[1], tokenizer, lora)

    def _load(self, repo: str, revision: str) -> Any:
        return self.vllm.LLM(
            model=repo,
            revision=revision,
            tokenizer_revision=revision,
            dtype=self.settings.model.get("dtype", "auto"),
            **self.settings.vllm,
        )

    def _adapter(self, contestant: Contestant) -> Any:
        from huggingface_hub import snapshot_download

        folder = snapshot_download(contestant.model, revision=contestant.revision)
        config = json.loads((Path(folder) / "adapter_config.json").read_text(encoding="utf-8"))
        if config.get("modules_to_save"):
            raise UserError(
                f"vLLM cannot serve {contestant.model}, which also trained "
                f"{', '.join(config['modules_to_save'])}: set `backend: transformers`."
            )
        lora = importlib.import_module("vllm.lora.request")
        return lora.LoRARequest(contestant.model, 1, folder)


@dataclass(frozen=True)
class Speaker:
    """A contestant that vLLM has loaded."""

    vllm: Any
    engine: Any
    tokenizer: PreTrainedTokenizerBase
    lora: Any

    def translate(self, items: Sequence[Item], settings: Generation, show: Show) -> list[Said]:
        """One greedy answer an item, in order."""
        greedy = {"temperature": 0.0, "max_tokens": settings.max_new_tokens}
        prompts = tokenize.prompts(self.tokenizer, items)
        answers = []
        for output in self._run(prompts, settings.batch, greedy):
            answers.append(said(output))
            show(1)
        return answers

    def choose(self, items: Sequence[Item], settings: Choice, show: Show) -> list[list[float]]:
        """For each item the log-likelihood of each option as the answer, in order."""
        read = {"temperature": 0.0, "max_tokens": 1, "prompt_logprobs": 1, "detokenize": False}
        asked = tokenize.questions(self.tokenizer, items)
        made = requests(asked)
        outputs = self._run([request.ids for request in made], settings.batch, read)
        pairs = zip(made, outputs, strict=True)
        totals = (total(request, output.prompt_logprobs) for request, output in pairs)
        sums = []
        for question in asked:
            sums.append([next(totals) for _ in question.options])
            show(1)
        return normalised(items, asked, sums, settings)

    def _run(
        self, prompts: Sequence[list[int]], batch: int, sampling: dict[str, Any]
    ) -> Iterator[Any]:
        """vLLM's outputs in order; so many prompts at a time that progress can be shown."""
        how = self.vllm.SamplingParams(**sampling)
        for start in range(0, len(prompts), batch):
            part = [{"prompt_token_ids": ids} for ids in prompts[start : start + batch]]
            yield from self.engine.generate(part, how, lora_request=self.lora, use_tqdm=False)


def _tokenizer(repo: str, revision: str) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(repo, revision=revision)
    model_loading.check(tokenizer, repo)
    return tokenizer


def installed() -> Any:
    """The module vllm; raises UserError where it is not there."""
    try:
        return importlib.import_module("vllm")
    except ModuleNotFoundError as error:
        raise UserError(
            "The recipe says `backend: vllm`, and vLLM is not installed here: install it, or set "
            "`backend: transformers` in its evaluate section."
        ) from error
