"""How many machines are started, and with what; holds no logic of answering.

`application` is the model as an application of Ray Serve; `python -m deploy` runs it on one
machine. The files beside them are for a cluster: `serve.yaml`, `Dockerfile`, `compose.yaml`,
`nginx.conf`, `grafana.json`. docs/scale.md says how.
"""

# Says how Ray is spoken to, before it is imported.
import backends.replicas  # noqa: F401
