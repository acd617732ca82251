"""Several devices: Jittor starts one process for each with mpirun, and its optimizers average the gradients."""

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

rule(
    "torch.nn.DataParallel",
    "(module, device_ids=None, output_device=None, dim=0)",
    to="helpers.DataParallel",
    also=["torch.nn.parallel.DataParallel", "torch.nn.parallel.data_parallel.DataParallel"],
    returns="module",
    restriction="computes on one device; keys of the state keep their 'module.' and .module is the wrapped module",
    cases=[
        snippet("model = torch.nn.DataParallel(torch.nn.ReLU())\nreturn model(A)"),
        snippet(
            "model = torch.nn.DataParallel(device_ids=[0], module=torch.nn.Linear(4, 5))\n"
            "return sorted(model.state_dict()), model(A).shape, sorted(model.module.state_dict())",
            grad=False,
        ),
    ],
)
_MPI = "Jittor has no process groups: it starts one process for each device with `mpirun -np N python train.py`"
_WORKAROUND = "leave it out and start the program with mpirun; jt.rank, jt.world_size and jt.in_mpi tell the rest"
needs_you(
    "torch.nn.parallel.DistributedDataParallel",
    _MPI,
    workaround="use the module itself; the optimizers average gradients under mpirun",
)
for _name in (
    "init_process_group destroy_process_group get_rank get_world_size is_initialized is_available barrier all_reduce "
    "all_gather broadcast reduce all_gather_object broadcast_object_list new_group"
).split():
    needs_you(f"torch.distributed.{_name}", _MPI, workaround=_WORKAROUND)
needs_you("torch.multiprocessing.spawn", _MPI, workaround="mpirun -np N python train.py")
