"""Discussions and pull requests.

attachments  Attachments: pictures, films and sound for comments, `POST /uploads`, shown to
diffs        The unified diff between two trees of a repo
markdown     Turns Markdown written by anybody into HTML that is safe to show
threads      The table of discussions and pull requests (threads), and how one is told
routes       The Community tab: `/api/{type}s/{id}/discussions`, what one may do there and
"""
