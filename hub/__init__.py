"""Checkpoints of the Hugging Face hub, in the cache that all its programs share.

`hub` is what a person asks for and why it is refused; `download` brings files, resumed and checked.
Blocks the thread that calls, so only the engine's thread calls it. Imports `protocol`, and
`moondream2` to tell whether a tokenizer fits.
"""
