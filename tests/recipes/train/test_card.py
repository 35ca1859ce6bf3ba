"""The model card says facts only, parses, and passes the Hub's own check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard, ModelCardData, constants

from bot.localhub.testing import LocalHub
from recipes.core.language import get
from recipes.core.row_edits import RowEdits
from recipes.train import card, plot
from recipes.train.sft import Trained, total

LOG = [
    {"step": 1, "loss": 3.0, "num_tokens": 10.0, "seconds": 2.0},
    {"step": 2, "eval_loss": 2.5},
    {"step": 2, "loss": 2.0, "num_tokens": 20.0, "seconds": 4.0},
]
TRAINED = Trained(
    steps=2, tokens=20, seconds=7200.0, loss_first=3.0, loss_last=2.0, held_out=2.5,
    trainable_parameters=1234, mfu=0.512, log=LOG,
)  # fmt: skip
LORA = {"r": 64, "lora_alpha": 64, "target_modules": "all-linear"}
SETTINGS = {"lora": LORA, "trained_tokens": 0, "variant": "lora", "batch": 8, "max_length": 8000,
            "trainer": {"seed": 1}}  # fmt: skip
FACTS = card.Facts(
    repo="org/kakugo-micro-gla_Latn", language=get("gla_Latn"), base="ibm/micro",
    base_revision="a" * 40, dataset="org/kakugo-gla_Latn", dataset_revision="b" * 40,
    licence={"license": "apache-2.0"}, practice=False, recipe="kakugo", recipe_version="0.1.0",
    recipe_commit="c" * 40, digest="d" * 64, rows=10, mending=RowEdits(),
    hardware="1 × NVIDIA H200", hourly_usd=5.0, energy_kwh=1.4,
    versions={"torch": "2.13"}, settings=SETTINGS, trained=TRAINED,
)  # fmt: skip


def test_the_card_says_how_to_ask_what_was_taught_to_think() -> None:
    told = str(card.write(but(system='Be "concise".')))
    assert '{"role": "system", "content": "Be \\"concise\\"."}, {"role": "user"' in told
    assert card.write(but(system="Be concise.")).data.to_dict()["system_prompt"] == "Be concise."
    assert "it may think aloud first" in told and "think aloud" not in str(card.write(FACTS))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


def but(**more: Any) -> card.Facts:
    return replace(FACTS, **more)


def lora(**more: Any) -> dict[str, Any]:
    return {**SETTINGS, "lora": {**LORA, **more}}


@pytest.mark.parametrize(
    "facts",
    [
        FACTS,
        but(settings={**SETTINGS, "lora": None}, mending=RowEdits(frozenset({"r1"}))),
        but(practice=True, hourly_usd=None, energy_kwh=None, recipe_commit=None, licence={}),
        but(licence={"license": "other", "license_name": "gemma", "license_link": "https://x/y"}),
        but(trained=replace(TRAINED, mfu=None, held_out=None), settings=lora(use_dora=True)),
    ],
)
def test_the_card_passes_the_check_of_the_hub(
    facts: card.Facts, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    written = card.write(facts)
    written.validate()
    again = ModelCard(str(written))
    assert again.data.to_dict() == written.data.to_dict()
    assert again.data.language == "gd" and again.data.base_model == "ibm/micro"
    assert "None" not in again.text and "{{" not in again.text
    assert "Not yet reviewed by speakers of Scottish Gaelic" in again.text


def test_what_is_known_is_said_and_nothing_else() -> None:
    said = str(card.write(FACTS))
    assert "| price | $10.00 for the hours" in said and "51 % of the peak (MFU)" in said
    assert "at most 1.40 kWh" in said and "not measured" in said and "`cccc" in said
    assert "--max-lora-rank 64" in said and "base_model_relation: adapter" in said
    unknown = but(hourly_usd=None, energy_kwh=None, trained=replace(TRAINED, mfu=None))
    silent = str(card.write(unknown))
    assert "$" not in silent and "kWh" not in silent and "MFU" not in silent


def test_how_to_serve_follows_what_was_trained() -> None:
    for settings in (lora(use_dora=True), lora(modules_to_save=["embed_tokens"]),
                     {**SETTINGS, "trained_tokens": 9}):  # fmt: skip
        assert "vLLM cannot serve this adapter" in str(card.write(but(settings=settings)))
    full = str(card.write(but(settings={**SETTINGS, "lora": None})))
    assert "base_model_relation: finetune" in full and "PeftModel" not in full
    assert "vllm serve org/kakugo-micro-gla_Latn" in full


@pytest.mark.parametrize(
    ("found", "expected"),
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
def test_the_licence_is_that_of_the_base(found: dict[str, str], expected: dict[str, str]) -> None:
    assert card.licence_of(ModelCardData(**found), "org/base") == expected
    assert card.licence_of(None, "org/base") == {}


def test_a_resumed_runs_counters_are_added_up() -> None:
    log = [{"n": 1.0}, {"n": 5.0}, {"n": 2.0}, {"n": 3.0}, {"n": 1.0}]
    assert total(log, "n") == 5 + 3 + 1
    assert total([{"n": 4.0}], "n") == 4


def test_the_loss_is_drawn(tmp_path: Path) -> None:
    plot.loss(LOG, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
