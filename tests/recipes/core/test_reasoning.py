"""Reasoning in all known forms is separated from the answer, by one function and one pattern."""

from __future__ import annotations

import re

import pytest

from recipes.core.reasoning import ANSWER_PATTERN, split_reasoning
from recipes.evaluate.backends.transformers_lm import Generation

FORMS = {
    "think": "<think>\nHm.\n</think>\n\nSaluton.",
    "think that the template opened": "Hm.\n</think>\n\nSaluton.",
    "thinking": "<thinking>Hm.</thinking>Saluton.",
    "thought": "<thought>Hm.</thought>Saluton.",
    "reasoning": "<reasoning>\nHm.\n</reasoning>\nSaluton.",
    "reflection": "<reflection>Hm.</reflection> Saluton.",
    "capitals": "<THINK>Hm.</THINK>Saluton.",
    "Seed": "<seed:think>Hm.</seed:think>Saluton.",
    "LongCat": "<longcat_think>Hm.</longcat_think>Saluton.",
    "Magistral": "[THINK]Hm.[/THINK]Saluton.",
    "Kimi": "◁think▷Hm.◁/think▷Saluton.",
    "OpenThinker": "<|begin_of_thought|>Hm.<|end_of_thought|>\n"
    "<|begin_of_solution|>Saluton.<|end_of_solution|>",
    "Cohere": "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Saluton.<|END_RESPONSE|>",
    "Apertus": "<|inner_prefix|>Hm.<|inner_suffix|>Saluton.",
    "Gemma": "<|channel>thought\nHm.<channel|>Saluton.",
    "MedGemma": "<unused94>thought\nHm.<unused95>Saluton.",
    "Granite": "Here is my thought process:\nHm.\n\nHere is my response:\nSaluton.",
    "Solar": "<|think|>Hm.<|end|><|begin|>assistant<|content|>Saluton.",
    "Solar 2": "Hm.<|think:end|>Saluton.",
    "Kimi K3": "<|open|>think<|sep|>Hm.<|close|>think<|sep|>"
    "<|open|>response<|sep|>Saluton.<|close|>response<|sep|><|close|>message<|sep|>",
    "Hunyuan 3": "<think:opensource>Hm.</think:opensource>Saluton.",
    "K2 Horizon": "<ifm|think>Hm.</ifm|think>Saluton.",
    "GLM": "<think>Hm.</think>\n<|begin_of_box|>Saluton.<|end_of_box|>",
    "tokens in pairs": "<|reasoning_start|>Hm.<|reasoning_end|>Saluton.",
    "tokens with a slash": "<|thinking|>Hm.<|/thinking|>Saluton.",
    "an attribute": '<thinking time="3">Hm.</thinking>Saluton.',
    "an underscore": "<scratch_pad>Hm.</scratch_pad>Saluton.",
    "a longer name": "<thought_process>Hm.</thought_process>Saluton.",
    "a final answer": "<think>Hm.</think><final_answer>Saluton.</final_answer>",
    "Hunyuan": "<think>\nHm.\n</think>\n<answer>\nSaluton.\n</answer>",
    "harmony": "<|channel|>analysis<|message|>Hm.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Saluton.<|return|>",
    "harmony after the prompt's channel": "analysis<|message|>Hm.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Saluton.",
    "harmony without its tokens": "analysisHm.assistantfinalSaluton.",
    "harmony without its tokens, in lines": "analysis\nHm.\nassistant\nfinal\nSaluton.",
    "harmony with a comment": "analysisHm.assistantcommentaryassistantfinalSaluton.",
}
WITH_ANSWER_TAGS = {"Hunyuan", "OpenThinker", "Cohere", "Kimi K3", "GLM", "a final answer"}
ANSWERS = {
    "no reasoning": "Saluton.",
    "an unclosed thought": "<think>Hm. It never",
    "a thought inside of the answer": "Sal <think>Hm.</think> uton.",
    "two ends": "Hm.</think>Sal</think>uton.",
    "a final that is a word": "Mia finalSaluton.",
    "an analysis": "analysis of the assistant",
    "white space": "  Saluton. \n",
}


@pytest.mark.parametrize("form", FORMS)
def test_reasoning_is_separated_in_generation_and_evaluation(form: str) -> None:
    assert split_reasoning(FORMS[form]) == ("Hm.", "Saluton.")
    assert Generation(FORMS[form], True).text == "Saluton."


@pytest.mark.parametrize("form", FORMS.keys() - WITH_ANSWER_TAGS)
def test_the_pattern_for_the_harness_finds_the_same_answer(form: str) -> None:
    assert re.findall(ANSWER_PATTERN, FORMS[form])[0].strip() == "Saluton."


@pytest.mark.parametrize("form", ANSWERS)
def test_what_is_no_reasoning_stays(form: str) -> None:
    assert split_reasoning(ANSWERS[form]) == ("", ANSWERS[form])


def test_the_name_of_a_channel_is_no_part_of_an_answer() -> None:
    assert split_reasoning("assistantfinalSaluton.") == ("", "Saluton.")


def test_several_blocks_of_reasoning_are_joined() -> None:
    assert split_reasoning("<think>A</think>\n<think>B</think>\nc") == ("A\n\nB", "c")


def test_harmony_without_a_final_message_stays_for_the_gates() -> None:
    content = "<|channel|>analysis<|message|>Hm. It never"
    assert split_reasoning(content) == ("", content)
