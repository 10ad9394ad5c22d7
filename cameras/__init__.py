"""Cameras in the network that were named at the start, each open while somebody looks.

Each open camera has a process of its own, in which PyAV reads and decodes what comes: a camera is
a stranger, and what breaks or hangs there is ended and started again without anybody else noticing.
`cameras` is a thread for each, beside the loop; `reader` runs in the process; `pipe` is between
them. Imports `protocol` and nothing else of the project.
"""
