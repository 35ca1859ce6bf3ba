"""Before any client is imported: no telemetry, LFS instead of Xet, no cache of the person's own."""

from __future__ import annotations

import os
import tempfile

os.environ.update(
    HF_HUB_DISABLE_XET="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_PROGRESS_BARS="1",
    HF_HUB_DISABLE_UPDATE_CHECK="1",
    DISABLE_SAFETENSORS_CONVERSION="1",
    TOKENIZERS_PARALLELISM="false",
    GRADIO_ANALYTICS_ENABLED="False",
    NO_PROXY="127.0.0.1,localhost",
    HF_HOME=tempfile.mkdtemp(prefix="kakugo-hf-home-"),
)
for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
    os.environ.pop(name, None)

from hypothesis import settings  # noqa: E402

# How long an example takes says nothing on a machine that others use, too.
settings.register_profile("kakugo", deadline=None)
settings.load_profile("kakugo")
