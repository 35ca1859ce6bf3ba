"""The structure of a row: alternating turns, real text, no leaked template."""

from __future__ import annotations

import re

import orjson
import regex

from recipes.core.reasoning import TAG as REASONING_TAG
from recipes.core.text_fold import UNSPACED
from recipes.generate.gates.views import (
    CODE,
    MAX_NAME_LETTERS,
    contains_any,
    given_text,
    prose,
    without_reasoning,
)
from recipes.generate.prompts.parsing import EMPTY, unfinished
from recipes.generate.schema import PLACEHOLDER, Draft, Message

TAGS = re.compile(
    r"<\|[^|>\n]{1,40}\|>|<｜[^｜>\n]{1,40}｜>|\[/?(?:INST|SYS|TOOL_CALLS|AVAILABLE_TOOLS)\]|<</?SYS>>"
    r"|</?s>|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>|</?(?:tool_call|function_calls?)>"
    rf"|{REASONING_TAG}"
    r"|</?(?:text|prompt|topic|scenario|field|conversation)>|<(?:image|audio|video)>"
    r"|\bassistant(?:final|commentary|analysis)\b"
    r"|^#{2,} ?(?:Human|Assistant|User|Response|Instruction):"
    r"|^(?:Human|Assistant|User): |^System: (?=.*\b(?:You|you|the|The|are|is)\b)",
    re.IGNORECASE | re.MULTILINE,
)
# Every match of TAGS outside of code contains one of these.
HINTS = (
    "<",
    "[/",
    "[I",
    "[S",
    "[T",
    "[A",
    "◁",
    "assistant",
    "Assistant",
    "##",
    "Human",
    "User",
    "System",
)
MARKUP = re.compile(r"<(?:svg|html|xml|\?xml|!doctype)\b", re.IGNORECASE)
# Control characters, direction overrides, and code points without a meaning.
BROKEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202d\u202e\ud800-\uf8ff\ufeff\ufffd\ufffe\uffff]"
)
# UTF-8 that was read as Latin-1: quotation marks, and accented letters inside words.
MOJIBAKE = re.compile(r"â€[\x80-\x9f™œ\u02dc”“¦]|Ã[\x80-\x9f¡-¬®-¿](?=\w)")
FENCE = re.compile(r"\A```(?:json)?\n|\n```\Z")
JSON_ASKED = re.compile(r"[\[{]|json", re.IGNORECASE)
MIN_ECHO_LETTERS = 15  # a shorter question may well be part of its answer
EMPTY_ENDINGS = ("None", "nan", "NaN", "null", "undefined")
NO_WORDS = regex.compile(r"[^\p{L}\p{N}\p{S}]*|[^\p{L}\p{N}\p{So}]{4,}")
OPEN_END = regex.compile(r"[\p{L}\p{M},\-]")
FULL_STOP = regex.compile(r"[.!?。！？।።؟۔။։](?=\s|\Z)")
ITEM = regex.compile(r"\s*(?:[-*•–#>|]|\p{N}+[.)])")


def truncated(draft: Draft) -> str | None:
    """Reject an answer that the teacher did not finish."""
    return unfinished(draft.finish)


def structure(draft: Draft) -> str | None:
    """Reject rows without alternating turns of real text, and leaked templates."""
    turns = draft.row.turns
    roles = [turn["role"] for turn in turns]
    if not turns or len(turns) % 2 or roles != ["user", "assistant"] * (len(turns) // 2):
        return "bad_turns"
    for turn in turns:
        if reason := _text_fault(turn):
            return reason
    question, answer = (without_reasoning(turn["content"]).strip() for turn in turns[-2:])
    return "echo" if _is_echo(answer, question) else None


def bare_json(draft: Draft) -> str | None:
    """Reject a JSON answer where the prompt neither has JSON nor asks for it."""
    for turn in draft.row.turns:
        if turn["role"] == "assistant":
            text = FENCE.sub("", without_reasoning(turn["content"]).strip())
            if text[:1] in "[{" and not JSON_ASKED.search(given_text(draft)) and _is_json(text):
                return "bare_json"
    return None


def placeholder(draft: Draft) -> str | None:
    """Reject a turn that has the placeholder in the place of its text."""
    turns = draft.row.turns
    return "placeholder" if any(PLACEHOLDER in prose(turn["content"]) for turn in turns) else None


def cut_off(draft: Draft, tail: int, script: str) -> str | None:
    """Reject an answer that ends without a full stop, more than `tail` letters after the last one.

    Scripts without spaces are not checked: they often have no full stops either.
    """
    if script in UNSPACED:
        return None
    answers = [turn["content"] for turn in draft.row.turns if turn["role"] == "assistant"]
    return "cut_off" if any(_is_cut_off(text, tail) for text in answers) else None


def _text_fault(turn: Message) -> str | None:
    text = without_reasoning(turn["content"])
    bare = text.strip()
    if BROKEN.search(turn["content"]) or (
        contains_any(text, ("â€", "Ã")) and MOJIBAKE.search(text)
    ):
        return "broken_encoding"
    if bare.lower() in EMPTY or NO_WORDS.fullmatch(bare):
        return "empty"
    _, newline, last = bare.rpartition("\n")
    if newline and last.strip() in EMPTY_ENDINGS or "[object Object]" in text:
        return "empty"
    if turn["content"].startswith("<think>") and _reasoning_of(turn["content"]) in EMPTY:
        return "empty"
    if text.count("```") % 2:
        return "open_fence"
    if contains_any(text, HINTS) and _has_leaked_tag(text):
        return "leaked_tags"
    return None


def _is_echo(answer: str, question: str) -> bool:
    """Whether the answer only repeats the question, once or more often."""
    if answer == question:
        return True
    added = answer.replace(question, "") if len(question) >= MIN_ECHO_LETTERS else answer
    return len(added) < len(answer) and sum(map(str.isalpha, added)) < MAX_NAME_LETTERS


def _is_json(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict | list)
    except ValueError:
        return False


def _reasoning_of(text: str) -> str:
    return text[len("<think>") : text.find("</think>")].strip().lower()


def _has_leaked_tag(text: str) -> bool:
    """Whether the text has a tag outside of code; a page of markup may have its own."""
    outside = CODE.sub(" ", text)
    return bool(TAGS.search(outside)) and not MARKUP.search(outside)


def _is_cut_off(text: str, tail: int) -> bool:
    last = prose(text).rstrip().rpartition("\n")[2]
    if not OPEN_END.match(last[-1:]) or ITEM.match(last):
        return False
    stops = [match.end() for match in FULL_STOP.finditer(last)]
    return bool(stops) and len(last) - stops[-1] >= tail
