"""Whether the row is one: turns that take turns, texts that are texts, nothing that shows."""

from __future__ import annotations

import re

import orjson
import regex

from recipes.generate.dedup.decontamination import NO_SPACES
from recipes.generate.gates.views import CODE, NAME_LETTERS, given, has_any, prose, without_thought
from recipes.generate.prompts.parsing import EMPTY
from recipes.generate.schema import PLACE, Draft, Message

TAGS = re.compile(
    r"<\|[^|>\n]{1,40}\|>|<｜[^｜>\n]{1,40}｜>|\[/?(?:INST|SYS|TOOL_CALLS|AVAILABLE_TOOLS)\]|<</?SYS>>"
    r"|</?s>|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>|</?(?:tool_call|function_calls?)>"
    r"|</?(?:think|thinking|thought|reasoning|scratchpad|reflection)>"
    r"|</?(?:text|prompt|topic|scenario|field|conversation)>|<(?:image|audio|video)>"
    r"|\bassistant(?:final|commentary|analysis)\b"
    r"|^#{2,} ?(?:Human|Assistant|User|Response|Instruction):"
    r"|^(?:Human|Assistant|User|System): ",
    re.IGNORECASE | re.MULTILINE,
)
HINTS = (
    "<",
    "[/",
    "[I",
    "[S",
    "[T",
    "[A",
    "assistant",
    "Assistant",
    "##",
    "Human",
    "User",
    "System",
)
MARKUP = re.compile(r"<(?:svg|html|xml|\?xml|!doctype)\b", re.IGNORECASE)
# Control characters, and what turns the direction of others round or has no meaning of its own.
BROKEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202d\u202e\ud800-\uf8ff\ufeff\ufffd\ufffe\uffff]"
)
# UTF-8 that was read as Latin-1: quotation marks, and accented letters inside words.
MOJIBAKE = re.compile(r"â€[\x80-\x9f™œ\u02dc”“¦]|Ã[\x80-\x9f¡-¬®-¿](?=\w)")
FENCE = re.compile(r"\A```(?:json)?\n|\n```\Z")
JSON_ASKED = re.compile(r"[\[{]|json", re.IGNORECASE)
SENTENCE = 15  # letters: a shorter question may well be part of its answer
FAILED = re.compile(r"\n\s*(?:None|nan|NaN|null|undefined)\s*\Z")
SAYS_NOTHING = regex.compile(r"[^\p{L}\p{N}\p{S}]*|[^\p{L}\p{N}\p{So}]{4,}")
OPEN_END = regex.compile(r"[\p{L}\p{M},\-]")
STOP = regex.compile(r"[.!?。！？।።؟۔။։](?=\s|\Z)")
ITEM = regex.compile(r"\s*(?:[-*•–#>|]|\p{N}+[.)])")


def finished(draft: Draft) -> str | None:
    """The teacher said all it had to say."""
    return None if draft.finish == "stop" else "truncated"


def structure(draft: Draft) -> str | None:
    """User and assistant take turns, each with a text that is one, and no template shows."""
    turns = draft.row.turns
    roles = [turn["role"] for turn in turns]
    if not turns or len(turns) % 2 or roles != ["user", "assistant"] * (len(turns) // 2):
        return "bad_turns"
    for turn in turns:
        if reason := _text(turn):
            return reason
    asked, said = (without_thought(turn["content"]).strip() for turn in turns[-2:])
    return "echo" if _echoes(said, asked) else None


def bare_json(draft: Draft) -> str | None:
    """No answer is JSON where nothing in the question looks like it or speaks of it."""
    for turn in draft.row.turns:
        if turn["role"] == "assistant":
            text = FENCE.sub("", without_thought(turn["content"]).strip())
            if text[:1] in "[{" and not JSON_ASKED.search(given(draft)) and _is_json(text):
                return "bare_json"
    return None


def placeholders(draft: Draft) -> str | None:
    """Where a text belongs, there is one."""
    turns = draft.row.turns
    return "placeholder" if any(PLACE in prose(turn["content"]) for turn in turns) else None


def cut_off(draft: Draft, tail: int, script: str) -> str | None:
    """An answer that uses full stops does not break off long after the last of them; scripts that
    have no spaces often have no full stops either."""
    if script in NO_SPACES:
        return None
    answers = [turn["content"] for turn in draft.row.turns if turn["role"] == "assistant"]
    return "cut_off" if any(_breaks_off(text, tail) for text in answers) else None


def _text(turn: Message) -> str | None:
    text = without_thought(turn["content"])
    bare = text.strip()
    if BROKEN.search(turn["content"]) or (has_any(text, ("â€", "Ã")) and MOJIBAKE.search(text)):
        return "broken_encoding"
    if bare.lower() in EMPTY or SAYS_NOTHING.fullmatch(bare):
        return "empty"
    if FAILED.search(text) or "[object Object]" in text:
        return "empty"
    if turn["content"].startswith("<think>") and _thought_of(turn["content"]) in EMPTY:
        return "empty"
    if text.count("```") % 2:
        return "open_fence"
    if has_any(text, HINTS) and _leaks(text):
        return "leaked_tags"
    return None


def _echoes(said: str, asked: str) -> bool:
    """Whether nothing but the question is said, once or more often."""
    if said == asked:
        return True
    rest = said.replace(asked, "") if len(asked) >= SENTENCE else said
    return len(rest) < len(said) and sum(map(str.isalpha, rest)) < NAME_LETTERS


def _is_json(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict | list)
    except ValueError:
        return False


def _thought_of(text: str) -> str:
    return text[len("<think>") : text.find("</think>")].strip().lower()


def _leaks(text: str) -> bool:
    """Code may speak of tags, and a page of markup has its own."""
    outside = CODE.sub(" ", text)
    return bool(TAGS.search(outside)) and not MARKUP.search(outside)


def _breaks_off(text: str, tail: int) -> bool:
    last = prose(text).rstrip().rpartition("\n")[2]
    if not OPEN_END.match(last[-1:]) or ITEM.match(last):
        return False
    stops = [found.end() for found in STOP.finditer(last)]
    return bool(stops) and len(last) - stops[-1] >= tail
