"""Kinds of model behind the one contract, `protocol/model.py`; `kinds` says which one is meant.

`resident` keeps the network in this process, on the engine's thread, and `loading` is how it comes
there; `upstream` asks other servers; `process` keeps either in a process of its own. Imports
`engine`, `checkpoints`, `moondream2`, `protocol` and `settings`; knows no door.
"""
