"""Gradio handlers for opening the page, choosing a language or a model, and sharing a link."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import fragments
import gradio as gr
from adapters import Adapter
from chat_handlers import ChatHandlers
from chat_settings import ChatSettings
from common.gradio_components import NOTHING, Updates
from common.languages import MAX_NAME_LENGTH, Language, by_code, meaning
from components import ChatComponents, PageState
from conversation import MAX_MESSAGE_LENGTH, Conversation, chatbot_messages
from feedback import clean
from i18n import ENGLISH, Translations, available_tags, preferred_tag, translations
from model_registry import ModelRegistry

FIRST_POLL_SECONDS = 5.0
MAX_REPO_LENGTH = 200


@dataclass(frozen=True)
class PageQuery:
    """What the query string of the page's address asks for."""

    language: str = ""
    model: str = ""
    prompt: str = ""
    compare: bool = False
    ui_language: str = ""

    @classmethod
    def parse(cls, request: gr.Request) -> PageQuery:
        """Read the query string; a prompt is only filled in, never sent."""
        query = request.query_params
        # Links that were shared before `ui` had its name say `words`.
        tag = query.get("ui") or query.get("words")
        accepted = request.headers.get("accept-language", "")
        return cls(
            query.get("language", "")[:MAX_NAME_LENGTH],
            clean(query.get("model", ""))[:MAX_REPO_LENGTH],
            clean(query.get("prompt", ""))[:MAX_MESSAGE_LENGTH],
            query.get("compare") == "1",
            translations(tag or preferred_tag(accepted, available_tags())).tag,
        )

    def language_choices(self, languages: Sequence[Language]) -> dict[str, Any]:
        """Return choices and value of a dropdown: the language that is asked for, or the first.

        Where another language is asked for, nothing is chosen.
        """
        codes = [language.code for language in languages]
        value = self.code(codes) if self.language else next(iter(codes), None)
        choices = [(language.label, language.code) for language in languages]
        return {"choices": choices, "value": value}

    def code(self, offered: Collection[str]) -> str | None:
        """Return which of the offered codes is asked for, by any name of its language."""
        found = meaning(self.language, offered).language
        return found.code if found else None


class SelectionHandlers:
    """Serves all visitors; what somebody chose is in the state of their page."""

    def __init__(
        self,
        settings: ChatSettings,
        registry: ModelRegistry,
        chat: ChatHandlers,
        page: ChatComponents,
        state: PageState,
    ) -> None:
        self._urls = settings.urls
        self._page, self._state = page, state
        self._registry = registry
        self._chat = chat

    def load_languages(self, repo: str, known: tuple[str, ...], request: gr.Request) -> Updates:
        """Offer the languages if they have changed.

        Keeps the chosen model; without one it takes what the address asks for, else the first.
        """
        self._registry.first_poll.wait(FIRST_POLL_SECONDS)
        page, state = self._page, self._state
        repos = tuple(adapter.repo for adapter in self._registry.adapters)
        if repos and repos == known:
            return NOTHING
        query = PageQuery.parse(request)
        if not repos:
            t, is_unreachable = translations(query.ui_language), self._registry.is_unreachable
            return {
                page.language: gr.update(choices=[], value=None),
                state.chosen_model: "",
                state.known_models: repos,
                page.name_lookup: fragments.no_models(self._urls, is_unreachable, t),
                page.message_box: gr.update(interactive=False),
            }
        choices = [(language.label, language.code) for language in self._registry.languages()]
        if self._registry.get(repo):
            return {page.language: gr.update(choices=choices), state.known_models: repos}
        adapter, problem = self._requested_adapter(query)
        return {
            page.language: gr.update(choices=choices, value=adapter and adapter.code),
            state.chosen_model: adapter.repo if adapter else "",
            state.known_models: repos,
            page.name_lookup: problem,
            page.message_box: gr.update(interactive=adapter is not None, value=query.prompt),
            page.compare: query.compare,
            state.ui_language: self._ui_languages(adapter, query.ui_language),
        }

    def _requested_adapter(self, query: PageQuery) -> tuple[Adapter | None, str]:
        """Return the adapter that the address asks for, or why there is none.

        An address that asks for nothing gets the first one, and one with a language but a model
        that is gone gets the language's.
        """
        if adapter := self._registry.get(query.model):
            return adapter, ""
        if query.model and not query.language:
            t = translations(query.ui_language)
            return None, fragments.status(t("model_unknown", model=query.model), is_error=True)
        if not query.language:
            return self._registry.adapters[0], ""
        code, problem = self._resolve(query.language, query.ui_language)
        return next(iter(self._registry.for_language(code)), None), problem

    def choose_language(self, value: object, repo: str, ui_language: str) -> Updates:
        """Take a language by its code or by any of its names, or ask which one is meant."""
        if not isinstance(value, str) or not value.strip():
            return NOTHING
        code, problem = self._resolve(value, ui_language)
        if problem:
            return {self._page.name_lookup: problem}
        page = self._page
        updates: Updates = {page.name_lookup: "", page.message_box: gr.update(interactive=True)}
        current = self._registry.get(repo)
        if current is None or current.code != code:
            updates[self._state.chosen_model] = self._registry.for_language(code)[0].repo
        if value != code:
            updates[self._page.language] = gr.update(value=code)
        return updates

    def choose_suggestion(self, event: gr.EventData, repo: str, ui_language: str) -> Updates:
        """Take the language of a "did you mean" button, which may have no model either."""
        return self.choose_language(str(event.text), repo, ui_language)

    def _resolve(self, text: str, ui_language: str) -> tuple[str, str]:
        """Return the code of the one available language that a name means, or HTML to show."""
        available = {language.code for language in self._registry.languages()}
        found = meaning(text, available)
        if found.language:
            return found.language.code, ""
        return "", fragments.unavailable_language(
            clean(text)[:MAX_NAME_LENGTH],
            found.missing,
            found.several or found.similar,
            self._urls,
            translations(ui_language),
        )

    def show_model_if_new(
        self, repo: str, shown_repo: str, saved: object, ui_language: str, request: gr.Request
    ) -> Updates:
        """Show the chosen model with the conversation that the browser kept, if it is new."""
        if repo == shown_repo:
            return NOTHING
        self._chat.end_running(request)
        kept = saved if isinstance(saved, dict) and saved.get("model") == repo else {}
        return self._show_model(repo, Conversation.parse(kept.get("turns")), ui_language)

    def new_chat(self, repo: str, ui_language: str, request: gr.Request) -> Updates:
        """Start a new conversation, and have the browser forget the old one."""
        self._chat.end_running(request)
        shown = self._show_model(repo, Conversation(), ui_language)
        return {**shown, self._state.saved_conversation: None}

    def save_conversation(self, conversation: Conversation, repo: str) -> Updates:
        """Have the browser keep the conversation; nobody else has a copy."""
        saved = {"model": repo, "turns": conversation.to_json()} if conversation.turns else None
        return {self._state.saved_conversation: saved}

    def _show_model(self, repo: str, conversation: Conversation, ui_language: str) -> Updates:
        """Show a conversation with a model, and load it before the first question."""
        page, state, adapter = self._page, self._state, self._registry.get(repo)
        if not adapter:
            return {state.shown_model: repo}
        self._chat.preload(adapter)
        t, language = translations(ui_language), adapter.language
        adapters = self._registry.for_language(adapter.code)
        models = [(other.base.rpartition("/")[2], other.repo) for other in adapters]
        rtl = language.direction == "rtl"
        examples = fragments.example_buttons(self._registry.examples(adapter), language)
        return {
            state.shown_model: repo,
            page.model: gr.update(choices=models, value=repo, visible=len(models) > 1),
            state.ui_language: self._ui_languages(adapter, ui_language),
            page.model_info: self._model_info(adapter, t),
            page.examples: gr.update(value=examples, visible=not conversation.turns),
            state.conversation: conversation,
            page.adapter_chat: gr.update(
                value=chatbot_messages(conversation, "adapter", t("thinking")),
                rtl=rtl,
                placeholder=fragments.placeholder(language, t),
            ),
            page.base_chat: gr.update(
                value=chatbot_messages(conversation, "base", t("thinking")), rtl=rtl
            ),
            page.status: fragments.status(""),
            page.send: gr.update(visible=True),
            page.stop: gr.update(visible=False),
            page.export: gr.update(visible=bool(conversation.turns)),
            page.page_state: fragments.page_state(adapter, t),
        }

    def _model_info(self, adapter: Adapter, t: Translations) -> str:
        has_versions = bool(self._registry.versions(adapter))
        return fragments.model_info(adapter, has_versions, self._urls, t)

    def _ui_languages(self, adapter: Adapter | None, ui_language: str) -> Any:
        """Offer English and the model's own language, if somebody has translated the interface.

        Without a model all languages of the interface are offered.
        """
        offered = (ENGLISH, adapter.language.bcp47) if adapter else (ENGLISH, *available_tags())
        tags = [tag for tag in offered if tag in available_tags()]
        tags = list(dict.fromkeys([*tags, ui_language]))
        choices = [(translations(tag)("name"), tag) for tag in tags]
        return gr.update(choices=choices, value=ui_language, visible=len(choices) > 1)

    def translate(self, repo: str, ui_language: str) -> Updates:
        """Show what depends on the chosen model in another language."""
        page, t, adapter = self._page, translations(ui_language), self._registry.get(repo)
        if not adapter:
            return {page.hero: fragments.hero(t)}
        return {
            page.hero: fragments.hero(t),
            page.model_info: self._model_info(adapter, t),
            page.adapter_chat: gr.update(placeholder=fragments.placeholder(adapter.language, t)),
            page.page_state: fragments.page_state(adapter, t),
        }

    def share_link(
        self,
        text: str,
        conversation: Conversation,
        repo: str,
        compare: bool,
        ui_language: str,
    ) -> dict[str, Any]:
        """Return a link to this view, with the message or the last question in it."""
        adapter = self._registry.get(repo)
        last = conversation.turns[-1].question if conversation.turns else ""
        prompt = text.strip() or last
        query = {"language": adapter.code, "model": adapter.repo} if adapter else {}
        query |= {"compare": "1"} if compare else {}
        query |= {"ui": ui_language} if ui_language != ENGLISH else {}
        query |= {"prompt": prompt} if prompt else {}
        return gr.update(value=self._urls.chat_view(urlencode(query)), visible=True)

    def offline_page(self, request: gr.Request) -> str:
        """Return the page that says how to use a model offline."""
        self._registry.first_poll.wait(FIRST_POLL_SECONDS)
        query = PageQuery.parse(request)
        code = query.code([language.code for language in self._registry.languages()]) or ""
        adapters = self._registry.for_language(code)
        gguf = next((adapter.gguf for adapter in adapters if adapter.gguf), None)
        language = by_code(code)
        return fragments.offline_page(language, gguf, self._urls, translations(query.ui_language))
