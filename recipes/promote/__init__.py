"""`kakugo-recipe promote`: whether an adapter's new version takes the place of the present one.

decision  Whether a new version takes the place of the present one
run       `kakugo-recipe promote`: base, present version and new one are compared, and `
"""
