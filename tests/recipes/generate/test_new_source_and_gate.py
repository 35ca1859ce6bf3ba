"""A made-up source and a made-up gate need one entry each and a section of the recipe."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest
import yaml

from bot.localhub.testing import LocalHub
from tests.recipes.generate.conftest import ROOT, CountingTeacher, environment
from tests.recipes.recipe_runner import RecipeRunner

pytestmark = pytest.mark.slow

SOURCE = """
@dataclass(frozen=True)
class GlossSettings:
    texts: int


def _glosses(job: SourceJob[GlossSettings]) -> Iterator[Work]:
    for number, text in enumerate(job.items):
        yield partial(_gloss, job, f"glosses/{number}", text)


async def _gloss(job: SourceJob[GlossSettings], path: str, text: str) -> list[Work]:
    context = job.context
    request = templates.translate_text(text, context.language.name, "English")
    if english := await context.complete_text(request):
        prompt = f"{text}\\n\\nKion tio signifas en la angla?"
        turns = Message(role="user", content=prompt), Message(role="assistant", content=english)
        row = Row("glosses", path, context.teacher.settings.model, turns)
        context.add(Draft(row, (None, ENGLISH)))
    return []


"""
SOURCE_ENTRY = """
    Source[GlossSettings](
        name="glosses",
        section="glosses",
        settings=GlossSettings,
        planned=lambda settings, _: settings.texts,
        grow=_glosses,
        about="made-up glosses",
        with_english=True,
        reads="texts",
    ),
"""
GATE = """
@dataclass(frozen=True)
class BrevitySettings:
    letters: int


def _long_answer(draft: Draft, context: GateContext) -> str | None:
    is_long = len(draft.row.turns[-1]["content"]) > context.settings.own["brevity"].letters
    return "long_answer" if is_long else None


"""
GATE_ENTRY = """
    Gate("brevity", {"long_answer": "made-up meaning"}, _long_answer, BrevitySettings),
"""
RUN = """
import contextlib, sys
from pathlib import Path
import recipes
from recipes import cli
path = Path(recipes.__path__[0]) / "recipe.schema.json"
with open(path.with_suffix(".new"), "w") as file, contextlib.redirect_stdout(file):
    cli.main(["schema"])
path.with_suffix(".new").replace(path)
sys.exit(cli.main(sys.argv[1:]))
"""
TRAINING_CHATS = """
import json, sys
from huggingface_hub import HfApi
from recipes.core.row_edits import load_chats
repo = sys.argv[1]
print(json.dumps(load_chats(HfApi(), repo, HfApi().dataset_info(repo).sha, "train")))
"""
LEADERBOARD_SUMMARY = """
import json, sys
from pathlib import Path
from huggingface_hub import HfApi
sys.path[:0] = sys.argv[2:]
from details import parse_dataset
files = HfApi().list_repo_tree(sys.argv[1], recursive=True, repo_type="dataset")
sizes = {file.path: file.size for file in files if hasattr(file, "size")}
manifest = HfApi().hf_hub_download(sys.argv[1], "run.json", repo_type="dataset")
summary = parse_dataset(Path(manifest).read_bytes(), sizes)
print(json.dumps([dict(summary.sources), dict(summary.dropped)]))
"""


def insert(path: Path, table: str, code: str, entry: str) -> None:
    """Add an entry to the end of a table, and the code that it names in front of the table."""
    text = path.read_text("utf-8")
    before, name, entries = text.partition(table)
    assert name and "\n)\n" in entries
    path.write_text(before + code + name + entries.replace("\n)\n", f"{entry})\n", 1), "utf-8")


def test_an_entry_and_a_section_are_enough(
    tmp_path: Path,
    hub: LocalHub,
    jobs: RecipeRunner,
    recipe: Path,
    counting_teacher: CountingTeacher,
) -> None:
    shutil.copytree(ROOT / "recipes", tmp_path / "code" / "recipes")
    generate = tmp_path / "code" / "recipes" / "generate"
    prelude = (
        "from functools import partial\nfrom recipes.generate.schema import ENGLISH, Draft, Row\n"
    )
    insert(generate / "sources" / "table.py", "SOURCES: tuple", prelude + SOURCE, SOURCE_ENTRY)
    insert(generate / "gates" / "table.py", "GATES: tuple", GATE, GATE_ENTRY)
    section = yaml.safe_load(recipe.read_text("utf-8"))
    section["generate"]["glosses"] = {"texts": 30}
    section["generate"]["gates"]["brevity"] = {"letters": 60}
    recipe.write_text(yaml.safe_dump(section), encoding="utf-8")

    def run(*command: str) -> str:
        env = {**environment(hub, tmp_path / "hf"), "PYTHONPATH": str(tmp_path / "code")}
        result = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    repo = f"practice/kakugo-{tmp_path.name}"[:90]
    run(
        *(sys.executable, "-c", RUN, "generate", "--config", str(recipe), "--org", "practice"),
        *("--language", "epo_Latn", "--teacher", counting_teacher.url, "--into", repo),
    )
    (out,) = tmp_path.glob("kakugo-generate-*")

    glosses = pyarrow.parquet.read_table(out / "glosses" / "train.parquet").to_pylist()
    assert len(glosses) > 5 and {row["source"] for row in glosses} == {"glosses"}
    rejected = pyarrow.parquet.read_table(out / "rejected" / "train.parquet").to_pylist()
    long = [row for row in rejected if row["reason"] == "long_answer"]
    assert {row["gate"] for row in long} == {"brevity"}
    assert "glosses" in {row["source"] for row in long} != {"glosses"}

    audit = json.loads((out / "decontamination.json").read_text("utf-8"))
    assert "glosses/train.parquet" in audit["files"] and audit["left"] == 0
    card = (out / "README.md").read_text("utf-8")
    configs = {
        config["config_name"]: config["data_files"]
        for config in yaml.safe_load(card.split("---\n")[1])["configs"]
    }
    assert "glosses" in configs
    assert any("glosses/train.parquet" in files["path"] for files in configs["default"])
    assert f"| `glosses` | made-up glosses | apache&#45;2&#46;0 | {_kept(out)} |" in card
    assert "| brevity | `long_answer` | made-up meaning |" in card

    chats = json.loads(jobs.run_script(TRAINING_CHATS, repo).splitlines()[-1])
    assert all(row["messages"] in chats for row in glosses)

    folders = str(ROOT / "spaces" / "leaderboard"), str(ROOT / "spaces")
    summary = jobs.run_script(LEADERBOARD_SUMMARY, repo, *folders)
    sources, dropped = json.loads(summary.splitlines()[-1])
    assert sources["glosses"] > 0 and dropped["long_answer"] >= len(long)


def _kept(out: Path) -> int:
    """Return the number of kept glosses."""
    return sum(
        pyarrow.parquet.ParquetFile(path).metadata.num_rows
        for path in (out / "glosses").glob("*.parquet")
    )
