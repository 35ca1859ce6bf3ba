"""One base model in memory with a few adapters on it, answering one question at a time.

The only file of this Space that imports torch, and it does so when the first question comes: the
page is there long before. Runs on a CPU, on a GPU of its own, and on ZeroGPU, where each answer is
made in a forked process that has the card for that long.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from adapters import Adapter
from conversation import Message, fit

MOST_ADAPTERS = 4
MOST_NEW_TOKENS = 512
MOST_CONTEXT = 4096


Answers = Callable[[Adapter, list[Message], str], Generator[str, None, None]]


def on_gpu(answers: Answers) -> Answers:
    """Ask ZeroGPU for a card for each answer, where this Space runs on it.

    Its package is there on every Gradio Space; `app.py` imports it before torch.
    """
    try:
        from spaces import GPU  # type: ignore[import-untyped]
    except ImportError:
        return answers
    return cast(Answers, GPU(answers))


class Unanswerable(Exception):
    """A question that the loaded model cannot be asked; its text is the key of a sentence."""


@dataclass(frozen=True)
class _Loaded:
    """An adapter on the base: the name PEFT knows it by, and its tokenizer."""

    name: str
    tokenizer: Any


class Engine:
    """Loads on demand and answers; calls from several threads wait for each other."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token
        self._lock = threading.Lock()
        self._base = ""
        self._model: Any = None
        self._adapters: OrderedDict[tuple[str, str], _Loaded] = OrderedDict()
        self._count = 0
        self._generate = on_gpu(self._stream)

    def ready(self, adapter: Adapter) -> bool:
        """Whether an answer can begin without loading anything."""
        return (adapter.repo, adapter.revision) in self._adapters

    def warm(self, adapter: Adapter) -> None:
        """Load an adapter and its base ahead of the first question."""
        with self._lock:
            self._load(adapter)

    def answer(
        self, adapter: Adapter, messages: Sequence[Message], who: str, stop: threading.Event
    ) -> Iterator[str]:
        """Yield the growing answer of the adapter or, as ``base``, of the model under it, both
        under the adapter's system prompt.

        Raises Unanswerable, and OSError or ValueError when a model cannot be loaded.
        """
        with self._lock:
            kept = self._fitting(self._load(adapter).tokenizer, messages, adapter.system)
            with contextlib.closing(self._generate(adapter, kept, who)) as growing:
                for text in growing:
                    yield text
                    if stop.is_set():
                        return

    def _load(self, adapter: Adapter) -> _Loaded:
        key = (adapter.repo, adapter.revision)
        if self._base != adapter.base:
            self._drop()
        if key not in self._adapters:
            self._adapters[key] = self._attach(adapter)
        self._adapters.move_to_end(key)
        while len(self._adapters) > MOST_ADAPTERS:
            _, oldest = self._adapters.popitem(last=False)
            self._model.delete_adapter(oldest.name)
        return self._adapters[key]

    def _drop(self) -> None:
        self._base, self._model = "", None
        self._adapters.clear()

    def _attach(self, adapter: Adapter) -> _Loaded:
        from peft import PeftModel

        self._count += 1
        name = f"adapter{self._count}"  # PEFT allows no dots in names, repositories do
        # On ZeroGPU this process has no card: the weights come by way of the CPU.
        source: dict[str, Any] = {
            "revision": adapter.revision,
            "token": self._token,
            "torch_device": "cpu",
        }
        tokenizer = _tokenizer(adapter, self._token)
        if self._model is None:
            base = _base_model(adapter.base, self._token)
            model = PeftModel.from_pretrained(base, adapter.repo, adapter_name=name, **source)
            self._base, self._model = adapter.base, model.eval()
        else:
            self._model.load_adapter(adapter.repo, name, **source)
        return _Loaded(name, tokenizer)

    def _stream(
        self, adapter: Adapter, messages: list[Message], who: str
    ) -> Generator[str, None, None]:
        """Closing it ends the generation. On ZeroGPU this runs in a process that may lack a
        recent adapter, so it loads by itself and takes and gives only what can be pickled."""
        from transformers import TextIteratorStreamer

        loaded = self._load(adapter)
        self._model.set_adapter(loaded.name)
        tokenizer = loaded.tokenizer
        inputs = self._inputs(tokenizer, messages)
        room = self._context() - inputs["input_ids"].shape[1]
        streamer: Any = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
        trouble: list[Exception] = []
        left = threading.Event()  # set when nobody listens to the answer any more

        def work() -> None:
            plain = self._model.disable_adapter() if who == "base" else contextlib.nullcontext()
            try:
                with plain:
                    self._model.generate(
                        **inputs, streamer=streamer, **self._limits(tokenizer, left, room)
                    )
            except Exception as error:  # told to the caller's thread, which waits for the streamer
                trouble.append(error)
                streamer.end()

        thread = threading.Thread(target=work, name="generate", daemon=True)
        thread.start()
        text = ""
        try:
            for piece in streamer:
                text += piece
                yield text
        finally:
            left.set()
            thread.join()
        if trouble:
            raise trouble[0]

    def _fitting(self, tokenizer: Any, messages: Sequence[Message], system: str) -> list[Message]:
        """As much of the conversation as the model can hear and still answer, below the system
        prompt."""
        if not tokenizer.chat_template:
            raise Unanswerable("no_template")

        def whole(some: list[Message]) -> list[Message]:
            return [{"role": "system", "content": system}, *some] if system else some

        def length(some: list[Message]) -> int:
            asked = whole(some)
            return len(
                tokenizer.apply_chat_template(asked, add_generation_prompt=True)["input_ids"]
            )

        context = self._context()
        kept = fit(messages, length, context - min(MOST_NEW_TOKENS, context // 2))
        if length(kept) >= context:
            raise Unanswerable("too_long_for_model")
        return whole(kept)

    def _inputs(self, tokenizer: Any, messages: list[Message]) -> Any:
        return tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(self._model.device)

    def _context(self) -> int:
        """Tokens that question and answer may have together."""
        return min(
            getattr(self._model.config, "max_position_embeddings", MOST_CONTEXT), MOST_CONTEXT
        )

    def _limits(self, tokenizer: Any, end: threading.Event, room: int) -> dict[str, Any]:
        import torch

        def stopped(ids: Any, scores: Any, **_: Any) -> Any:
            return torch.full((ids.shape[0],), end.is_set(), device=ids.device)

        eos = self._model.generation_config.eos_token_id
        eos = {*(eos if isinstance(eos, list) else [eos]), tokenizer.eos_token_id} - {None}
        pad = tokenizer.pad_token_id
        return {
            "max_new_tokens": min(MOST_NEW_TOKENS, room),
            "eos_token_id": sorted(eos),
            "pad_token_id": pad if pad is not None else tokenizer.eos_token_id,
            "stopping_criteria": [stopped],
        }


def _base_model(repo: str, token: str | None) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(repo, dtype="auto", token=token)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _tokenizer(adapter: Adapter, token: str | None) -> Any:
    """The tokenizer the adapter was trained with; the base's where the adapter brings none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            adapter.repo, revision=adapter.revision, token=token
        )
    except (OSError, ValueError):
        return AutoTokenizer.from_pretrained(adapter.base, token=token)
    return tokenizer
