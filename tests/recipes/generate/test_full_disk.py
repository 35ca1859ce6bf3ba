"""A full disk: a clear error, no half-written files, and a next run that continues."""

from __future__ import annotations

from pathlib import Path

from recipes.generate.dedup.row_store import RowStore
from recipes.generate.schema import Message, Row
from tests.recipes.generate.conftest import SMALL_DISK, CountingTeacher, generate
from tests.recipes.generate.test_run import finished, parquet
from tests.recipes.recipe_runner import RecipeRunner

WRITE = """
import resource, sys
from pathlib import Path
from recipes.generate.publish import parquet
from recipes.generate.schema import Message, Row
folder, limit = Path(sys.argv[1]), int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
turns = (Message(role="user", content="?"), Message(role="assistant", content="!"))
rows = (Row("topics", f"{n * 7919 % 100003} {n}", "t", turns) for n in range(6_000))
try:
    parquet.write(folder, ((row, None) for row in rows), 0.1, parquet.RunColumns(1, 1.0, 1, "r"))
except OSError as error:
    print(error.errno in (27, 28), error)
"""
STORE = """
import resource, sys
from pathlib import Path
from recipes.generate.schema import Row
from recipes.generate.dedup.row_store import RowStore
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
store = RowStore(Path(sys.argv[1]))
try:
    for n in range(100_000):
        store.add(Row("topics", str(n), "t", ()))
    store.sort()
except OSError as error:
    print(error)
"""


def test_a_run_with_a_full_disk_ends_and_continues_later(
    tmp_path: Path, jobs: RecipeRunner, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    out = ("--out", str(tmp_path / "out"))
    arguments = (jobs, tmp_path / "home", recipe, counting_teacher.url, *out)
    output = finished(generate(*arguments, script=SMALL_DISK), 2)
    assert (
        "cannot be written" in output
        and "Free some disk space and run the same command again" in output
    )
    assert "Traceback" not in output and parquet(tmp_path / "out") == {}
    assert not (tmp_path / "out" / ".kakugo-scratch").exists()
    finished(generate(*arguments))
    repeated = len(counting_teacher.requests) - len(set(counting_teacher.requests))
    assert repeated <= 8 and parquet(tmp_path / "out") != {}


def test_new_files_replace_the_old_ones_only_when_they_are_complete(
    tmp_path: Path, jobs: RecipeRunner
) -> None:
    def write(limit: int) -> str:
        return jobs.run_script(WRITE, str(tmp_path / "d"), str(limit))

    assert write(0) == ""
    before = parquet(tmp_path / "d")
    assert set(before) == {"topics/train.parquet"}
    assert write(20_000).startswith("True")
    assert parquet(tmp_path / "d") == before
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == ["topics"]


def test_a_store_on_a_full_disk_names_its_file(tmp_path: Path, jobs: RecipeRunner) -> None:
    assert f"{tmp_path}/rows cannot be written" in jobs.run_script(STORE, str(tmp_path / "rows"))


def test_stored_rows_come_back_unchanged_in_their_own_order(tmp_path: Path) -> None:
    store = RowStore(tmp_path / "rows")
    turns = (Message(role="user", content="ĉu\x00?"), Message(role="assistant", content='"\n'))
    rows = [Row("topics", str(number), "t", turns, "about", True) for number in (2, 3, 1)]
    for row in rows:
        store.add(row, "loop" if row.prompt_id == "3" else None)
    store.sort()
    ordered = list(store.in_order())
    assert [(row.prompt_id, reason) for _, row, reason in ordered] == [
        ("1", None), ("2", None), ("3", "loop"),
    ]  # fmt: skip
    assert ordered[0][1] == rows[2] == store.at(ordered[0][0])
    assert (store.kept, store.dropped) == (2, 1)
    store.close()
    assert not list(tmp_path.iterdir())
