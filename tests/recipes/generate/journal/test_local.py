"""The journal on disk: no answer is lost, and the right one of two answers counts."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from recipes.core.errors import UserError
from recipes.generate.journal.local import Journal
from recipes.generate.teacher.completion import Answer

A, B, C = (sha256(name.encode()).hexdigest() for name in "abc")


def answer_text(journal: Journal, key: str) -> str | None:
    """Return the text of an answer in the journal."""
    entry = journal.get(key)
    return entry.answer["text"] if entry else None


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_torn_journal_only_loses_the_torn_answer(tmp_path: Path, cut: int) -> None:
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
    repaired = Journal(path, "epo_Latn")
    assert (answer_text(repaired, A), answer_text(repaired, B)) == ("a", "c")
    repaired.close()


def test_a_damaged_line_is_skipped_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, "epo_Latn")
    for key in (A, B, C):
        journal.put(key, {"text": key[:3]}, 0.5)
    journal.close()
    first, second, third = path.read_bytes().splitlines(keepends=True)
    for damaged in (b"\0" * (len(second) - 1) + b"\n", second.replace(b'"usd":0.5,', b"")):
        path.write_bytes(first + damaged + third)
        again = Journal(path, "epo_Latn")
        assert [answer_text(again, key) for key in (A, B, C)] == [A[:3], None, C[:3]]
        output = capfd.readouterr().out
        assert f"skipped 1 damaged line, the first at byte {len(first)}" in output
        again.close()


def test_the_format_of_a_line_is_stable(tmp_path: Path) -> None:
    """A run that an older version started must go on: do not rename these keys."""
    answer = {"text": "a", "reasoning": "", "finish": "stop", "tokens_in": 7, "tokens_out": 3}
    line = {"key": A, "shelf": "common", "by": "gla_Latn", "usd": 0.5, "answer": answer}
    path = tmp_path / "journal.jsonl"
    path.write_text(json.dumps(line) + "\n")
    journal = Journal(path, "epo_Latn")
    entry = journal.get(A)
    assert entry == (answer, 0.5, True) and Answer(**entry.answer).tokens_out == 3
    journal.put(B, answer, 0.5)
    journal.close()
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    assert lines == [line, {**line, "key": B, "shelf": "epo_Latn", "by": "epo_Latn"}]


def test_a_journal_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Journal(tmp_path / "file" / "journal.jsonl", "epo_Latn")


def test_the_first_answer_counts_unless_this_language_has_its_own(tmp_path: Path) -> None:
    """Two languages made the same request at once: each keeps the answer that it used."""
    journals = {}
    for code in ("aaa_Latn", "bbb_Latn"):
        journal = Journal(tmp_path / f"{code}.jsonl", code)
        journal.put(A, {"text": code}, 0.5, common=True)
        journal.close()
    for code, expected in (
        ("aaa_Latn", "aaa_Latn"),
        ("bbb_Latn", "bbb_Latn"),
        ("ccc_Latn", "aaa_Latn"),
    ):
        journals[code] = Journal(tmp_path / "new" / f"{code}.jsonl", code)
        for shard in ("aaa_Latn", "bbb_Latn"):
            journals[code].add_shard(tmp_path / f"{shard}.jsonl")
        assert answer_text(journals[code], A) == expected
        journals[code].track_unshared()
        assert journals[code].unshared_count == 0
        journals[code].close()


def test_only_answers_in_no_shard_are_unshared(tmp_path: Path) -> None:
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
except UserError as error:
    print(number, error)
"""


def test_a_full_disk_is_an_error_and_keeps_the_answers(tmp_path: Path) -> None:
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
