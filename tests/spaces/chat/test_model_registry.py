"""What the chat finds on a real Hub: adapters, GGUF files, example questions; or nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from adapters import GgufFile
from chat_settings import ChatSettings
from model_registry import ModelRegistry

from bot.localhub.testing import LocalHub
from tests.spaces.hub_content import hub_api, push, questions

pytestmark = pytest.mark.xdist_group("model-registry")  # one Hub for all of them

CARD = b"---\nbase_model: practice/base\n---\n"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    orgs = {name: ["kakugo-bot"] for name in ("complete", "broken")}
    with LocalHub(tmp_path_factory.mktemp("hub"), orgs=orgs) as running:
        yield running


def refreshed(hub: LocalHub, org: str) -> ModelRegistry:
    registry = ModelRegistry(ChatSettings.read({"HF_ENDPOINT": hub.url, "KAKUGO_ORG": org}))
    registry.refresh()
    return registry


def test_organization_without_models_is_no_problem(hub: LocalHub) -> None:
    registry = refreshed(hub, "bob")
    assert registry.adapters == () and not registry.is_unreachable and registry.get("") is None


def test_registry_reads_cards_gguf_files_and_held_out_rows(hub: LocalHub) -> None:
    api = hub_api(hub)
    push(api, "complete/kakugo-base-epo_Latn", {"README.md": CARD}, "model")
    push(api, "complete/kakugo-base-epo_Latn-merged", {"m.gguf": b"GGUF" * 9}, "model")
    push(api, "complete/kakugo-other-epo_Latn", {"README.md": CARD}, "model")
    no_adapter = {"README.md": b"---\nlicense: mit\n---\n"}
    push(api, "complete/kakugo-base-sdh_Arab", no_adapter, "model")
    data = {
        "topics/train.parquet": questions("train"),
        "topics/test.parquet": questions("Kiu?", "Kio?"),
        "translation/test.parquet": questions("Kie?"),
        "replay/test.parquet": questions("Who?"),
        "rejected/train.parquet": questions("Ne!"),
    }
    push(api, "complete/kakugo-epo_Latn", data)
    registry = refreshed(hub, "complete")
    assert [adapter.repo for adapter in registry.for_language("epo_Latn")] == [
        "complete/kakugo-base-epo_Latn",
        "complete/kakugo-other-epo_Latn",
    ]
    assert [language.label for language in registry.languages()] == ["Esperanto"]
    adapter = registry.get("complete/kakugo-base-epo_Latn")
    assert adapter and registry.examples(adapter) == ["Kiu?", "Kie?", "Kio?"]
    assert adapter.gguf == GgufFile("complete/kakugo-base-epo_Latn-merged", "m.gguf", 36)


def test_unreadable_rows_give_no_examples(hub: LocalHub) -> None:
    api = hub_api(hub)
    push(api, "broken/kakugo-base-gla_Latn", {"README.md": CARD}, "model")
    push(api, "broken/kakugo-gla_Latn", {"topics/test.parquet": b"PAR1 no parquet PAR1"})
    registry = refreshed(hub, "broken")
    (adapter,) = registry.for_language("gla_Latn")
    assert registry.examples(adapter) == []
