"""What a run takes in memory, from ten thousand rows to a million: asked, settled, written.

One process does what a run does, with a thousand calls in flight, a vocabulary of the usual size
and a million and a half n-grams of benchmarks; its whole memory counts, with libraries and mapped
files. What is read from the Hub and drawn is done by other processes, which are measured apart.
`KAKUGO_BENCH_ROWS=1000000` measures the million, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from recipes.practice.texts import passage, write_text
from tests.bench.test_engine_speed import serving

ROWS = [10_000, 100_000, int(os.environ.get("KAKUGO_BENCH_ROWS", "0"))]
ASKED = 20_000  # of them; what is in flight takes memory, and what was answered is on the disk
MOST_MB = 200
RUN = Path(__file__).with_name("whole_run.py")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def vocabulary(path: Path) -> Path:
    """A byte level vocabulary of 100,000 tokens, as large as that of the recipe's student."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    known = {letter: number for number, letter in enumerate(sorted(alphabet))}
    chance, made, merges = Random(2), list(LETTERS), []
    while len(known) < 100_000:
        one, two = chance.choice(made[:400]), chance.choice(made)
        if one + two not in known and len(one + two) < 14:
            known[one + two] = len(known)
            merges.append((one, two))
            made.append(one + two)
    tokenizer = Tokenizer(models.BPE(vocab=known, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(path))
    return path


def conversations(path: Path) -> tuple[Path, Path]:
    """English conversations of about 3 kB, and a teacher's translations of about 4 kB."""
    chance, answers = Random(7), path / "answers.jsonl"
    with (path / "conversations.jsonl").open("w") as asked, answers.open("w") as answered:
        for _ in range(200):
            turns = [passage(chance, topic) for topic in ("health", "sports") * 20]
            for language, roles, file in (("eng", 2, asked), ("epo", 1, answered)):
                said = [" ".join(write_text(one, language) for one in turns[side::2])
                        for side in (0, 1)]  # fmt: skip
                if roles == 2:
                    both = zip(("user", "assistant"), said, strict=True)
                    told: object = [{"role": role, "content": text} for role, text in both]
                else:
                    text = json.dumps(said, ensure_ascii=False)
                    choice = {"message": {"content": text}, "finish_reason": "stop"}
                    usage = {"prompt_tokens": 700, "completion_tokens": 1000}
                    told = {"choices": [choice], "usage": usage}
                file.write(json.dumps(told, ensure_ascii=False) + "\n")
    return path / "conversations.jsonl", answers


def benchmarks(path: Path) -> Path:
    """As many n-grams as FLORES+, SIB-200, Belebele and Global-MMLU have in two languages."""
    chance = Random(3)
    words = ["".join(chance.choices(LETTERS, k=chance.randint(3, 10))) for _ in range(80_000)]
    with path.open("w") as file:
        for _ in range(40_000):
            file.write(json.dumps(" ".join(chance.choices(words, k=45))) + "\n")
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("world")
    asked, answers = conversations(folder)
    return {
        "conversations": str(asked),
        "answers": str(answers),
        "tokenizer": str(vocabulary(folder / "tokenizer.json")),
        "benchmarks": str(benchmarks(folder / "benchmarks.jsonl")),
    }


@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("rows", [count for count in ROWS if count])
def test_memory_does_not_grow_with_the_rows(
    rows: int, world: dict[str, str], tmp_path: Path
) -> None:
    with serving(Path(world["answers"]), slots=10**6) as url:
        asked = min(rows, ASKED)
        spec = {**world, "url": url, "asked": asked, "rows": rows, "folder": str(tmp_path)}
        ran = subprocess.run(
            [sys.executable, str(RUN), json.dumps(spec)],
            env={**os.environ, "PYTHONPATH": str(RUN.parents[2])},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    found = json.loads(ran.stdout.splitlines()[-1])
    most = max(phase["VmRSS"] for phase in found["phases"].values())
    print(f"\n{rows:,} rows: at most {most:.0f} MB, {found['imported']['VmRSS']} after the imports")
    for name, phase in found["phases"].items():
        print(f"  {name}: {phase}")
    print(f"  the process that writes: at most {found['writing']} MB")
    assert found["passed"] > 0.9 * asked and found["kept"] > 0.97 * rows
    assert max(most, found["writing"]) < MOST_MB
