"""The tick (observe, plan, commit, act) and the loops that repeat it.

ledger       All requests as files of a Hub dataset, changed by compare-and-swap
decision     What one tick decides
tick         One tick
until_idle   Tick until no request is in progress: a bot that a webhook started as a Job
serve        Tick when a webhook or a timer says so
"""
