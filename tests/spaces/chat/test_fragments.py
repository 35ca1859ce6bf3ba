"""The HTML of the chat page."""

from __future__ import annotations

import fragments
from adapters import Adapter, GgufFile, Version
from blind_test import BlindTest
from common.hub_urls import HubUrls
from common.languages import Language
from feedback import RatedAnswer
from i18n import translations
from reviews import Row


def test_hostile_values_do_not_become_markup() -> None:
    hostile = '"><img src=x onerror=alert(1)>${x}{{y}}`{tag}'
    t, language = translations("en"), Language("sdh_Arab", hostile, hostile, hostile)
    urls = HubUrls(hostile, hostile, hostile)
    adapter = Adapter(hostile, "abc", hostile, language, True)
    messages = ({"role": "user", "content": hostile},)
    versions = (Version(hostile, adapter), Version(hostile, adapter))
    page_state = fragments.page_state(adapter, t)
    for markup in (
        page_state,
        fragments.model_info(adapter, True, urls, t),
        fragments.example_buttons([hostile], language),
        fragments.placeholder(language, t),
        fragments.no_models(urls, True, t),
        fragments.unavailable_language(hostile, [language], [language], urls, t),
        fragments.unavailable_language(hostile, [], [], urls, t),
        fragments.rated_answer(RatedAnswer(adapter, messages, hostile), t),
        fragments.offline_page(language, GgufFile(hostile, hostile), urls, t),
        fragments.review_row(Row(hostile, messages), 1, 2, language, t),
        fragments.blind_answers(BlindTest(hostile, versions, (hostile, hostile)), t),
        fragments.status(hostile),
    ):
        assert "<img" not in markup and "${" not in markup and "{{" not in markup
        assert not set("{}$`") & set(markup)
    assert 'data-dir="rtl"' in page_state
