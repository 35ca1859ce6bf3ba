"""Decide what to do next for a request, from what was agreed and what was seen. Pure.

admission          From a discussion to what is agreed: taken, asked about, held for a word,
due_replies        What is to be said now: the comments that should stand in a discussion
scheduling         Who may start what, now: budgets, concurrent jobs, and one job at a time
progress           How far each step is: records against jobs and manifests, and what the jobs
incoming_comments  What people say in a discussion, and what it changes
endpoint           Whether the teacher's endpoint should cost money now, derived from all
plan               What to do next for one request, decided from what was agreed and what was
"""
