"""`kakugo-recipe promote`: put an adapter's new version in use unless it is worse.

decision  Decide whether an adapter's new version replaces the current version
run       `kakugo-recipe promote`: compare base, current and new version, and update `main`
"""
