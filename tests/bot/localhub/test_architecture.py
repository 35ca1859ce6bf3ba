"""The local Hub knows nothing of the bot, and its documents are true."""

from __future__ import annotations

import re
from pathlib import Path

from bot import localhub
from bot.localhub import coverage

ROOT = Path(localhub.__file__).parent


def test_nothing_of_the_bot_is_imported() -> None:
    for path in ROOT.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(r"\s*(from|import) bot\b", line):
                assert "bot.localhub" in line or line.strip() == "from bot import localhub", path


def test_the_list_of_what_is_served_is_the_routing_table() -> None:
    assert coverage.FILE.read_text(encoding="utf-8") == coverage.render(), (
        "run python -m bot.localhub.coverage"
    )
    assert coverage.render().count("\n| `") > 100


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(code[0], "README.md", "exec"), names)
    example = names["test_my_bot_answers"]
    assert callable(example)
    example(tmp_path)
