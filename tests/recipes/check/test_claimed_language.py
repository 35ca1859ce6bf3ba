"""What the teacher says of its own texts counts only if most of them are in one other language."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from recipes.check.claimed_language import named_other
from recipes.check.probe import Probe, ProbeMetrics
from recipes.check.references import References
from recipes.check.settings import CheckSettings, ReferenceDataset
from recipes.core import language
from recipes.core.progress import Progress
from tests.recipes.generate.teacher_server import completion, serving, teaching

KAREN = language.get("ksw_Mymr")


@pytest.mark.parametrize(
    ("names", "other"),
    [
        (["Burmese"] * 10, "Burmese"),
        (["Burmese"] * 6 + ["Shan"] * 4, "Burmese"),
        (["Burmese"] * 5 + ["Shan"] * 5, ""),
        (["Burmese"] * 4, ""),
        (["S'gaw Karen"] * 10, ""),
        (["Karen"] * 10, ""),
        (["Punjabi", "", "no idea", "Burmese or Shan"] * 3, ""),
        ([], ""),
    ],
)
def test_most_texts_must_be_in_one_other_language(names: list[str], other: str) -> None:
    assert named_other(names, KAREN) == other


@pytest.mark.parametrize(("named", "share"), [("Burmese", 0.0), ("S'gaw Karen", None)])
def test_the_teacher_is_asked_where_nothing_else_can_tell(
    named: str, share: float | None, tmp_path: Path
) -> None:
    english = tuple(f"Sentence number {number}." for number in range(6))
    settings = CheckSettings(ReferenceDataset("d", "dev"), sentences=6, lists=1, minutes=1)

    async def complete(request: web.Request) -> web.StreamResponse:
        text = (await request.json())["messages"][-1]["content"]
        number = text.rpartition(".")[0].rpartition(" ")[2]
        is_into = "into S'gaw Karen" in text or "to S'gaw Karen" in text
        if "In which language" in text:
            answer = f'{{"language": "{named}"}}'
        else:
            answer = f"ကညီ {number}." if is_into else f"Sentence number {number}."
        return web.json_response(completion(answer))

    async def run() -> ProbeMetrics:
        async with serving(complete) as url, teaching(url, tmp_path) as teacher:
            probe = Probe(teacher, KAREN, 1, Progress(14, "questions"), 60)
            return await probe.run(References((), english, {}), settings)

    metrics = asyncio.run(run())
    assert metrics.language == share and metrics.answered == 1.0
    assert metrics.looks_like == (named if share == 0.0 else "")
    assert ("calls these texts Burmese" in metrics.seems) == (share == 0.0)
