"""Why a row is dropped or never was: every reason, the gate it belongs to, and what it means.

Whoever adds a reason adds it here; a test looks for those that are missing.
"""

from __future__ import annotations

from collections.abc import Mapping

GATES: Mapping[str, Mapping[str, str]] = {
    "teacher": {
        "timeout": "it did not answer in time",
        "connection": "the connection broke, every time",
        "too_large": "what came was larger than any answer, every time",
        "no_completion": "what came was no completion, every time",
        "status": "it answered with an error",
        "stopped": "the run ended before it was asked",
        "cap": "the money was spent before it was asked",
    },
    "shape": {
        "broken_json": "no JSON, and none after repair",
        "not_a_list": "JSON, but no list",
        "not_texts": "a list, but not of texts",
        "empty_texts": "a list of empty texts",
        "turn_count": "another number of turns than asked for",
        "fenced": "a code fence where a bare text was asked for",
        "no_wordings": "no way to ask for a translation was to be had",
    },
    "structure": {
        "truncated": "it ran out of tokens",
        "cut_off": "it ends in the middle of a sentence",
        "bad_turns": "user and assistant do not take turns",
        "empty": 'no text, or "nan", "None", "null"',
        "echo": "the answer is the question",
        "broken_encoding": "control characters, or letters that were decoded wrongly",
        "bare_json": "JSON, where nobody had asked for it",
        "open_fence": "a code fence that is never closed",
        "leaked_tags": "tags of a chat template, of reasoning or of our own prompts",
        "placeholder": "a place where a text belongs, without it",
    },
    "refusals": {"refusal": "it declines, or speaks of being a machine"},
    "loops": {"loop": "it says the same again and again"},
    "lengths": {"length_ratio": "the translation is too long or too short for its original"},
    "language": {
        "wrong_script": "another script",
        "wrong_language": "another language",
        "english": "English",
        "english_inside": "a sentence was left in English",
        "not_english": "English was asked for, and this is none",
        "chatter": "words about the answer, in English, or the teacher's thoughts aloud",
        "stray_script": "a letter of a third script",
    },
    "links": {"invented_url": "a web or mail address that it was not given"},
    "words": {
        "glossary": "another word than the community's glossary has",
        "forbidden_form": "a form that the community does not want",
    },
    "duplicates": {
        "duplicate": "the same as another row",
        "near_duplicate": "nearly the same as another row",
    },
    "decontamination": {"benchmark_overlap": "it shares a run of words with a benchmark"},
    "judge": {
        "unsafe": "the teacher, asked as a judge, finds it harmful",
        "not_fluent": "the teacher, asked as a judge, finds it badly written",
    },
    "speakers": {"speakers": "speakers of the language agreed to drop it"},
}
GATE_OF = {reason: gate for gate, reasons in GATES.items() for reason in reasons}


def gate_of(reason: str) -> str:
    """The gate that drops for this reason; statuses of HTTP, and what is new, are the teacher's."""
    return GATE_OF.get(reason, "teacher")


def meaning(reason: str) -> str:
    """The reason in words."""
    return GATES[gate_of(reason)].get(reason, GATES["teacher"]["status"])
