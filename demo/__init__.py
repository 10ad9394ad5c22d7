"""The demo model: the world of coloured shapes it knows, its training and its evaluation.

Rule of the folder: it uses `moondream2` like any other caller, and nothing of the product
imports it. Only the files in `checkpoint/` are read when the program runs.
"""
