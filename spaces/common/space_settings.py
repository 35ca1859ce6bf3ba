"""The environment variables that both Spaces read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SpaceSettings:
    """Whose repositories are shown and how to reach the Hub; Gradio picks a port for None."""

    org: str
    endpoint: str
    token: str | None
    port: int | None


def read_settings(env: Mapping[str, str], need: str) -> SpaceSettings:
    """Read the environment. Raises SystemExit with one sentence when a value is missing or wrong.

    `need` begins the sentence about a missing organization: "The chat must know whose …".
    """
    org = env.get("KAKUGO_ORG") or env.get("SPACE_ID", "").partition("/")[0]
    if not org:
        raise SystemExit(
            f"{need}: set the variable KAKUGO_ORG to the name of an organization on the Hub."
        )
    port = env.get("GRADIO_SERVER_PORT") or env.get("PORT") or ""
    if port and not port.isdecimal():
        raise SystemExit(f"PORT must be a number, but is {port!r}.")
    endpoint = env.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return SpaceSettings(org, endpoint, env.get("HF_TOKEN") or None, int(port) if port else None)
