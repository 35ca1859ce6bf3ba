"""Discussions and pull requests.

markdown  Renders untrusted Markdown as safe HTML
diffs     Unified diffs between two trees of a repo
threads   The tables of discussions and pull requests, and their JSON
routes    The Community tab: actions, permissions and routes
"""
