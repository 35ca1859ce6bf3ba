"""Every reason why a row is dropped, the gate it belongs to, and what it means.

Gates and reasons are columns of the published config `rejected`. The reasons of `teacher` and
`shape` are of answers that never became a row: the card counts them. A new reason is added here.
"""

from __future__ import annotations

from collections.abc import Mapping

GATES: Mapping[str, Mapping[str, str]] = {
    "teacher": {
        "timeout": "the teacher did not answer in time",
        "connection": "the connection broke at every attempt",
        "too_large": "the response was too large at every attempt",
        "no_completion": "the response was not a completion at any attempt",
        "status": "the teacher returned an HTTP error",
        "stopped": "the run ended before the request was sent",
        "cap": "the budget was spent before the request was sent",
    },
    "shape": {
        "broken_json": "not valid JSON, even after repair",
        "not_a_list": "JSON, but not a list",
        "not_texts": "a list with items that are not text",
        "empty_texts": "a list of empty texts",
        "turn_count": "a different number of turns than requested",
        "fenced": "a code fence where plain text was requested",
        "no_wordings": "the teacher wrote no usable translation instruction",
    },
    "structure": {
        "truncated": "the answer reached the token limit",
        "cut_off": "the answer ends in the middle of a sentence",
        "bad_turns": "user and assistant do not alternate",
        "empty": 'no text, or only "nan", "None" or "null"',
        "echo": "the answer repeats the question",
        "broken_encoding": "control characters or wrongly decoded letters",
        "bare_json": "a JSON answer that nobody asked for",
        "open_fence": "a code fence that is not closed",
        "leaked_tags": "tags of a chat template, of reasoning or of the prompts",
        "placeholder": "a placeholder without its text",
    },
    "refusals": {"refusal": "the answer declines, or speaks of being an AI"},
    "loops": {"loop": "the text repeats itself"},
    "lengths": {"length_ratio": "the translation is too long or too short for its original"},
    "language": {
        "wrong_script": "a script that is not the language's",
        "wrong_language": "another language",
        "english": "English instead of the language",
        "english_inside": "a sentence in English",
        "not_english": "another language where English was requested",
        "chatter": "English remarks about the answer, or the teacher's thoughts",
        "stray_script": "letters of a foreign script",
    },
    "links": {"invented_url": "a web or mail address that was not in the prompt"},
    "words": {
        "glossary": "another word than the community's glossary has",
        "forbidden_form": "a form that the community rejects",
    },
    "duplicates": {
        "duplicate": "identical to another row",
        "near_duplicate": "nearly identical to another row",
    },
    "decontamination": {"benchmark_overlap": "text in common with a benchmark"},
    "judge": {
        "unsafe": "judged harmful by the teacher",
        "not_fluent": "judged badly written by the teacher",
    },
    "speakers": {"speakers": "removed by agreement of speakers of the language"},
}
GATE_OF = {reason: gate for gate, reasons in GATES.items() for reason in reasons}


def gate_of(reason: str) -> str:
    """Return the gate of a reason: `teacher` for HTTP statuses and unknown reasons."""
    return GATE_OF.get(reason, "teacher")


def meaning(reason: str) -> str:
    """Return what a reason means, for people."""
    return GATES[gate_of(reason)].get(reason, GATES["teacher"]["status"])
