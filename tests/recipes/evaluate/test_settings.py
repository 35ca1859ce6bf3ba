"""The packaged recipes parse, and the practice recipe uses the prompts of the practice world."""

from __future__ import annotations

import copy
import importlib.util
import re
from pathlib import Path

import pytest

from recipes.core import config, language
from recipes.core.benchmarks.table import BENCHMARKS
from recipes.core.errors import Unworkable
from recipes.evaluate import settings as evaluate
from recipes.generate.prompts import templates
from recipes.practice.exercises import TOPIC_NAMES, WORDINGS
from tests.recipes.evaluate.tiny_recipe import RECIPE

PACKAGED = ["practice", "kakugo", "economy"]
# Varieties of languages that Global PIQA has, but nobody can request; and others in Latin letters.
PIQA_VARIETIES = {
    *("apc_arab_jord", "apc_arab_leba", "apc_arab_pale", "apc_arab_syri", "ben_latn", "bsk_arab"),
    *("fra_latn_cana", "kan_latn", "por_latn_braz", "sin_latn", "slk_latn_sari", "slv_latn_cerk"),
    *("slv_latn_prle", "spa_latn_mexi", "spa_latn_peru", "srp_cyrl_torl", "srp_latn_torl"),
    *("tam_latn", "tel_latn"),
}
ROMANISED = {"ben_Latn", "npi_Latn", "sin_Latn"}  # can be requested by code, not by name


def test_all_packaged_recipes_are_tested() -> None:
    assert {path.stem for path in Path(config.__file__).parents[1].glob("*.yaml")} == set(PACKAGED)


@pytest.mark.parametrize("name", PACKAGED)
def test_every_benchmark_is_in_the_table(name: str) -> None:
    settings = evaluate.parse(config.load(name, "org", "epo_Latn").evaluate)
    assert settings.benchmarks.keys() <= BENCHMARKS.keys()


def test_global_mmlu_has_only_known_language_codes() -> None:
    settings = config.load("kakugo", "org", "epo_Latn").evaluate["benchmarks"]["global_mmlu"]
    codes = [language.get(code).code for code in settings["configs"]]
    assert len(codes) == 42 == len(set(settings["configs"].values()))


def test_practice_prompts_are_those_of_the_practice_world() -> None:
    section = config.load("practice", "org", "epo_Latn").evaluate
    raw, parsed = section["benchmarks"], evaluate.parse(section).benchmarks
    english = {task: wordings["eng"][0] for task, wordings in WORDINGS.items()}
    sib200, belebele = parsed["sib200"].in_english(), parsed["belebele"].in_english()
    assert sib200 and (sib200.prompt, sib200.options) == (english["topic"], TOPIC_NAMES["eng"])
    assert belebele and belebele.prompt == english["question"].replace("{text}", "{passage}")
    esperanto = {task: wordings["epo"][0] for task, wordings in WORDINGS.items()}
    assert raw["flores"]["prompts"] == {
        "from_english": esperanto["to_esperanto"],
        "into_english": esperanto["to_english"],
    }
    assert raw["sib200"]["prompt"] == esperanto["topic"]
    assert raw["sib200"]["options"] == TOPIC_NAMES["epo"]
    assert raw["belebele"]["prompt"] == esperanto["question"].replace("{text}", "{passage}")


def test_config_names_cover_all_languages_of_the_benchmarks() -> None:
    """lm-evaluation-harness has a file for each config of Belebele and Global-MMLU."""
    spec = importlib.util.find_spec("lm_eval")
    assert spec and spec.submodule_search_locations
    tasks = Path(spec.submodule_search_locations[0]) / "tasks"
    table = Path(config.__file__).with_name("languages.tsv").read_text("utf-8")
    codes = [line.partition("\t")[0] for line in table.splitlines()[1:]]
    ours = evaluate.parse(config.load("kakugo", "org", "epo_Latn").evaluate).benchmarks
    theirs = {
        "belebele": _matches(tasks / "belebele", "belebele_*_*.yaml", r"belebele_(\w+)\.yaml"),
        "global_mmlu": _matches(tasks / "global_mmlu" / "full", "*", r"([a-z]{2,3})"),
        "global_piqa": _matches(
            tasks / "global_piqa" / "nonparallel_cloze", "*.yaml", r"([a-z]\w+)\.yaml"
        ),
    }
    for name, configs in theirs.items():
        missing = configs - {BENCHMARKS[name].config(ours[name], code) for code in codes}
        assert len(configs) > 40 and missing <= ROMANISED | PIQA_VARIETIES, missing


def _matches(folder: Path, files: str, name: str) -> set[str]:
    matches = (re.fullmatch(name, path.name) for path in folder.glob(files))
    return {match[1] for match in matches if match}


def test_the_system_prompt_is_that_of_the_training_data() -> None:
    assert config.load("kakugo", "org", "epo_Latn").evaluate["system"] == templates.CONCISE


@pytest.mark.parametrize(
    ("section_path", "key", "message"),
    [((), "merge", r"evaluate\.merge: is missing"), 
     (("choice",), "batch", r"evaluate\.choice\.batch: is missing"),
     (("benchmarks", "flores"), "dataset", r"evaluate\.benchmarks\.flores\.dataset: is missing")],
)  # fmt: skip
def test_a_missing_key_of_the_recipe_is_refused(
    section_path: tuple[str, ...], key: str, message: str
) -> None:
    section = copy.deepcopy(RECIPE["evaluate"])
    inner = section
    for name in section_path:
        inner = inner[name]
    del inner[key]
    with pytest.raises(Unworkable, match=message):
        evaluate.parse(section)


def test_peers_are_compared_in_the_languages_that_they_are_made_for() -> None:
    settings = evaluate.parse(config.load("kakugo", "org", "yor_Latn").evaluate)
    assert settings.peers_for("yor_Latn") == [
        "CohereLabs/tiny-aya-global",
        "McGill-NLP/AfriqueQwen-4B",
    ]
    assert settings.peers_for("gla_Latn") == []
    codes = [code for some in settings.peers.values() for code in some]
    assert [code for code in codes if language.get(code).code != code] == []
