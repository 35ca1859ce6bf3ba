"""The memory of a generate run with 10,000 and 100,000 rows.

Run with `pytest tests/bench/test_memory.py -s`; `KAKUGO_BENCH_ROWS=1000000` adds a million rows.
Prints the peak memory of each phase. One process does what a run does, with a thousand calls in
flight, a vocabulary of the usual size and 1.5 million benchmark n-grams. Its resident memory counts
libraries and mapped files; of the process that writes the files, what is not shared counts.
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

from recipes.practice.texts import Language, passage, write_text
from tests.bench.test_engine_speed import serving

ROWS = [10_000, 100_000, int(os.environ.get("KAKUGO_BENCH_ROWS", "0"))]
ASKED = 20_000  # rows from the teacher at most: only calls in flight take memory
# Measured: 194 and 209 while asking, 88 of them after the imports; 170 and 216 that the process
# which writes does not share, a fork that copies what it touches of our memory.
MAX_MB = 250
RUN = Path(__file__).with_name("memory_of_a_run.py")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LANGUAGES: tuple[Language, Language] = ("eng", "epo")


def vocabulary(path: Path) -> Path:
    """Write a byte-level tokenizer with 100,000 tokens, like that of the recipe's base."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    ids = {letter: number for number, letter in enumerate(sorted(alphabet))}
    rng, tokens, merges = Random(2), list(LETTERS), []
    while len(ids) < 100_000:
        left, right = rng.choice(tokens[:400]), rng.choice(tokens)
        if left + right not in ids and len(left + right) < 14:
            ids[left + right] = len(ids)
            merges.append((left, right))
            tokens.append(left + right)
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(path))
    return path


def conversations(path: Path) -> tuple[Path, Path]:
    """Write English conversations of about 3 kB and a teacher's translations of about 4 kB."""
    rng, answers = Random(7), path / "answers.jsonl"
    with (path / "conversations.jsonl").open("w") as chats, answers.open("w") as answered:
        for _ in range(200):
            passages = [passage(rng, topic) for topic in ("health", "sports") * 20]
            english, esperanto = (
                [" ".join(write_text(p, language) for p in passages[side::2]) for side in (0, 1)]
                for language in LANGUAGES
            )
            pairs = zip(("user", "assistant"), english, strict=True)
            turns = [{"role": role, "content": text} for role, text in pairs]
            text = json.dumps(esperanto, ensure_ascii=False)
            choice = {"message": {"content": text}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 700, "completion_tokens": 1000}
            chats.write(json.dumps(turns, ensure_ascii=False) + "\n")
            completion = {"choices": [choice], "usage": usage}
            answered.write(json.dumps(completion, ensure_ascii=False) + "\n")
    return path / "conversations.jsonl", answers


def benchmarks(path: Path) -> Path:
    """Write texts with as many n-grams as the benchmarks of the recipe have in two languages."""
    rng = Random(3)
    words = ["".join(rng.choices(LETTERS, k=rng.randint(3, 10))) for _ in range(80_000)]
    with path.open("w") as file:
        for _ in range(40_000):
            file.write(json.dumps(" ".join(rng.choices(words, k=45))) + "\n")
    return path


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("inputs")
    chats, answers = conversations(folder)
    return {
        "conversations": str(chats),
        "answers": str(answers),
        "tokenizer": str(vocabulary(folder / "tokenizer.json")),
        "benchmarks": str(benchmarks(folder / "benchmarks.jsonl")),
    }


@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("rows", [count for count in ROWS if count])
def test_memory_does_not_grow_with_the_number_of_rows(
    rows: int, inputs: dict[str, str], tmp_path: Path
) -> None:
    with serving(Path(inputs["answers"]), slots=10**6) as url:
        asked = min(rows, ASKED)
        spec = {**inputs, "url": url, "asked": asked, "rows": rows, "folder": str(tmp_path)}
        process = subprocess.run(
            [sys.executable, str(RUN), json.dumps(spec)],
            env={**os.environ, "PYTHONPATH": str(RUN.parents[2])},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    result = json.loads(process.stdout.splitlines()[-1])
    peak = max(phase["VmRSS"] for phase in result["phases"].values())
    print(
        f"\n{rows:,} rows: at most {peak:.0f} MB, {result['imported']['VmRSS']} after the imports"
    )
    for name, phase in result["phases"].items():
        print(f"  {name}: {phase}")
    print(f"  the writing process: at most {result['writing']} MB")
    assert result["passed"] > 0.9 * asked and result["kept"] > 0.97 * rows
    assert max(peak, result["writing"]) < MAX_MB
