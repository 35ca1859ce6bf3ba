"""The Hub's contract as data: what each operation takes and answers, and checks against it.

`areas/*.yaml` has the operations, README.md tells how to add one. The floors, from the ground up:

    notation    The notation of the area files, and its expansion into JSON Schema
    operations  The operations, read from the area files and found by method and path
    checker     Check requests and answers against the contract: pure and fast
    facts       What a JSON Schema says, field by field
    drift       Compare the contract with the official OpenAPI document
"""
