"""The bot as a Space: `kakugo serve`, listening on the address that the Hub gives to an app."""

from __future__ import annotations

import os
import sys

from bot.cli import main

# The Hub gives an app of the gradio SDK its address in these two variables.
os.environ["KAKUGO_HOST"] = os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0")
os.environ["PORT"] = os.environ.get("GRADIO_SERVER_PORT", "7860")

if __name__ == "__main__":
    sys.argv = ["kakugo", "serve"]
    main()
