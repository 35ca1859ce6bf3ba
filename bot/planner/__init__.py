"""Decide what to do next for each request, from what was agreed and what was observed. Pure.

situation          What a decision depends on, besides the request itself
plan               The next record of a request, and the actions for it
new_requests       Accept a new discussion, ask about it, hold it or decline it
incoming_comments  What comments ask for, and who may ask for it
progress           The state of each step, from jobs and manifests, and what it cost
due_replies        The replies that are missing or outdated in a discussion
billing            What jobs and the teacher have cost, charged to requests once
capacity           Which job may start now: budgets, concurrency and order
faults             What to do about a discussion that cannot be handled
endpoint           When the teacher's endpoint runs and when it pauses
"""
