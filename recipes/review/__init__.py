"""`kakugo-recipe review-report`: write the speakers' reviews of a dataset on the cards.

card  Write the section about reviews for the cards of dataset and adapter
run   Count the reviews, agree on edits of rows, and update cards and citation files
"""
