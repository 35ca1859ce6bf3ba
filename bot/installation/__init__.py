"""What an installation on the Hub consists of, as values that can be compared.

The modules are pure: `bot.hub` reads the actual state and applies changes.

    permissions    The permissions that each token needs: the table in docs/OPERATING.md as values
    state          The parts of an installation, and the desired state that the settings describe
    dataset_cards  The cards of new datasets, for people who come to read or write there
    diff           The changes that lead from the actual to the desired state
    billing        Who pays for a namespace, what it cannot have until then, its cost at rest
"""
