"""Near-duplicates and benchmark overlap among all rows.

decontamination  No benchmark text may be learnt: overlap by n-grams of words, for every script
minhash          Near-duplicates among all rows, within and across sources, in memory that does
row_store        Judged rows on the disk, so that memory does not grow with them
finalize         What only shows among all rows: duplicates, near-duplicates, and overlap with
"""
