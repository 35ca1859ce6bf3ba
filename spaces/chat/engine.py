"""Generate answers with one base model in memory and a few adapters on it, one answer at a time.

The only file of this Space that imports torch, and only when the first question comes, so that the
page is there long before. Runs on a CPU, on the Space's own GPU and on ZeroGPU, where each answer
is generated in a forked process that holds a GPU for that long.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import jinja2
from adapters import Adapter
from answer_settings import AnswerSettings
from control_tokens import clean_chats, without_control_tokens
from conversation import Message, Side, truncate

MAX_ADAPTERS = 4
MAX_CONTEXT_TOKENS = 4096
# What a template that refuses a chat raises, as in the recipes (`model_loading.REFUSALS`).
REFUSALS = (
    jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError,
    SyntaxError, TypeError, ValueError,
)  # fmt: skip

Generate = Callable[[Adapter, list[Message], Side, AnswerSettings], Generator[str, None, None]]


def on_gpu(generate: Generate) -> Generate:
    """Have ZeroGPU provide a GPU for each answer, if this Space runs on it.

    Its package `spaces` is installed in every Gradio Space; `app.py` imports it before torch.
    """
    try:
        from spaces import GPU
    except ImportError:
        return generate
    return cast(Generate, GPU(generate))


class CannotAnswer(Exception):
    """The loaded model cannot answer this question; `str()` is the key of a text of `locales/`."""


@dataclass(frozen=True)
class _LoadedAdapter:
    """An adapter on the base model: its name in PEFT, and its tokenizer."""

    name: str
    tokenizer: Any


class Engine:
    """Loads models on demand and generates answers; calls from several threads take turns."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token
        self._lock = threading.Lock()
        self._base = ""
        self._model: Any = None
        self._adapters: OrderedDict[tuple[str, str], _LoadedAdapter] = OrderedDict()
        self._loaded_count = 0
        self._generate = on_gpu(self._stream)

    def is_loaded(self, adapter: Adapter) -> bool:
        """Return whether an answer can start without loading anything."""
        return (adapter.repo, adapter.revision) in self._adapters

    def preload(self, adapter: Adapter) -> None:
        """Load an adapter and its base model before the first question."""
        with self._lock:
            self._load(adapter)

    def answer(
        self,
        adapter: Adapter,
        messages: Sequence[Message],
        side: Side,
        settings: AnswerSettings,
        stop: threading.Event,
    ) -> Iterator[str]:
        """Yield the growing answer of the adapter or of its base model.

        Both answer under the same system prompt. Raises CannotAnswer, and OSError or
        ValueError if a model cannot be loaded.
        """
        with self._lock:
            tokenizer = self._load(adapter).tokenizer
            prompt = settings.system_prompt or adapter.system_prompt
            kept = self._truncated(tokenizer, messages, prompt, settings.max_tokens)
            with contextlib.closing(self._generate(adapter, kept, side, settings)) as answers:
                for text in answers:
                    yield text
                    if stop.is_set():
                        return

    def _load(self, adapter: Adapter) -> _LoadedAdapter:
        key = (adapter.repo, adapter.revision)
        if self._base != adapter.base:
            self._unload()
        if key not in self._adapters:
            self._adapters[key] = self._attach(adapter)
        self._adapters.move_to_end(key)
        while len(self._adapters) > MAX_ADAPTERS:
            _, oldest = self._adapters.popitem(last=False)
            self._model.delete_adapter(oldest.name)
        return self._adapters[key]

    def _unload(self) -> None:
        self._base, self._model = "", None
        self._adapters.clear()

    def _attach(self, adapter: Adapter) -> _LoadedAdapter:
        from peft import PeftModel

        self._loaded_count += 1
        name = f"adapter{self._loaded_count}"  # PEFT allows no dots in names, repositories do
        # On ZeroGPU this process has no GPU, so the weights are loaded into main memory first.
        options: dict[str, Any] = {
            "revision": adapter.revision,
            "token": self._token,
            "torch_device": "cpu",
        }
        tokenizer = _load_tokenizer(adapter, self._token)
        if self._model is None:
            base = _load_base(adapter.base, self._token)
            model = PeftModel.from_pretrained(base, adapter.repo, adapter_name=name, **options)
            self._base, self._model = adapter.base, model.eval()
        else:
            self._model.load_adapter(adapter.repo, name, **options)
        return _LoadedAdapter(name, tokenizer)

    def _stream(
        self, adapter: Adapter, messages: list[Message], side: Side, settings: AnswerSettings
    ) -> Generator[str, None, None]:
        """Yield the growing answer; closing the generator ends the generation.

        On ZeroGPU this runs in a process that may lack a recently loaded adapter. Therefore it
        loads by itself, and its arguments and results can be pickled.
        """
        import torch
        from transformers import TextIteratorStreamer

        loaded = self._load(adapter)
        self._model.set_adapter(loaded.name)
        tokenizer = loaded.tokenizer
        inputs = self._inputs(tokenizer, messages)
        free_tokens = self._context_tokens() - inputs["input_ids"].shape[1]
        options = {
            **self._generation_options(tokenizer, min(settings.max_tokens, free_tokens)),
            "do_sample": settings.temperature > 0,
            "temperature": settings.temperature or None,
        }
        streamer: Any = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
        errors: list[Exception] = []
        abandoned = threading.Event()

        def is_abandoned(ids: Any, scores: Any, **_: Any) -> Any:
            return torch.full((ids.shape[0],), abandoned.is_set(), device=ids.device)

        def generate() -> None:
            base_only = (
                self._model.disable_adapter() if side == "base" else contextlib.nullcontext()
            )
            try:
                with base_only:
                    self._model.generate(
                        **inputs, streamer=streamer, stopping_criteria=[is_abandoned], **options
                    )
            except Exception as error:  # raised below, in the thread that reads the streamer
                errors.append(error)
                streamer.end()

        thread = threading.Thread(target=generate, name="generate", daemon=True)
        thread.start()
        text = ""
        try:
            for piece in streamer:
                text += piece
                yield text
        finally:
            abandoned.set()
            thread.join()
        if errors:
            raise errors[0]

    def _truncated(
        self, tokenizer: Any, messages: Sequence[Message], system_prompt: str, max_tokens: int
    ) -> list[Message]:
        """Return the system prompt and as many messages as leave space for an answer."""
        if not tokenizer.chat_template:
            raise CannotAnswer("no_template")
        system_prompt = without_control_tokens(tokenizer, system_prompt)
        (messages,) = clean_chats(tokenizer, [messages])

        def with_system_prompt(some: list[Message]) -> list[Message]:
            return [{"role": "system", "content": system_prompt}, *some] if system_prompt else some

        def count_tokens(some: list[Message]) -> int:
            chat = with_system_prompt(some)
            try:
                encoded = tokenizer.apply_chat_template(chat, add_generation_prompt=True)
            except REFUSALS as error:
                raise CannotAnswer("template_refuses") from error
            return len(encoded["input_ids"])

        context = self._context_tokens()
        kept = truncate(messages, count_tokens, context - min(max_tokens, context // 2))
        if count_tokens(kept) >= context:
            raise CannotAnswer("too_long_for_model")
        return with_system_prompt(kept)

    def _inputs(self, tokenizer: Any, messages: list[Message]) -> Any:
        return tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(self._model.device)

    def _context_tokens(self) -> int:
        """Return how many tokens question and answer may have together."""
        limit = getattr(self._model.config, "max_position_embeddings", MAX_CONTEXT_TOKENS)
        return min(limit, MAX_CONTEXT_TOKENS)

    def _generation_options(self, tokenizer: Any, max_tokens: int) -> dict[str, Any]:
        eos = self._model.generation_config.eos_token_id
        eos = {*(eos if isinstance(eos, list) else [eos]), tokenizer.eos_token_id} - {None}
        pad = tokenizer.pad_token_id
        return {
            "max_new_tokens": max_tokens,
            "eos_token_id": sorted(eos),
            "pad_token_id": pad if pad is not None else tokenizer.eos_token_id,
        }


def _load_base(repo: str, token: str | None) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(repo, dtype="auto", token=token)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _load_tokenizer(adapter: Adapter, token: str | None) -> Any:
    """Return the tokenizer that the adapter was trained with, or else the base model's."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(adapter.repo, revision=adapter.revision, token=token)
    except (OSError, ValueError):
        return AutoTokenizer.from_pretrained(adapter.base, token=token)
