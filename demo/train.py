"""Trains the demo model: `python -m demo.train --steps 6720`.

Stage 1 teaches the eye alone, with auxiliary heads on its patches that are thrown away afterwards.
Stage 2 teaches everything. The learning rate is constant for half of the steps and then falls, so
the checkpoint is best at the end. A stopped run goes on where it was; with another `--steps` it
ends earlier or later. `--start-from FOLDER` begins with what a finished checkpoint knows.
"""

import argparse
import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, distributed, nn
from torch.utils.data import DataLoader

from demo.beginning import prepare_start
from demo.language import config_values, train_tokenizer
from demo.losses import PatchHeads, compute_losses
from demo.muon import Muon
from demo.packing import Batch, TrainingScenes
from moondream2.config import Config
from moondream2.network import Network
from moondream2.weights import load_checkpoint

CHECKPOINT = Path(__file__).parent / "checkpoint"
STATE = Path(__file__).parent / "state" / "training.pt"
MUON_RATE = 0.002
ADAM_RATE = 6e-4
# The learning rate ends at this share of its start.
FINAL_SHARE = 0.02
SAVE_EVERY_S = 180


@dataclass(frozen=True)
class Plan:
    """How long each part of the training takes, in steps."""

    n_steps: int
    n_vision_steps: int

    def rate_share(self, step: int) -> float:
        """Return the learning rate as a share of its start."""
        past_half = max(0.0, 2 * min(1.0, step / self.n_steps) - 1)
        return 1 - (1 - FINAL_SHARE) * past_half

    def auxiliary_weight(self, step: int) -> float:
        """Return the weight of the auxiliary losses: 1 for the eye alone, then falling to 0.2."""
        n_others = max(1, self.n_steps - self.n_vision_steps)
        return 1 - 0.8 * max(0, step - self.n_vision_steps) / n_others


def main() -> None:
    """Train for the steps given, or what is left of them."""
    parser = argparse.ArgumentParser(description="Train the demo model.")
    parser.add_argument("--steps", type=int, default=6720, help="in all, default 6720")
    parser.add_argument("--vision-steps", type=int, help="for the eye alone, default a fifth")
    parser.add_argument("--start-from", type=Path, metavar="FOLDER", help="a checkpoint to better")
    parser.add_argument("--batch-size", type=int, default=12, help="of each process")
    parser.add_argument("--processes", type=int, default=2, help="one per idle core, default 2")
    parser.add_argument("--state", type=Path, default=STATE, help="where a stopped run goes on")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    options = parser.parse_args()
    options.state.parent.mkdir(parents=True, exist_ok=True)
    _meeting_point(options.state).unlink(missing_ok=True)
    torch.multiprocessing.spawn(train_as, (options,), nprocs=options.processes)


def train_as(rank: int, options: argparse.Namespace) -> None:
    """Train as one of several processes, which share their gradients; the first one saves."""
    torch.set_num_threads(1)
    meeting_point = f"file://{_meeting_point(options.state).absolute()}"
    distributed.init_process_group(
        "gloo", init_method=meeting_point, rank=rank, world_size=options.processes
    )
    n_vision_steps = options.vision_steps
    plan = Plan(options.steps, options.steps // 5 if n_vision_steps is None else n_vision_steps)
    training = Training(plan, options.batch_size, options.state, options.start_from)
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: training.stop())
    training.run()
    if rank == 0:
        training.save_state()
        save_checkpoint(options.checkpoint, training.network, training.tokenizer)
    distributed.destroy_process_group()


def _meeting_point(state: Path) -> Path:
    """Return the file through which the processes find each other."""
    return state.with_suffix(".meeting")


class Training:
    """One run: the network, its optimisers and how far it has come."""

    def __init__(
        self, plan: Plan, batch_size: int, state_path: Path, start_from: Path | None
    ) -> None:
        self._rank, self._n_processes = distributed.get_rank(), distributed.get_world_size()
        torch.manual_seed(0)
        self._plan = plan
        self._batch_size = batch_size
        self._state_path = state_path
        self._has_bfloat16 = torch.cpu._is_avx512_bf16_supported()
        state = torch.load(state_path) if state_path.exists() else None
        # What goes on keeps its tokenizer: the ids of its prompts must not move under it.
        if state:
            self.tokenizer = Tokenizer.from_str(state["tokenizer"])
        elif start_from:
            self.tokenizer = Tokenizer.from_file(str(start_from / "tokenizer.json"))
        else:
            self.tokenizer = train_tokenizer()
        self._config = Config.from_dict(config_values(self.tokenizer))
        self.network = Network(self._config)
        self._heads = PatchHeads(self._config)
        if start_from and not state:
            known, _ = load_checkpoint(start_from, device=torch.device("cpu"), dtype=torch.float32)
            self.network.load_state_dict(known.state_dict())
        else:
            prepare_start(self.network)
        vision = self.network.vision
        eye = (vision.patch_emb, vision.blocks, vision.post_ln, self._heads)
        self._vision_parameters = [vision.pos_emb, *(p for part in eye for p in part.parameters())]
        self._all_parameters = [*self.network.parameters(), *self._heads.parameters()]
        self._optimisers = make_optimisers(self.network, self._heads)
        self._step, self._n_batches = 0, 0
        self._is_stopping = False
        if state:
            self._load_state(state)

    def run(self) -> None:
        """Train until the plan's steps are made."""
        saved_at = time.monotonic()
        while self._step < self._plan.n_steps and not self._is_stopping:
            is_vision = self._step < self._plan.n_vision_steps
            end = self._plan.n_vision_steps if is_vision else self._plan.n_steps
            for batch in self._load_batches(has_text=not is_vision):
                losses = self._train_step(batch, is_vision)
                self._step += 1
                self._n_batches += self._n_processes
                self._agree_on_stopping()
                if self._step % 100 == 0 and self._rank == 0:
                    self._report(losses)
                if self._rank == 0 and time.monotonic() - saved_at > SAVE_EVERY_S:
                    saved_at = time.monotonic()
                    self.save_state()
                if self._step >= end or self._is_stopping:
                    break

    def _load_batches(self, has_text: bool) -> DataLoader[Batch]:
        """Return endless batches, drawn ahead by a process of their own."""
        scenes = TrainingScenes(
            self.tokenizer.to_str(),
            self._config,
            self._batch_size,
            first_batch=self._n_batches + self._rank,
            stride=self._n_processes,
            has_text=has_text,
        )
        return DataLoader(scenes, batch_size=None, num_workers=1, prefetch_factor=8)

    def _agree_on_stopping(self) -> None:
        """Let all processes stop at the same step."""
        is_stopping = torch.tensor(float(self._is_stopping))
        distributed.all_reduce(is_stopping, distributed.ReduceOp.MAX)
        self._is_stopping = bool(is_stopping)

    def stop(self) -> None:
        """End after the current step."""
        self._is_stopping = True

    def save_state(self) -> None:
        """Save everything a stopped run needs to go on."""
        state = {
            "network": self.network.state_dict(),
            "heads": self._heads.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
            "tokenizer": self.tokenizer.to_str(),
            "step": self._step,
            "n_batches": self._n_batches,
        }
        unfinished = self._state_path.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self._state_path)

    def _load_state(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self._heads.load_state_dict(state["heads"])
        for optimiser, values in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(values)
        self._step, self._n_batches = state["step"], state["n_batches"]

    def _train_step(self, batch: Batch, is_vision: bool) -> dict[str, Tensor]:
        share = self._plan.rate_share(self._step)
        for optimiser, rate in zip(self._optimisers, (MUON_RATE, ADAM_RATE), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * share
        # bfloat16 products are a third faster on a processor that has them, and no worse.
        with torch.autocast("cpu", torch.bfloat16, enabled=self._has_bfloat16):
            losses = compute_losses(self.network, self._heads, batch, with_text=not is_vision)
        weights = {"patches": self._plan.auxiliary_weight(self._step)}
        total = torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
        for optimiser in self._optimisers:
            optimiser.zero_grad()
        total.backward()
        trained = self._vision_parameters if is_vision else self._all_parameters
        share_gradients(trained, self._n_processes)
        nn.utils.clip_grad_norm_(trained, 1.0)
        for optimiser in self._optimisers:
            optimiser.step()
        return losses

    def _report(self, losses: dict[str, Tensor]) -> None:
        parts = "  ".join(f"{name} {loss.item():.3f}" for name, loss in losses.items())
        print(f"{time.strftime('%H:%M:%S')}  step {self._step}  {parts}", flush=True)


def share_gradients(parameters: list[nn.Parameter], n_processes: int) -> None:
    """Replace every gradient by its mean over all processes."""
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(together)
    together /= n_processes
    pieces = together.split([parameter.numel() for parameter in parameters])
    for parameter, piece in zip(parameters, pieces, strict=True):
        parameter.grad = piece.view_as(parameter)


def make_optimisers(network: Network, heads: nn.Module) -> list[torch.optim.Optimizer]:
    """Muon for the hidden matrices, AdamW for everything else."""
    blocks = [*network.vision.blocks, *network.text.blocks]
    thirds = [block.attn.qkv.weight for block in blocks]
    matrices = [
        linear.weight
        for block in blocks
        for linear in (block.attn.proj, block.mlp.fc1, block.mlp.fc2)
    ]
    matrices += [network.vision.proj_mlp.fc1.weight, network.vision.proj_mlp.fc2.weight]
    taken = {id(parameter) for parameter in (*thirds, *matrices)}
    everything = [*network.parameters(), *heads.parameters()]
    rest = [parameter for parameter in everything if id(parameter) not in taken]
    return [
        Muon(matrices, thirds, lr=MUON_RATE),
        torch.optim.AdamW(rest, lr=ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def save_checkpoint(folder: Path, network: Network, tokenizer: Tokenizer) -> None:
    """Write config.json, tokenizer.json and model.safetensors, in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config_values(tokenizer), indent=1) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"))
    tensors = {
        f"model.{name}": tensor.half().contiguous() for name, tensor in network.state_dict().items()
    }
    save_file(tensors, folder / "model.safetensors")


if __name__ == "__main__":
    main()
