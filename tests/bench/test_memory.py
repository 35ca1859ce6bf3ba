"""What a run takes in memory, from ten thousand rows to a million: judged, settled, written.

The answers are made up on the spot, so that only the run itself is measured; what reads from the
Hub is imported as a run imports it. `KAKUGO_BENCH_ROWS=1000000` measures the million, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = [10_000, 100_000, int(os.environ.get("KAKUGO_BENCH_ROWS", "0"))]
MOST_MB = 60  # above what the imports take
SCRIPT = """
import json, sys, threading, time
from collections import Counter
from pathlib import Path
from random import Random
import datasets, pyarrow.parquet
import recipes.generate.run
from recipes.config import load
from recipes.generate import publish
from recipes.generate.certificate import Witness, certify
from recipes.generate.decontaminate import Benchmarks
from recipes.generate.row import Message, Row
from recipes.generate.settings import parse
from recipes.generate.settle import settle
from recipes.generate.spool import Spool

count, folder = int(sys.argv[1]), Path(sys.argv[2])

def memory():
    told = dict(line.split(":") for line in open("/proc/self/status"))
    return {key: int(told[key].split()[0]) // 1024 for key in ("VmRSS", "RssAnon")}

most, stop = {"VmRSS": 0, "RssAnon": 0}, threading.Event()
def watch():
    while not stop.wait(0.05):
        for key, now in memory().items():
            most[key] = max(most[key], now)

settings = parse(load("kakugo", "o", "gla_Latn").generate)
chance = Random(1)
letters = "abcdefghiklmnoprstu"
words = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(9000)]
texts = [" ".join(chance.choices(words, k=25)) for _ in range(4000)]
witness = Witness(settings.ngrams, "Latn")
benchmarks = Benchmarks([("flores", witness.hear(texts))], settings.ngrams, "Latn")
witness.close()
imported = memory()
threading.Thread(target=watch, daemon=True).start()
began, seconds = time.monotonic(), {}
peaks = {}
def lap(name):
    global began
    seconds[name], peaks[name] = round(time.monotonic() - began, 1), dict(most)
    began = time.monotonic()

spool = Spool(folder / "rows")
for number in range(count):
    asked, said = (" ".join(chance.choices(words, k=k)) for k in (6, 24))
    turns = (Message(role="user", content=asked), Message(role="assistant", content=said))
    source = publish.SOURCES[number % 5]
    spool.add(Row(source, f"{source}/{number}", "t", turns), "loop" if number % 50 == 0 else None)
lap("judge")
outcome = settle(spool, Counter(), benchmarks, settings.near, folder / "signatures")
lap("settle")
origin = publish.Origin(1, 1.0, 8192, "recipe")
configs = publish.write(folder, outcome.verdicts(), 0.02, origin)
lap("write")
kept = certify(folder, publish.paths(configs), witness, [], 0).rows
lap("certify")
stop.set()
spool.close()
told = {"kept": kept, "imported": imported, "most": most, "peaks": peaks, "seconds": seconds}
print(json.dumps(told))
"""


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("rows", [count for count in ROWS if count])
def test_memory_does_not_grow_with_the_rows(rows: int, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(rows), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(ran.stdout.splitlines()[-1])
    print(f"{rows:,} rows: {found}")
    assert found["kept"] > 0.97 * rows
    assert found["most"]["RssAnon"] - found["imported"]["RssAnon"] < MOST_MB
