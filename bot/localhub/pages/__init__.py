"""Pages for people: the Hub's information layout, rendered on the server, no foreign asset.

`frame.py` renders and guards, `session.py` knows who sits at the browser, the others are one kind
of page each. What a page changes, it changes through the same functions as the API.
"""

from bot.localhub.pages import browse, community, content, frame, login, runs

# The widest paths last: `/{namespace}/{name}` is nearly anything.
ROUTES = [
    *frame.ROUTES,
    *login.ROUTES,
    *runs.ROUTES,
    *community.ROUTES,
    *content.ROUTES,
    *browse.ROUTES,
]
