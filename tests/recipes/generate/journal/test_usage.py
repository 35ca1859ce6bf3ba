"""What a dataset cost: each answer once, however often it was wanted, and whoever paid."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from recipes.generate.journal.local import Journal
from recipes.generate.journal.usage import NEWEST, Payer, Sum


@pytest.mark.parametrize("times", [1, 3])
def test_each_answer_counts_once(tmp_path: Path, times: int) -> None:
    journal = Journal(tmp_path / "journal.jsonl", "epo_Latn")
    account, other = journal.account(), journal.account()
    keys = [sha256(b"%d" % number).hexdigest() for number in range(2 * NEWEST + 10)]
    for number, key in enumerate(keys):
        account.add(key, Payer.NOW if number % 2 else Payer.OTHERS, 3, 5, 0.25)
    for key in keys * (times - 1):
        account.add(key, Payer.EARLIER, 3, 5, 0.25)
    half = len(keys) // 2
    assert account.sums() == {
        Payer.NOW: Sum(3 * half, 5 * half, 0.25 * half),
        Payer.EARLIER: Sum(),
        Payer.OTHERS: Sum(3 * half, 5 * half, 0.25 * half),
    }
    bill = account.bill(7.0, 60.0, "")
    assert (bill.tokens_in, bill.tokens_out) == (3 * len(keys), 5 * len(keys))
    assert (bill.usd, bill.others_usd) == (7.0, 0.25 * half)
    assert other.sums() == dict.fromkeys(Payer, Sum())
    journal.close()
