"""`kakugo-recipe promote`: whether an adapter's new version takes the place of the present one.

verdict     the decision, from what both scored
run         from the arguments to the manifest
"""
