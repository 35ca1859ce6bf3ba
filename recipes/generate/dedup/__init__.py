"""Duplicates, near-duplicates and benchmark overlap among all rows.

decontamination  Rows that share an n-gram with a benchmark
finalize         Decide which rows are kept, once all of them are there
minhash          Near-duplicates among all rows, in memory that does not grow with them
row_store        Rows with their reasons, on disk
"""
