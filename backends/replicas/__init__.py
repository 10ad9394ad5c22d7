"""Replicas on a Ray cluster as a model: `--ray ADDRESS`.

`replica` is what runs on the cluster's machines: the resident model, asked by any number of web
tiers. `model` keeps the contract in a web tier, and `connection` is how it reaches the replicas;
the only one here that knows Ray. `version` tells whether both ends speak the same.
"""

import os
from pathlib import Path

# Whoever reaches a cluster can run programs there, unless it asks for the token that lies here.
# Ray reads this when it is imported.
if (Path.home() / ".ray" / "auth_token").exists():
    os.environ.setdefault("RAY_AUTH_MODE", "token")
