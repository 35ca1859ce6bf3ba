"""`kakugo-recipe improve`: what speakers corrected in, the next version out, compared and told.

run         three recipes in turn, and the manifest of all
"""
