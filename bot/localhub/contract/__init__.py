"""The Hub's API as data: what each operation accepts and returns, and checks against it.

`areas/*.yaml` describe the operations; README.md explains how to add one. The modules, lowest
first:

    notation    The notation of the area files, and its expansion into JSON Schema
    operations  The operations, read from the area files and found by method and path
    checker     Check requests and responses against the contract: pure and fast
    facts       What a JSON Schema says about each field, for comparing two schemas
    drift       Compare the contract with the official OpenAPI document
"""
