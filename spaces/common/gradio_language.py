"""Tell Gradio that the browser's language is English.

Gradio would write its own texts, and the `lang` of the page, in the language of the browser, before
any script that it is given runs. Our pages are in English, or translate its English texts.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SCRIPT = b"<script>Object.defineProperty(navigator, 'language', {get: () => 'en'});</script>"


class EnglishGradio:
    """ASGI middleware that adds the script to the head of each page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = False

        async def send_with_script(message: Message) -> None:
            nonlocal is_page
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                if is_page:
                    del headers["content-length"]
            elif is_page:
                body = message.get("body", b"").replace(b"<head>", b"<head>" + SCRIPT, 1)
                message = {**message, "body": body}
            await send(message)

        await self.app(scope, receive, send_with_script)
