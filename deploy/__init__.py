"""How many machines are started, and with what; holds no logic of answering.

`application` is the model as an application of Ray Serve; `python -m deploy` runs it on one
machine, or on a cluster, as `serve.yaml` does. docs/scale.md says how.
"""

# Says how Ray is spoken to, before it is imported.
import backends.replicas  # noqa: F401
