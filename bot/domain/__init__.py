"""What the bot knows: frozen dataclasses, names and arithmetic. Pure.

request         What the ledger stores about a request: only what the Hub does not show
codec           The ledger's records as JSON values
ledger_upgrade  Records of schema 2 in today's schema
community       What the speakers of a language decided about it
fault           What keeps the bot from handling one discussion, and when it tries again
names           Every name that leaves the program: repo ids, paths, markers, URLs
actions         Changes on the Hub, safe to repeat, and the permit to make them
recipe          The `plan:` section of a recipe's YAML
observation     The state of the Hub at one moment
policy          Where, with which recipe and within which limits requests are accepted
steps           The steps of a request and their command lines
costs           Estimates, caps and reserved money
"""
