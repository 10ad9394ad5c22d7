"""How fast it is, shown beside the obvious design: `python -m bench`.

`serve` starts a server in a process of its own, `naive` is the design to compare with, `clients` is
the load, `stamps` and `figures` are what is noted and made of it, `__main__` prints it. May import
anything of the project; nothing imports it. Every claim is a ratio of two runs on one machine.
"""
