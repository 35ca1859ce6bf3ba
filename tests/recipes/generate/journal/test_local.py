"""The journal: what was paid for is never lost, and the right one of two answers counts."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from recipes.core.errors import UserError
from recipes.generate.journal.local import Journal
from recipes.generate.sources.quotas import capacity, split_quota

A, B, C = (sha256(name.encode()).hexdigest() for name in "abc")


def said(journal: Journal, key: str) -> str | None:
    """The text of the answer that a journal has."""
    known = journal.get(key)
    return known.answer["text"] if known else None


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_journal_torn_anywhere_loses_the_torn_answer_alone(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, "epo_Latn")
    journal.put(A, {"text": "a"}, 0.5)
    whole = path.stat().st_size
    journal.put(B, {"text": "ĉŝĝ"}, 0.5)
    journal.close()
    with path.open("r+b") as file:
        file.truncate(whole + min(cut, path.stat().st_size - whole - 1))
    torn = Journal(path, "epo_Latn")
    assert (len(torn), torn.get(B), path.stat().st_size) == (1, None, whole)
    torn.put(B, {"text": "c"}, 0.5)
    torn.close()
    mended = Journal(path, "epo_Latn")
    assert (said(mended, A), said(mended, B)) == ("a", "c")
    mended.close()


def test_a_damaged_line_costs_no_other(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, "epo_Latn")
    for key in (A, B, C):
        journal.put(key, {"text": key[:3]}, 0.5)
    journal.close()
    first, second, third = path.read_bytes().splitlines(keepends=True)
    for damaged in (b"\0" * (len(second) - 1) + b"\n", second.replace(b'"usd":0.5,', b"")):
        path.write_bytes(first + damaged + third)
        again = Journal(path, "epo_Latn")
        assert [said(again, key) for key in (A, B, C)] == [A[:3], None, C[:3]]
        output = capfd.readouterr().out
        assert f"skipped 1 damaged line, the first at byte {len(first)}" in output
        again.close()


def test_a_journal_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Journal(tmp_path / "file" / "journal.jsonl", "epo_Latn")


def test_the_first_answer_counts_but_ones_own_before_it(tmp_path: Path) -> None:
    """Two languages asked the same at once: each must go on from the answer that it used."""
    journals = {}
    for code in ("aaa_Latn", "bbb_Latn"):
        journal = Journal(tmp_path / f"{code}.jsonl", code)
        journal.put(A, {"text": code}, 0.5, common=True)
        journal.close()
    for code, uses in (
        ("aaa_Latn", "aaa_Latn"),
        ("bbb_Latn", "bbb_Latn"),
        ("ccc_Latn", "aaa_Latn"),
    ):
        journals[code] = Journal(tmp_path / "new" / f"{code}.jsonl", code)
        for shard in ("aaa_Latn", "bbb_Latn"):
            journals[code].add_shard(tmp_path / f"{shard}.jsonl")
        assert said(journals[code], A) == uses
        journals[code].track_unshared()
        assert journals[code].unshared_count == 0
        journals[code].close()


def test_what_is_on_no_shard_waits_and_no_more(tmp_path: Path) -> None:
    path, shard = tmp_path / "journal.jsonl", tmp_path / "shard.jsonl"
    journal = Journal(path, "epo_Latn")
    journal.put(A, {"text": "a"}, 0.5)
    journal.put(B, {"text": "b"}, 0.5, common=True)
    journal.close()
    shard.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    again = Journal(path, "epo_Latn")
    again.add_shard(shard)
    again.track_unshared()
    again.put(C, {"text": "c"}, 0.5)
    assert [(line.partition, b'"text":"b"' in line.line) for line in again.unshared(1)] == [
        ("common", True)
    ]
    assert [line.partition for line in again.unshared(10**6)] == ["common", "epo_Latn"]
    again.mark_shared(2)
    assert (again.unshared_count, again.unshared(10**6)) == (0, [])
    again.close()


FULL = """
import resource, sys
from recipes.generate.journal.local import Journal
from recipes.core.errors import UserError
from pathlib import Path
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
journal = Journal(Path(sys.argv[1]), "epo_Latn")
try:
    for number in range(100):
        journal.put(f"{number:02x}" * 32, {"text": "x" * 50}, 0.5)
except UserError as refusal:
    print(number, refusal)
"""


def test_a_full_disk_is_told_and_what_was_paid_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    ran = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True
    )
    number, _, message = ran.stdout.partition(" ")
    assert "Free some disk space and run the same command again" in message
    again = Journal(path, "epo_Latn")
    assert len(again) == int(number) > 2
    again.close()


def test_the_index_takes_no_memory(tmp_path: Path) -> None:
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from recipes.generate.journal.local import Journal\n"
        "journal = Journal(Path(sys.argv[1]), 'epo_Latn')\n"
        "import hashlib\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "def put(n): journal.put(hashlib.sha256(b'%d' % n).hexdigest(), {'text': 'x'}, 0.5)\n"
        "for n in range(5_000): put(n)\n"
        "before = peak()\n"
        "for n in range(5_000, 60_000): put(n)\n"
        "print(peak() - before)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "j.jsonl")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(ran.stdout) < 6


@pytest.mark.parametrize("quota", [0, 1, 2, 3, 7, 40, 99, 100, 101, 5_000])
@pytest.mark.parametrize(("branches", "portion", "most"), [(8, 3, 33), (1, 5, 200), (20, 1, 1)])
def test_a_quota_is_dealt_out_in_whole_portions(
    quota: int, branches: int, portion: int, most: int
) -> None:
    dealt = split_quota(quota, branches, portion, most)
    assert len(dealt) == branches and max(dealt) <= most
    assert sum(dealt) == quota or min(dealt) + portion > most or max(dealt) == most
    assert max(dealt) - min(dealt) < 2 * portion
    assert sum(share % portion != 0 for share in dealt if share != most) <= 1


def test_a_tree_holds_what_the_paper_says() -> None:
    assert 16 * capacity((20, 10), 3) == 10_608
    assert 60 * capacity((30,), 5) == 9_300
    assert split_quota(16 * capacity((20, 10), 3), 16, 3, 663) == [663] * 16
