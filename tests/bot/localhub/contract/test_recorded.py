"""The answers of the real Hub that `kakugo smoke` has written down fit the contract."""

from __future__ import annotations

import json
from pathlib import Path

from bot.localhub.contract.checker import check_response

RECORDED = Path(__file__).parents[3] / "recorded"


def findings(folder: Path) -> list[str]:
    """Return where recorded answers differ from the contract."""
    return [
        f"{path.name}: {answer['method']} {answer['path']}: {finding}"
        for path in sorted(folder.glob("*.json"))
        for answer in json.loads(path.read_text(encoding="utf-8"))
        for finding in check_response(
            answer["method"], answer["path"], answer["status"], answer["body"]
        )
    ]


def test_recorded_answers_fit_the_contract() -> None:
    assert not findings(RECORDED)


def test_another_answer_is_found(tmp_path: Path) -> None:
    body = [{"name": "cpu-basic", "unknown": 1}]
    answer = {"method": "GET", "path": "/api/jobs/hardware", "status": 200, "body": body}
    (tmp_path / "job.json").write_text(json.dumps([answer]), encoding="utf-8")
    assert findings(tmp_path)
