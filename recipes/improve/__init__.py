"""`kakugo-recipe improve`: what speakers corrected in, the next version out, compared and told.

run  `kakugo-recipe improve`: next version, comparison and review report of an adap
"""
