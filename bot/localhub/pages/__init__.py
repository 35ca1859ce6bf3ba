"""Web pages for people: laid out like the Hub's, rendered on the server, without foreign assets.

A page makes its changes through the same functions as the API.

    session    Who is signed in, and protection against forms from other sites
    layout     What all pages share: templates, filters, security headers, error pages
    content    Pages of a repo: card, files, history, commit; for a Space, its app
    login      Sign in and out
    authorize  Ask the user whether a Space may know who they are
    community  The Community tab: read, open, comment on and close discussions
    runs       Pages of jobs, Inference Endpoints and a Space's logs
    browse     Home, search, listings, and the page of a user or organization
"""

from bot.localhub.pages import browse, community, content, layout, login, runs

# The widest paths last: `/{namespace}/{name}` matches almost anything.
ROUTES = [
    *layout.ROUTES,
    *login.ROUTES,
    *runs.ROUTES,
    *community.ROUTES,
    *content.ROUTES,
    *browse.ROUTES,
]
