"""The same network as graphs and a static page: no server, nothing leaves the tab.

`python -m in_browser CHECKPOINT OUT` writes one folder that any host can serve. `checkpoint` reads
tensor by tensor, `graph` collects the nodes of an ONNX graph, `stored` says how weights lie in
files, `graphs` writes the network's parts, `recorded` what they compute of a known picture, `model`
all of a model's files, `site` the page, `runtime` what runs graphs, `folder` all of it. Sizes,
names and ids come from `moondream2`, which knows nothing of this room.

What runs in the tab stands in `js/`: `network/` is written as `moondream2` is and `engine/` as
`engine` is, under the same names; `store/` gets models and keeps them; `tab` joins the three and
`worker` is their thread; `line/` takes the place of the page's line to a server; `moonsight` is the
model for pages of other people; `service_worker` keeps the page.
"""
