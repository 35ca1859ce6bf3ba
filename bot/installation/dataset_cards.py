"""The cards that `deploy` writes into new datasets, for people who come to read or write there."""

from __future__ import annotations

from bot.domain import names

_COMMUNITIES = """---
pretty_name: Decisions of language communities
tags: [kakugo]
---
# Decisions of language communities

Speakers decide here how models learn their language, or that none does. Each community has one
file, its profile, named after the language's code, such as `gla_Latn.yaml`:

```yaml
consent: welcome            # or: ask (a steward must /approve first), no (nothing is made)
stewards: [a-hub-user]      # who decides for the language, by names on the Hub
region: the Isle of Lewis   # where examples, names and places come from
```

Everything is optional. To propose a profile or a change, open a pull request in the Community
tab; a maintainer merges it when it is sure that the community agrees. A mistake in a file counts as
`consent: ask`. A profile can say more: the dialect, the spelling, words to use and to avoid, texts
of your own. Ask in the Community tab of [the leaderboard]({leaderboard}) if something is unclear.
"""


def dataset_card(repo: str, org: str, endpoint: str) -> str:
    """Return the card of a new dataset; empty if a recipe writes it, or nobody reads it."""
    if repo != names.communities(org):
        return ""
    leaderboard = names.repo_url(endpoint, names.leaderboard(org), "space")
    return _COMMUNITIES.replace("{leaderboard}", leaderboard)
