"""The packaged recipes say what the code understands, the practice one in its world's words."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from recipes.core import config, language
from recipes.evaluate import benchmarks, card, markdown
from recipes.evaluate import settings as evaluate
from recipes.generate.prompts import templates
from recipes.practice.exercises import TOPIC_NAMES, WORDINGS

PACKAGED = ["practice", "kakugo"]
ROMANISED = {"ben_Latn", "npi_Latn", "sin_Latn"}  # to be asked for by these codes, by no name


def test_these_are_all_the_packaged_recipes() -> None:
    found = {path.stem for path in Path(config.__file__).parents[1].glob("*.yaml")}
    assert found == set(PACKAGED)


@pytest.mark.parametrize("name", PACKAGED)
def test_every_benchmark_of_the_evaluate_section_can_be_read(name: str) -> None:
    settings = evaluate.parse(config.load(name, "org", "epo_Latn").evaluate)
    assert settings.benchmarks.keys() <= benchmarks.READERS.keys()
    assert benchmarks.READERS.keys() == markdown.TITLES.keys() == card.TASKS.keys()


def test_global_mmlu_is_asked_for_by_codes_that_exist() -> None:
    settings = config.load("kakugo", "org", "epo_Latn").evaluate["benchmarks"]["global_mmlu"]
    codes = [language.get(code).code for code in settings["configs"]]
    assert len(codes) == 42 == len(set(settings["configs"].values()))


def test_the_practice_prompts_are_those_of_the_practice_world() -> None:
    section = config.load("practice", "org", "epo_Latn").evaluate
    asked, known = section["benchmarks"], evaluate.parse(section).benchmarks
    english = {task: wordings["eng"][0] for task, wordings in WORDINGS.items()}
    sib200, belebele = known["sib200"].in_english(), known["belebele"].in_english()
    assert sib200 and (sib200.prompt, sib200.options) == (english["topic"], TOPIC_NAMES["eng"])
    assert belebele and belebele.prompt == english["question"].replace("{text}", "{passage}")
    words = {task: wordings["epo"][0] for task, wordings in WORDINGS.items()}
    assert asked["flores"]["prompts"] == {
        "from_english": words["to_esperanto"],
        "into_english": words["to_english"],
    }
    assert asked["sib200"]["prompt"] == words["topic"]
    assert asked["sib200"]["options"] == TOPIC_NAMES["epo"]
    assert asked["belebele"]["prompt"] == words["question"].replace("{text}", "{passage}")


def test_no_language_is_missed_for_the_name_that_a_benchmark_has_for_it() -> None:
    """lm-evaluation-harness keeps a file for each config of the data sets that we ask, too."""
    spec = importlib.util.find_spec("lm_eval")
    assert spec and spec.submodule_search_locations
    tasks = Path(spec.submodule_search_locations[0]) / "tasks"
    table = Path(config.__file__).with_name("languages.tsv").read_text("utf-8")
    codes = [line.partition("\t")[0] for line in table.splitlines()[1:]]
    asked = evaluate.parse(config.load("kakugo", "org", "epo_Latn").evaluate).benchmarks
    theirs = {
        "belebele": _named(tasks / "belebele", "belebele_*_*.yaml", r"belebele_(\w+)\.yaml"),
        "global_mmlu": _named(tasks / "global_mmlu" / "full", "*", r"([a-z]{2,3})"),
    }
    for name, configs in theirs.items():
        ours = {asked[name].configs.get(code, code) for code in codes}
        assert len(configs) > 40 and configs - ours <= ROMANISED, configs - ours


def _named(folder: Path, files: str, name: str) -> set[str]:
    found = (re.fullmatch(name, path.name) for path in folder.glob(files))
    return {match[1] for match in found if match}


def test_evaluation_asks_in_the_mode_that_rows_teach() -> None:
    assert config.load("kakugo", "org", "epo_Latn").evaluate["system"] == templates.CONCISE
