"""Each answer of a dataset is counted once, however often it is used and whoever paid."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from recipes.generate.journal.local import Journal
from recipes.generate.journal.usage import BATCH_ANSWERS, Payer, Usage


@pytest.mark.parametrize("times", [1, 3])
def test_each_answer_counts_once(tmp_path: Path, times: int) -> None:
    journal = Journal(tmp_path / "journal.jsonl", "epo_Latn")
    counter, other = journal.usage_counter(), journal.usage_counter()
    keys = [sha256(b"%d" % number).hexdigest() for number in range(2 * BATCH_ANSWERS + 10)]
    for number, key in enumerate(keys):
        counter.add(key, Payer.THIS_RUN if number % 2 else Payer.OTHER_LANGUAGE, 3, 5, 0.25)
    for key in keys * (times - 1):
        counter.add(key, Payer.EARLIER_RUN, 3, 5, 0.25)
    half = len(keys) // 2
    assert counter.by_payer() == {
        Payer.THIS_RUN: Usage(3 * half, 5 * half, 0.25 * half),
        Payer.EARLIER_RUN: Usage(),
        Payer.OTHER_LANGUAGE: Usage(3 * half, 5 * half, 0.25 * half),
    }
    report = counter.report(7.0, 60.0, "")
    assert (report.tokens_in, report.tokens_out) == (3 * len(keys), 5 * len(keys))
    assert (report.usd, report.other_languages_usd) == (7.0, 0.25 * half)
    assert other.by_payer() == dict.fromkeys(Payer, Usage())
    journal.close()
