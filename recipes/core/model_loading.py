"""Load base models and their tokenizers. Call `quiet` before the libraries are imported."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import jinja2

from recipes.core.errors import Unworkable, UserError
from recipes.validation.errors import reason_of
from recipes.validation.models import Partial
from recipes.validation.ranges import Text

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

Dtype = Literal["float32", "bfloat16", "float16", "auto"]
TEMPLATE_SECONDS = 10.0
# What a template that refuses a chat raises: Jinja's sandbox, filters and operators raise more than
# Jinja's own errors.
REFUSALS = (
    jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError,
    SyntaxError, TypeError, ValueError,
)  # fmt: skip
JINJA = os.path.join(os.path.dirname(jinja2.__file__), "")
SAMPLE_CHAT = [
    {"role": role, "content": "Saluton!"} for role in ("system", "user", "assistant", "user")
]
LARGEST_HEAD = 256  # of FlashAttention and FlexAttention; Gemma 4 has larger ones
EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


@dataclass(frozen=True)
class ModelArguments:
    """Arguments of transformers' `from_pretrained` that a recipe may set."""

    dtype: Dtype = "float32"
    """The type of the weights."""
    attn_implementation: Text = "sdpa"
    device_map: Text | dict[str, str | int] | None = None
    low_cpu_mem_usage: bool | None = None
    max_memory: dict[str, str | int] | None = None
    quantization_config: dict[str, Any] | None = None
    trust_remote_code: bool = False
    use_safetensors: bool | None = None


ModelMapping = Annotated[dict[str, Any], Partial(ModelArguments)]


def quiet() -> None:
    """Turn off the libraries' progress bars, telemetry, conversion requests and warnings."""
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    warnings.filterwarnings("ignore", category=FutureWarning)


def load(
    repo: str, revision: str, threads: int | None, arguments: dict[str, Any]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load model and tokenizer; see `model` and `tokenizer`."""
    loaded_tokenizer = tokenizer(repo, revision)
    return model(repo, revision, threads, arguments), loaded_tokenizer


def tokenizer(repo: str, revision: str) -> PreTrainedTokenizerBase:
    """Load a base's tokenizer and set a padding token.

    Raises UserError as `check` does, and if the base cannot be read, for example because nobody has
    accepted its terms.
    """
    from transformers import AutoTokenizer

    try:
        loaded = AutoTokenizer.from_pretrained(repo, revision=revision)
    except (OSError, ValueError) as error:
        raise UserError(f"{repo} cannot be read: {reason_of(error)}") from error
    check(loaded, repo)
    if loaded.pad_token is None:
        loaded.pad_token = loaded.eos_token
    return loaded


def model(
    repo: str, revision: str, threads: int | None, arguments: dict[str, Any]
) -> PreTrainedModel:
    """Load a base with these `from_pretrained` arguments; with SDPA if it lacks their attention."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    if threads:
        torch.set_num_threads(threads)
    arguments = dict(arguments)
    config = AutoConfig.from_pretrained(repo, revision=revision)
    model_class = AutoModelForCausalLM._model_mapping.get(type(config), None)
    if not _supports(model_class, config, str(arguments.get("attn_implementation"))):
        arguments["attn_implementation"] = "sdpa"
    loaded: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        repo, revision=revision, **arguments
    )
    if not has_experts(loaded.config):  # Granite 4 sets a router loss without having routers
        loaded.config.get_text_config().router_aux_loss_coef = 0.0
    return loaded


def _supports(model_class: object, config: PretrainedConfig, attention: str) -> bool:
    """Return whether a model has this attention, and its kernel the size of the heads.

    FlexAttention has no dropout.
    """
    text = config.get_text_config().to_dict()
    layers = (text.get("per_layer_config") or {}).values()
    head = max([text.get("head_dim") or 0, *(layer.get("head_dim") or 0 for layer in layers)])
    if attention.startswith("flash"):
        return bool(getattr(model_class, "_supports_flash_attn", False)) and head <= LARGEST_HEAD
    if attention == "flex_attention":
        supported = getattr(model_class, "_supports_flex_attn", False)
        return bool(supported) and head <= LARGEST_HEAD and not text.get("attention_dropout")
    return True


def has_experts(config: PretrainedConfig) -> bool:
    """Return whether the model is a mixture of experts."""
    text_config = config.get_text_config()
    return any(getattr(text_config, name, 0) for name in EXPERTS)


def check(tokenizer: PreTrainedTokenizerBase, repo: str) -> None:
    """Raise UserError if a base has no chat template, an endless one, or no fast tokenizer."""
    if not tokenizer.chat_template:
        raise Unworkable(
            f"A base needs a chat template, and {repo} has none: choose an instruct model, or add "
            "a chat_template.jinja to it."
        )
    if not tokenizer.is_fast:
        raise Unworkable(f"A base needs a fast tokenizer (tokenizer.json), and {repo} has none.")
    try:
        with _template_limit(TEMPLATE_SECONDS), suppress(*REFUSALS):
            tokenizer.apply_chat_template(SAMPLE_CHAT, tokenize=False)
    except (_TemplateTimeout, MemoryError) as error:
        raise UserError(
            f"The chat template of {repo} needs more than {TEMPLATE_SECONDS:.0f} seconds or all "
            "memory for a short chat: choose another base."
        ) from error


class _TemplateTimeout(BaseException):
    """A template runs too long. Not an Exception: Jinja ignores those when it compiles."""


@contextmanager
def _template_limit(seconds: float) -> Iterator[None]:
    """Raise _TemplateTimeout in this thread if the code of a template, such as a loop, runs longer.

    Python stops tracing when it raises. So it raises in the code of the template and of Jinja's
    filters only, not in what runs at any time and ignores errors, like the end of a weak reference.
    Nothing interrupts an operator or a method of a text, like `9 ** 9 ** 9`.
    """
    ends_at = time.monotonic() + seconds

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(("<template>", JINJA)):
            return None
        if time.monotonic() > ends_at:
            raise _TemplateTimeout
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
