"""`kakugo-recipe improve`: train, compare and report a next version of an adapter from feedback.

run  Run the three recipes one after the other, and push a manifest for the request
"""
