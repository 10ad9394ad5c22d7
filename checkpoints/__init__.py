"""Which checkpoint is meant, and how it comes to this computer.

`checkpoint` reads what `--model` says and finds or fetches it; `hub` is the Hugging Face hub, what
is asked of it and why it refuses; `download` brings its files into the cache that all programs of
this computer share, resumed and checked. Blocks the thread that calls, so only the engine's thread
calls it. Imports `protocol`, and `moondream2` for the names of files and to tell whether a
tokenizer fits.
"""
