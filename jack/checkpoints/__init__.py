"""Files of weights: read what Torch, Jittor, safetensors and numpy write, match them to a method, write them."""

from jack.checkpoints.errors import CheckpointError
from jack.checkpoints.load import load_into
from jack.checkpoints.read import Checkpoint, load_checkpoint
from jack.checkpoints.write import save_checkpoint

__all__ = ["Checkpoint", "CheckpointError", "load_checkpoint", "load_into", "save_checkpoint"]
