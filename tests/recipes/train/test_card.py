"""The model card states only known facts, parses, and passes the Hub's validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import HfApi, ModelCard, ModelCardData, constants

from bot.localhub.testing import LocalHub
from recipes.core.errors import UserError
from recipes.core.language import get
from recipes.core.row_edits import RowEdits
from recipes.train import card
from recipes.train.plot import plot_loss
from recipes.train.sft import SftResult, counter_total

pytestmark = pytest.mark.xdist_group("train-card")  # one Hub for all of them

LOG = [
    {"step": 1, "loss": 3.0, "num_tokens": 10.0, "seconds": 2.0},
    {"step": 2, "eval_loss": 2.5},
    {"step": 2, "loss": 2.0, "num_tokens": 20.0, "seconds": 4.0},
]
RESULT = SftResult(
    steps=2, tokens=20, seconds=7200.0, loss_first=3.0, loss_last=2.0, held_out_loss=2.5,
    attention="flex_attention", trainable_parameters=1234, mfu=0.512, log=LOG,
)  # fmt: skip
LORA = {"r": 64, "lora_alpha": 64, "target_modules": "all-linear"}
SETTINGS = {"lora": LORA, "trained_tokens": 0, "variant": "lora", "batch": 8, "max_length": 8000,
            "trainer": {"seed": 1}}  # fmt: skip
FACTS = card.CardFacts(
    repo="org/kakugo-micro-gla_Latn", language=get("gla_Latn"), base="ibm/micro",
    base_revision="a" * 40, dataset="org/kakugo-gla_Latn", dataset_revision="b" * 40,
    licence={"license": "apache-2.0"}, practice=False, recipe="kakugo", recipe_version="0.1.0",
    recipe_commit="c" * 40, digest="d" * 64, rows=10, row_edits=RowEdits(),
    hardware="1 × NVIDIA H200", hourly_usd=5.0, energy_kwh=1.4,
    versions={"torch": "2.13"}, settings=SETTINGS, result=RESULT,
)  # fmt: skip


def test_card_names_the_system_prompt_of_a_model_that_was_trained_to_think() -> None:
    text = str(card.render(with_facts(system='Be "concise".')))
    assert '[\n    {"role": "system", "content": "Be \\"concise\\"."},\n    {"role": "user"' in text
    data = card.render(with_facts(system="Be concise.")).data.to_dict()
    assert data["system_prompt"] == "Be concise."
    assert "write its reasoning first" in text
    assert "reasoning" not in str(card.render(FACTS))
    settings = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])
    assert settings == {key: SETTINGS[key] for key in ("lora", "batch", "max_length", "trainer")}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


def with_facts(**more: Any) -> card.CardFacts:
    return replace(FACTS, **more)


def with_lora(**more: Any) -> dict[str, Any]:
    return {**SETTINGS, "lora": {**LORA, **more}}


@pytest.mark.parametrize(
    "facts",
    [
        FACTS,
        with_facts(settings={**SETTINGS, "lora": None}, row_edits=RowEdits(frozenset({"r1"}))),
        with_facts(practice=True, hourly_usd=None, energy_kwh=None, recipe_commit=None, licence={}),
        with_facts(
            licence={"license": "other", "license_name": "gemma", "license_link": "https://x/y"}
        ),
        with_facts(
            result=replace(RESULT, mfu=None, held_out_loss=None), settings=with_lora(use_dora=True)
        ),
    ],
)
def test_card_passes_the_validation_of_the_hub(
    facts: card.CardFacts, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    rendered = card.render(facts)
    rendered.validate()
    parsed = ModelCard(str(rendered))
    assert parsed.data.to_dict() == rendered.data.to_dict()
    assert parsed.data.language == ["gd"] and parsed.data.base_model == "ibm/micro"
    assert "None" not in parsed.text and "{{" not in parsed.text
    assert "Not yet reviewed by speakers of Scottish Gaelic" in parsed.text


def test_a_card_that_the_hub_would_refuse_ends_the_run_before_the_training(hub: LocalHub) -> None:
    api = HfApi(hub.url, hub.token("kakugo-bot"))
    known = (FACTS.language, "ibm/micro", "o/data")
    card.check(api, *known, FACTS.licence)
    with pytest.raises(UserError, match="would refuse the card .* from the card of ibm/micro"):
        card.check(api, *known, {"license": "no-such-licence"})


def test_unknown_facts_are_omitted() -> None:
    text = str(card.render(FACTS))
    assert "| price | $10.00 for the training time" in text and "51% of the peak (MFU)" in text
    assert "at most 1.40 kWh" in text and "not measured" in text and "`cccc" in text
    assert "--max-lora-rank 64" in text and "base_model_relation: adapter" in text
    assert "| price | less than a cent for" in str(card.render(with_facts(hourly_usd=0.004)))
    unknown = with_facts(hourly_usd=None, energy_kwh=None, result=replace(RESULT, mfu=None))
    text = str(card.render(unknown))
    assert "$" not in text and "kWh" not in text and "MFU" not in text


def test_card_of_a_request_links_to_chat_leaderboard_and_discussion() -> None:
    text = str(card.render(with_facts(request="r7")))
    for path in ("kakugo-chat?language=gla_Latn", "kakugo?language=gla_Latn",
                 "kakugo/discussions/7"):  # fmt: skip
        assert f"](/spaces/org/{path})" in text
    assert "/spaces/" not in str(card.render(with_facts(request="by-hand")))


def test_row_edits_are_listed_with_the_right_plural() -> None:
    edits = RowEdits(frozenset({"r1"}), {"r2": "x", "r3": "y"})
    text = str(card.render(with_facts(row_edits=edits)))
    assert "* 1 row dropped: `r1`\n* 2 rows corrected: `r2`, `r3`\n\n| | |" in text
    only_corrected = str(card.render(with_facts(row_edits=RowEdits(corrected={"r2": "x"}))))
    assert "before training:\n\n* 1 row corrected: `r2`\n\n| | |" in only_corrected
    only_dropped = str(card.render(with_facts(row_edits=RowEdits(frozenset({"r1"})))))
    assert "before training:\n\n* 1 row dropped: `r1`\n\n| | |" in only_dropped


def test_serving_instructions_match_what_was_trained() -> None:
    for settings in (with_lora(use_dora=True), with_lora(modules_to_save=["embed_tokens"]),
                     {**SETTINGS, "trained_tokens": 9}):  # fmt: skip
        assert "vLLM cannot serve this adapter" in str(card.render(with_facts(settings=settings)))
    full = str(card.render(with_facts(settings={**SETTINGS, "lora": None})))
    assert "base_model_relation: finetune" in full and "PeftModel" not in full
    assert "vllm serve org/kakugo-micro-gla_Latn" in full


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"license": "mit"}, {"license": "mit"}),
        ({}, {}),
        (
            {"license": "other", "license_name": "x", "license_link": "LICENSE"},
            {"license": "other", "license_name": "x",
             "license_link": "https://huggingface.co/org/base/blob/main/LICENSE"},
        ),
    ],
)  # fmt: skip
def test_licence_is_that_of_the_base(fields: dict[str, str], expected: dict[str, str]) -> None:
    assert card.licence_of(ModelCardData(**fields), "org/base") == expected
    assert card.licence_of(None, "org/base") == {}


def test_counters_of_a_resumed_run_are_added_up() -> None:
    log = [{"n": 1.0}, {"n": 5.0}, {"n": 2.0}, {"n": 3.0}, {"n": 1.0}]
    assert counter_total(log, "n") == 5 + 3 + 1
    assert counter_total([{"n": 4.0}], "n") == 4


def test_loss_is_plotted(tmp_path: Path) -> None:
    plot_loss(LOG, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_card_is_titled_in_words_and_its_links_stay_on_its_hub() -> None:
    text = str(card.render(FACTS))
    assert f"\n# {FACTS.base.split('/')[-1]} in {FACTS.language.name} (an adapter)\n" in text
    assert f"](/{FACTS.base})" in text and f"](/datasets/{FACTS.dataset})" in text
    assert "huggingface.co" not in text and "…" not in text.partition("## Use")[2][:900]
