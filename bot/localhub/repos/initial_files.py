"""The files that a new repo contains from its initial commit on, as on the Hub."""

from __future__ import annotations

import json

from bot.localhub.repos import patterns

README = "README.md"
INDEX_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>My static Space</title>
<link rel="stylesheet" href="style.css">
<h1>Welcome to your static Space!</h1>
</html>
"""
STYLE_SHEET = "body { font-family: sans-serif; padding: 2rem; }\n"


def initial_files(repo_type: str, name: str, sdk: str) -> dict[str, str]:
    """Return the contents by path."""
    files = {".gitattributes": patterns.default_attributes(repo_type)}
    if repo_type == "space":
        app = "" if sdk == "static" else "app_file: app.py\n"
        files[README] = (
            f"---\ntitle: {json.dumps(name)}\nemoji: 🌍\ncolorFrom: blue\ncolorTo: green\n"
            f"sdk: {sdk}\n{app}pinned: false\n---\n"
        )
    if sdk == "static":
        files |= {"index.html": INDEX_PAGE, "style.css": STYLE_SHEET}
    return files
