"""Pages for people: the Hub's information layout, rendered on the server, no foreign asset.

`frame.py` renders and guards, `session.py` knows who sits at the browser, the others are one kind
of page each. What a page changes, it changes through the same functions as the API.

    session    Who sits at the browser, and whether a form is really one of ours
    layout     What all pages share: the templates and their words, the security headers, err
    content    Pages of a repo: its card, its files, its history, a commit; a Space's app
    login      Sign in as one of the local users, or by token where other machines come, and
    community  The Community tab: list, read, open, answer and close discussions
    runs       Pages of what runs: jobs with their live logs, Inference Endpoints, a Space's
    browse     Pages that list: home, models, datasets, Spaces, what a user or an organisatio
"""

from bot.localhub.pages import browse, community, content, layout, login, runs

# The widest paths last: `/{namespace}/{name}` is nearly anything.
ROUTES = [
    *layout.ROUTES,
    *login.ROUTES,
    *runs.ROUTES,
    *community.ROUTES,
    *content.ROUTES,
    *browse.ROUTES,
]
