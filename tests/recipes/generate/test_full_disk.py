"""A full disk: one sentence, nothing half-written, and the next run goes on from what there is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bot.localhub.testing import LocalHub
from recipes.generate.dedup.row_store import RowStore
from recipes.generate.schema import Message, Row
from tests.recipes.generate.conftest import CountingTeacher, environment, generate
from tests.recipes.generate.test_run import finished, parquet

WRITE = """
import resource, sys
from pathlib import Path
from recipes.generate.publish import parquet
from recipes.generate.schema import Message, Row
folder, most = Path(sys.argv[1]), int(sys.argv[2])
if most:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
turns = (Message(role="user", content="?"), Message(role="assistant", content="!"))
rows = (Row("topics", f"{n * 7919 % 100003} {n}", "t", turns) for n in range(6_000))
try:
    parquet.write(folder, ((row, None) for row in rows), 0.1, parquet.Origin(1, 1.0, 1, "r"))
except OSError as error:
    print(error.errno in (27, 28), error)
"""
SPOOL = """
import resource, sys
from pathlib import Path
from recipes.generate.schema import Row
from recipes.generate.dedup.row_store import RowStore
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
spool = RowStore(Path(sys.argv[1]))
try:
    for n in range(100_000):
        spool.add(Row("topics", str(n), "t", ()))
    spool.sort()
except OSError as error:
    print(error)
"""


def test_a_run_that_finds_no_room_is_told_and_goes_on_later(
    tmp_path: Path, hub: LocalHub, recipe: Path, counting_teacher: CountingTeacher
) -> None:
    out = ("--out", str(tmp_path / "out"))
    cramped = generate(hub, tmp_path / "home", recipe, counting_teacher.url, *out, most_kb=60)
    said = finished(cramped, 2)
    assert "cannot be written" in said and "make room and run again" in said
    assert "Traceback" not in said and parquet(tmp_path / "out") == {}
    assert not (tmp_path / "out" / "scratch").exists()
    finished(generate(hub, tmp_path / "home", recipe, counting_teacher.url, *out))
    twice = len(counting_teacher.asked) - len(set(counting_teacher.asked))
    assert twice <= 8 and parquet(tmp_path / "out") != {}


def test_new_files_take_the_place_of_the_old_only_when_they_are_whole(
    tmp_path: Path, hub: LocalHub
) -> None:
    def write(most: int) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", WRITE, str(tmp_path / "d"), str(most)],
            env=environment(hub, tmp_path / "hf"),
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout

    assert write(0) == ""
    before = parquet(tmp_path / "d")
    assert set(before) == {"topics/train.parquet"}
    assert write(20_000).startswith("True")
    assert parquet(tmp_path / "d") == before
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == ["topics"]


def test_a_spool_that_finds_no_room_says_which(tmp_path: Path, hub: LocalHub) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SPOOL, str(tmp_path / "rows")],
        env=environment(hub, tmp_path / "hf"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{tmp_path}/rows cannot be written" in ran.stdout


def test_what_was_spooled_comes_back_as_it_was_in_its_own_order(tmp_path: Path) -> None:
    spool = RowStore(tmp_path / "rows")
    turns = (Message(role="user", content="ĉu\x00?"), Message(role="assistant", content='"\n'))
    rows = [Row("topics", str(number), "t", turns, "about", True) for number in (2, 3, 1)]
    for row in rows:
        spool.add(row, "loop" if row.prompt_id == "3" else None)
    spool.sort()
    found = list(spool.in_order())
    assert [(row.prompt_id, reason) for _, row, reason in found] == [
        ("1", None), ("2", None), ("3", "loop"),
    ]  # fmt: skip
    assert found[0][1] == rows[2] == spool.at(found[0][0])
    assert (spool.kept, spool.dropped) == (2, 1)
    spool.close()
    assert not list(tmp_path.iterdir())
