"""What the bot knows: frozen dataclasses, names and arithmetic. Nothing here reads or writes.

request      What the ledger remembers of one request: only what cannot be observed on the
community    What the speakers of a language decided about it: `<code>.yaml` in `ORG/kakugo
names        Every name that leaves the program: repo ids, paths, markers, URLs
actions      What to do on the Hub: ensures that are complete in themselves and safe to rep
recipe       The `plan:` section of a recipe's YAML: all that the bot has to know of what i
observation  What was seen on the Hub, and when: plain values that `plan` reads and nothing
policy       The terms on which requests are taken: where, under which programme, within wh
steps        The table of steps: which recipe, from what, into what
costs        Money: what a request will cost, what it did cost, what is set aside
"""
