"""`kakugo-recipe review-report`: what speakers found in a dataset, told on the cards.

card  What the cards of dataset and adapter say of the reviews: numbers, and harmles
run   `kakugo-recipe review-report`: the reviews of a dataset in, its card and its a
"""
