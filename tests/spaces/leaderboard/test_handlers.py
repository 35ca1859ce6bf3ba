"""The handlers without a browser."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks import FIRST_BENCHMARKS
from hub_source import HubSource
from leaderboard_settings import LeaderboardSettings
from query import FILTERS, View

from tests.spaces.named_components import named_components

pytestmark = pytest.mark.xdist_group("gradio")
SETTINGS = LeaderboardSettings.read({"KAKUGO_ORG": "org", "HF_ENDPOINT": "http://127.0.0.1:9"})
VIEW = View()
VALUES = ("", *("" for _ in FILTERS), "", VIEW.sort, list(VIEW.columns))


def event(**values: object) -> Any:
    from gradio import EventData

    return EventData(None, values)


def handlers_of(source: HubSource) -> tuple[Any, Any]:
    """Return handlers and their components."""
    from controls import Controls
    from handlers import Components, Handlers

    page = named_components(Components, controls=named_components(Controls))
    return Handlers(source, SETTINGS, page), page


def test_page_is_refreshed_only_after_it_was_loaded_and_when_something_changed() -> None:
    from gradio import skip

    source = HubSource(SETTINGS)
    handlers, _ = handlers_of(source)
    assert handlers.refresh("", 1, *VALUES) == skip()
    updates = handlers.refresh("older", 3, *VALUES)
    assert updates["page_number"] == 3 and "table" in updates
    assert handlers.refresh(updates["stamp"], 1, *VALUES) == skip()
    source.refresh()  # the Hub cannot be reached
    assert "cannot be reached" in handlers.refresh(updates["stamp"], 1, *VALUES)["status_bar"]


def test_only_components_that_an_event_may_change_are_changed() -> None:
    from gradio import skip

    handlers, page = handlers_of(HubSource(SETTINGS))
    sorted_by_name = handlers.sort(event(by="name"), *VALUES)
    assert sorted_by_name["sort"] == "name" and set(sorted_by_name) <= set(page.shown)
    assert set(handlers.search("before", *VALUES)) <= set(page.shown)
    assert handlers.search(VIEW.query, *VALUES) == skip()
    second_page = handlers.change_page(event(page=2), *VALUES)
    assert second_page["page_number"] == 2 and set(second_page) <= set(page.shown)
    assert set(handlers.refresh("older", 1, *VALUES)) <= set(page.everything)
    opened = handlers.open_language(event(language="gla_Latn"))
    assert "No model has been evaluated" in opened["language_page"]
    assert set(opened) == {page.tabs, *page.language}
    assert handlers.show_table()["table_column"]["visible"]
    compared = handlers.compare(event(keys=["o/gone@abc1234", 7, "<b>"]))
    assert "None of these models" in compared["language_page"]
    assert set(compared) == set(page.language)


def test_values_of_the_controls_become_the_view() -> None:
    from controls import Controls, view_of

    names = list(Controls.__dataclass_fields__)
    values = [["into"] if name == "columns" else name for name in names]
    view = view_of(values, FIRST_BENCHMARKS)
    assert [getattr(view, name) for name in names] == [*names[:-1], ("into",)]
    assert view_of([None] * len(names), FIRST_BENCHMARKS) == View()
