"""The bot as a Space: the same `kakugo serve`, listening where the Hub wants an app to listen."""

from __future__ import annotations

import os
import sys

from bot.cli import main

# The Hub tells an app of the gradio sdk its address by these two names.
os.environ["KAKUGO_HOST"] = os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0")
os.environ["PORT"] = os.environ.get("GRADIO_SERVER_PORT", "7860")

if __name__ == "__main__":
    sys.argv = ["kakugo", "serve"]
    main()
