"""Gradio components whose texts follow the interface language, and the state of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from feedback import MAX_CREDIT_LENGTH
from i18n import ENGLISH, translations

ENGLISH_TEXTS = translations(ENGLISH)


class TranslatedComponents:
    """Creates components in English and remembers which texts to replace in another language."""

    def __init__(self) -> None:
        self._keys: list[tuple[Any, dict[str, str]]] = []

    def create(self, component_class: Any, keys: dict[str, str], **options: Any) -> Any:
        """Create a component; `keys` maps its properties to keys of texts."""
        texts = {name: ENGLISH_TEXTS(key) for name, key in keys.items()}
        component = component_class(**texts, **options)
        self._keys.append((component, keys))
        return component

    def button(self, key: str, **options: Any) -> Any:
        return self.create(gr.Button, {"value": key}, **options)

    @property
    def components(self) -> list[Any]:
        return [component for component, _ in self._keys]

    def updates(self, ui_language: str) -> list[Any]:
        """Return the texts of all components in another language."""
        t = translations(ui_language)
        texts: list[dict[str, Any]] = [
            {name: t(key) for name, key in keys.items()} for _, keys in self._keys
        ]
        return [gr.update(**properties) for properties in texts]


def html_component(value: str, **options: Any) -> Any:
    """Create a component for our own HTML."""
    return gr.HTML(value, apply_default_css=False, **options)


def credit_box(translated: TranslatedComponents, elem_id: str) -> Any:
    """Create the box for the name of a person who wants credit."""
    return translated.create(
        gr.Textbox,
        {"label": "credit", "info": "credit_info"},
        max_length=MAX_CREDIT_LENGTH,
        max_lines=1,
        elem_id=elem_id,
    )


@dataclass(frozen=True)
class PageState:
    """The components that hold the values of a visitor's page."""

    ui_language: Any
    conversation: Any
    chosen_model: Any
    shown_model: Any
    known_models: Any
    rated_answer: Any
    sent: Any
