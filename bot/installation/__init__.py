"""What a running installation consists of, as values that can be compared.

state        What a running installation consists of, as a value
permissions  Which token does what, and what it must hold for it: the table of docs/OPERATI
diff         What differs between the installation that is wanted and the one that was seen
"""
