"""`kakugo-recipe review-report`: what speakers found in a dataset, told on the cards.

agreement   what the verdicts of several people come to
card        the part of the cards that tells it
run         from the arguments to the commits
"""
