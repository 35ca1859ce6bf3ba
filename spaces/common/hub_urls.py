"""Addresses of the organization's repositories and discussions on the Hub. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

REQUEST = "Please teach a small model this language."


@dataclass(frozen=True)
class HubUrls:
    """Builds addresses; `leaderboard` is the Space whose discussions are the requests."""

    endpoint: str
    org: str
    leaderboard: str

    def model(self, repo: str) -> str:
        return f"{self.endpoint}/{repo}"

    def dataset(self, code: str) -> str:
        return f"{self.endpoint}/datasets/{self.org}/kakugo-{code}"

    def results(self, path: str) -> str:
        """Return the page of a file of the results."""
        return f"{self.all_results}/blob/main/{path}"

    @property
    def all_results(self) -> str:
        """The dataset with the results, whose card says what each column means."""
        return f"{self.endpoint}/datasets/{self.org}/kakugo-results"

    def wheel(self, version: str, commit: str) -> str:
        """Return the address of the wheel with this version of the recipes."""
        name = f"kakugo_bot-{version}-py3-none-any.whl"
        return f"{self.endpoint}/datasets/{self.org}/kakugo-code/resolve/{commit or 'main'}/{name}"

    def chat(self, code: str) -> str:
        return self.chat_view(f"language={code}")

    def chat_view(self, query: str) -> str:
        """Return the page of the chat Space, which passes the query string on to the Space."""
        return f"{self.endpoint}/spaces/{self.org}/kakugo-chat?{query}"

    def download(self, repo: str, path: str) -> str:
        """Return the address that downloads a file of a model repository."""
        return f"{self.endpoint}/{repo}/resolve/main/{path}?download=true"

    @property
    def discussions(self) -> str:
        return f"{self.endpoint}/spaces/{self.leaderboard}/discussions"

    def discussion(self, number: int) -> str:
        return f"{self.discussions}/{number}"

    def new_request(self, title: str, text: str = REQUEST) -> str:
        """Return the form of a new discussion, filled in; its author is who is signed in there."""
        fields = {"title": title, "description": text}
        return f"{self.discussions}/new?{urlencode(fields)}"
