"""NVIDIA's tool as programs meet it: a program on PATH that prints what real cards print."""

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

UUID = "GPU-5f3c1c1e-0d5a-9b1f-5a0e-6a1f6d1f0c11"


@dataclass(frozen=True)
class FakeSmi:
    """cards: rows of CARD_FIELDS. compute_cap None: a driver that does not know that field."""

    cards: str = f"{UUID}, NVIDIA GeForce RTX 3090, 550.54.14, 24576, 23011"
    compute_cap: str | None = "8.6"
    holders: str = ""
    cuda: str = "12.4"
    failure: tuple[int, str] | None = None

    def write(self, folder: Path) -> dict[str, str]:
        """Make the program; returns the environment in which it is found."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "nvidia-smi"
        path.write_text(self._script())
        path.chmod(0o755)
        return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    def _script(self) -> str:
        if self.failure is not None:
            code, words = self.failure
            return f"#!/bin/sh\necho {shlex.quote(words)}\nexit {code}\n"
        uuid = self.cards.partition(",")[0]
        ability = f"echo {shlex.quote(f'{uuid}, {self.compute_cap}')}"
        if self.compute_cap is None:
            ability = "echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2"
        driver = self.cards.split(", ")[2]
        table = (
            f"| NVIDIA-SMI {driver}      Driver Version: {driver}      CUDA Version: {self.cuda} |"
        )
        return (
            '#!/bin/sh\ncase "$1" in\n'
            f"--query-gpu=uuid,compute_cap) {ability} ;;\n"
            f"--query-gpu=*) echo {shlex.quote(self.cards)} ;;\n"
            f"--query-compute-apps=*) printf '%s' {shlex.quote(self.holders)} ;;\n"
            f"*) echo {shlex.quote(table)} ;;\nesac\n"
        )
