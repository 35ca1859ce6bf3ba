"""What both Gradio Spaces need; `kakugo deploy` copies this folder into each of them.

The files, lowest layer first; a file imports only from files above it:

    normalize          Bring names into a form in which equal names are equal strings
    hub_errors         The exceptions that a failing Hub raises
    hub_urls           Addresses of repositories and discussions on the Hub
    space_settings     The environment variables that both Spaces read
    templates          The one way a value gets into HTML: templates that escape it
    html               Templates that both Spaces use
    scripts            Scripts of the world: their English names and writing directions
    scripts.tsv        ISO 15924 codes with English names
    languages          Look up languages by code or by any of their names
    languages.tsv      All languages with their names, written by `bot/language/export.py`
    foreign.tsv        Names of languages in other languages, written by it as well
    request_limits     Refuse files, large bodies and other requests that no page sends
    csp                The Content-Security-Policy header of every response
    gradio_language    Tell Gradio that the browser's language is English
    style.css          The palette and the rules that both style sheets share
    theme              The Gradio theme and the style sheet
    storage.js         Memory in place of a storage that the browser blocks
    gradio_components  Components for our own HTML, and what handlers return
    gradio_options     The options that both apps give to Gradio
"""
