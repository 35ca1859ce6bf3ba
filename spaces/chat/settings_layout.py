"""The layout of the settings of the answers."""

from __future__ import annotations

from typing import Any

import gradio as gr
from adapters import MAX_SYSTEM_PROMPT_LENGTH
from answer_settings import MAX_TEMPERATURE, MAX_TOKENS, MIN_TOKENS, AnswerSettings
from common.gradio_options import IMMEDIATE
from components import TranslatedComponents


def build(translated: TranslatedComponents, settings: Any) -> None:
    """Lay out the inputs, whose values the state `settings` follows."""
    with translated.create(gr.Accordion, {"label": "settings"}, open=False, elem_id="settings"):
        temperature = translated.create(
            gr.Slider,
            {"label": "temperature", "info": "temperature_info"},
            minimum=0,
            maximum=MAX_TEMPERATURE,
            step=0.1,
            value=0,
            elem_id="temperature",
        )
        max_tokens = translated.create(
            gr.Slider,
            {"label": "answer_length", "info": "answer_length_info"},
            minimum=MIN_TOKENS,
            maximum=MAX_TOKENS,
            step=16,
            value=MAX_TOKENS,
            elem_id="answer-length",
        )
        system_prompt = translated.create(
            gr.Textbox,
            {"label": "system_prompt", "info": "system_prompt_info"},
            max_length=MAX_SYSTEM_PROMPT_LENGTH,
            max_lines=4,
            elem_id="system-prompt",
        )
    inputs = [temperature, max_tokens, system_prompt]
    changes = [each.change for each in inputs]
    gr.on(changes, AnswerSettings.parse, inputs, [settings], **IMMEDIATE)
