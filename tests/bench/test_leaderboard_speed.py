"""The leaderboard with 100,000 result rows and 50 visitors: build, filter, sort, render, send.

Run with `pytest tests/bench/test_leaderboard_speed.py -s`; prints the times and the size of the
first page. The limits are ten times the goals, so that a busy machine does not fail the test.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import controls
import pytest
from benchmarks import FIRST_BENCHMARKS
from common.hub_urls import HubUrls
from common.languages import by_code
from common.theme import style_sheet
from entries import Leaderboard, build_leaderboard
from hub_source import garbage_collection_paused
from query import SORTS, EntryIndex, View
from table_html import status_bar, table

from bot.language.tables import tables
from tests.bench import baselines
from tests.spaces.result_rows import lines, pair

SPACE = Path(__file__).parents[2] / "spaces" / "leaderboard"
FILTERING = "leaderboard of 100,000 rows: filter and sort, 50 visitors, 99th percentile"
FIRST_PAGE = "leaderboard of 100,000 rows: first page"

MODELS, ROWS = 5_000, 100_000
VISITORS, ACTIONS, MAX_PAUSE_SECONDS = 50, 10, 4.0
# Runs in a process of its own, because Gradio leaves an event loop open.
PRINT_LAYOUT = """
import json, app
settings = app.LeaderboardSettings.read({"KAKUGO_ORG": "org", "HF_ENDPOINT": "http://127.0.0.1:9"})
demo = app.build(app.HubSource(settings), settings)
print(json.dumps(demo.get_config_file(), default=str))
"""
URLS = HubUrls("https://hub.test", "org", "org/kakugo")


@pytest.fixture(scope="module")
def results_files() -> list[bytes]:
    """5,000 files of 20 rows, each row as long as a real one."""
    rng = random.Random(1)
    codes = rng.sample(sorted(tables().rows), MODELS)
    return [_results_file(code, rng).encode() for code in codes]


def _results_file(code: str, rng: random.Random) -> str:
    common = {
        "prompt_template": "Translate. " * 20,
        "system_prompt": "x" * 80,
        "ci": [0.1, 0.2],
        "test_language": code,
        "degenerate": {"any": 3},
        "revision": "a" * 40,
        "base_revision": "b" * 40,
    }
    to_english = {"direction": f"{code}-eng_Latn"}
    in_english = {"test_language": "eng_Latn"}
    rows: list[dict[str, Any]] = []
    for benchmark, more in (
        ("flores", {}),
        ("flores", to_english),
        ("flores", {"metric": "BLEU"}),
        ("flores", {**to_english, "metric": "BLEU"}),
        ("sib200", {}),
        ("belebele", {}),
        ("global_mmlu", {}),
        *((benchmark, in_english) for benchmark in ("sib200", "belebele", "flores")),
    ):
        base = rng.random() * (50 if benchmark == "flores" else 0.5)
        rows += pair(code, benchmark, base, base * (0.9 + rng.random()), **{**common, **more})
    return lines(*rows)


@pytest.fixture(scope="module")
def leaderboard(results_files: list[bytes]) -> Leaderboard:
    by_code("gla_Latn")  # read the table of languages before the measurement
    megabytes = sum(map(len, results_files)) / 1e6
    started, started_cpu = time.perf_counter(), time.thread_time()
    with garbage_collection_paused():
        built = build_leaderboard(results_files, [])
        build_cpu = time.thread_time() - started_cpu
        first = EntryIndex(built.entries).select(View())
    ready_cpu, ready = time.thread_time() - started_cpu, time.perf_counter() - started
    assert sum(text.count(b"\n") for text in results_files) == ROWS and first.total == MODELS
    times = f"built in {build_cpu:.2f} s, ready in {ready_cpu:.2f} s of CPU time, {ready:.2f} s"
    print(f"\n{ROWS} rows ({megabytes:.0f} MB): {times} of wall-clock time")
    assert ready_cpu < 10
    return built


def _random_view(rng: random.Random) -> View:
    return View(
        query=rng.choice(("", "a", "gaelic", "north", "latin", "ban", "zu", "indo european")),
        family=rng.choice(("", "", "Indo-European", "Austronesian")),
        covered=rng.choice(("", "", "topic")),
        sort=rng.choice(("", "-")) + rng.choice([*SORTS, *FIRST_BENCHMARKS.by_key]),
        page=rng.randrange(1, 9),
    )


def test_fifty_visitors_filter_and_sort(leaderboard: Leaderboard) -> None:
    index = EntryIndex(leaderboard.entries)
    cpu_times: list[float] = []
    wall_times: list[float] = []
    wall_times_with_html: list[float] = []

    def visit(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(ACTIONS):
            time.sleep(rng.uniform(0, MAX_PAUSE_SECONDS))
            view, started, started_cpu = _random_view(rng), time.perf_counter(), time.thread_time()
            page = index.select(view)
            cpu_times.append(time.thread_time() - started_cpu)
            wall_times.append(time.perf_counter() - started)
            table(page, FIRST_BENCHMARKS, URLS)
            wall_times_with_html.append(time.perf_counter() - started)

    visitors = [threading.Thread(target=visit, args=(seed,)) for seed in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    print()
    for name, times in (
        ("filter and sort, CPU time", cpu_times),
        ("filter and sort, wall-clock time", wall_times),
        ("with the HTML, wall-clock time", wall_times_with_html),
    ):
        median, slow = (_percentile(times, share) * 1e3 for share in (0.5, 0.99))
        print(f"{VISITORS} visitors, {name}: median {median:.1f} ms, 99th percentile {slow:.1f} ms")
    assert _percentile(cpu_times, 0.99) < 0.5
    baselines.compare(FILTERING, _percentile(wall_times, 0.99) * 1e3)


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def test_first_page_is_small(leaderboard: Leaderboard) -> None:
    """The page with its layout, its style sheet and the first answer."""
    index = EntryIndex(leaderboard.entries)
    page = index.select(View())
    finished = subprocess.run(
        [sys.executable, "-c", PRINT_LAYOUT], cwd=SPACE, capture_output=True, text=True
    )
    assert "components" in finished.stdout, finished.stderr
    parts = [finished.stdout, style_sheet(SPACE)]
    parts += [status_bar(page, leaderboard, ""), table(page, FIRST_BENCHMARKS, URLS)]
    parts += [str(controls.updates(index, FIRST_BENCHMARKS, View()))]
    sent = len(json.dumps(parts).encode())
    assert sent < 200_000
    baselines.compare(FIRST_PAGE, sent / 1e3)
