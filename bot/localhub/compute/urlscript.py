"""Fetches a script by its URL and becomes it, as `uv run https://…/script.py` does.

Run as a plain script inside a job (`python urlscript.py URL ARGUMENT…`): standard library only.
"""

import os
import sys
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlsplit

LARGEST = 10 * 1024 * 1024
TIMEOUT_SECONDS = 60.0


def fetch(url: str) -> bytes:
    """Return the script; the job's own token is sent to its own Hub and to nobody else."""
    request = urllib.request.Request(url)
    hub, token = os.environ["HF_ENDPOINT"], os.environ.get("HF_TOKEN")
    if token and url.startswith(f"{hub}/"):
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        content: bytes = answer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"it has more than {LARGEST} bytes")
    return content


def main(url: str, *arguments: str) -> None:
    """Write the script into the working directory and run it in place of this one."""
    name = Path(unquote(urlsplit(url).path)).name or "script.py"
    try:
        content = fetch(url)
    except (OSError, ValueError) as error:
        sys.exit(f"cannot fetch {url}: {error}")
    script = Path.cwd() / name
    script.write_bytes(content)
    os.execv(sys.executable, [sys.executable, str(script), *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
