"""The tick (observe, plan, commit, act) and the loops that run it.

ledger      The ledger: every request as a file of a Hub dataset, and the only way to a Pe
tick        The tick: observe, plan, commit, act
until_idle  One shift of a bot that a webhook has started as a Job: tick until nothing is
serve       The doorbell and the timer
"""
