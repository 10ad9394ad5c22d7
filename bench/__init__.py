"""How fast it is, shown beside the obvious design: `python -m bench`.

The app: `serve` starts a server in a process of its own, `naive` is the design to compare with,
`clients` is the load, `stamps`, `figures` and `memory` are what is noted and made of it, `chart`
draws it, `__main__` prints it, `soak` watches memory. The network: `floor` is what a device allows,
`ours` and `reference` are the two `sides` that `network` compares, `gpu` is everything at once on a
GPU, `grammar` is what a JSON schema costs. The page: `page` measures it with `first_visit` and
`busy_page`, before the model of `paced`; `screens` takes pictures of its states.

May import anything of the project; nothing imports it.
Every claim is a ratio of two runs on one machine.
"""
