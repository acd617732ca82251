"""Devices, CUDA and backend settings."""

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

rule(
    "torch.device",
    "(type, index=None)",
    to="helpers.Device",
    returns="device",
    restriction="it names a device; Jittor computes on the one that jt.flags.use_cuda chooses",
    cases=[
        snippet("return torch.device('cpu'), torch.device('cuda:1'), torch.device('cuda', 0)", grad=False),
        snippet("return torch.device(type='cuda', index=1).index, torch.device('cuda').type", grad=False),
        snippet("return torch.device('cpu') == torch.device('cpu'), str(torch.device('cuda', 1))", grad=False),
        snippet("return torch.device('cuda' if torch.cuda.is_available() else 'cpu')", grad=False),
        snippet("return repr(torch.device('cuda:0')), isinstance(torch.device('cpu'), torch.device)", grad=False),
    ],
)
rule(
    "torch.cuda.is_available",
    "()",
    to="helpers.cuda_is_available",
    returns="bool",
    restriction="whether Jittor was built with CUDA; jt.flags.use_cuda = 1 still has to switch it on",
    cases=[snippet("return torch.cuda.is_available()", grad=False)],
)
rule(
    "torch.cuda.device_count",
    "()",
    to="helpers.cuda_device_count",
    returns="int",
    restriction="at most 1: Jittor drives one device in a process",
    cases=[snippet("return torch.cuda.device_count()", grad=False)],
)
rule(
    "torch.cuda.empty_cache",
    "()",
    to="helpers.cuda_empty_cache",
    returns="none",
    cases=[snippet("torch.cuda.empty_cache()\nreturn A * 2")],
)
rule(
    "torch.cuda.synchronize",
    "(device=None)",
    to="helpers.cuda_synchronize",
    returns="none",
    cases=[
        snippet("y = A * 2\nif torch.cuda.is_available():\n    torch.cuda.synchronize()\nreturn y"),
    ],
)
for _name in ("is_bf16_supported", "is_initialized"):
    rule(
        f"torch.cuda.{_name}",
        "()",
        to="python:False",
        returns="bool",
        cases=[snippet(f"return torch.cuda.is_available() and torch.cuda.{_name}()", grad=False)],
    )
rule(
    "torch.backends.mps.is_available",
    "()",
    to="python:False",
    returns="bool",
    cases=[snippet("return torch.backends.mps.is_available()", grad=False)],
)
_SETTINGS = {
    "torch.backends.cudnn.benchmark": "True",
    "torch.backends.cudnn.deterministic": "True",
    "torch.backends.cudnn.enabled": "True",
    "torch.backends.cudnn.allow_tf32": "False",
    "torch.backends.cuda.matmul.allow_tf32": "False",
}
for _name, _value in _SETTINGS.items():
    rule(
        _name,
        to="remove:statement",
        restriction="a setting of speed or repeatability that Jittor does not have",
        cases=[snippet(f"{_name} = {_value}\nreturn A * 2")],
    )
_CALLS = {
    "torch.set_num_threads": ("(int)", "1"),
    "torch.set_float32_matmul_precision": ("(precision)", "'high'"),
    "torch.use_deterministic_algorithms": ("(mode, *, warn_only=False)", "False"),
    "torch.cuda.set_device": ("(device)", ""),
    "torch.multiprocessing.set_sharing_strategy": ("(new_strategy)", "'file_system'"),
}
for _name, (_signature, _value) in _CALLS.items():
    _text = f"{_name}({_value})\nreturn A * 2"
    if _name == "torch.cuda.set_device":
        _text = f"if torch.cuda.is_available():\n    {_name}(0)\nreturn A * 2"
    rule(
        _name,
        _signature,
        to="remove:statement",
        returns="none",
        restriction="a setting of speed or repeatability that Jittor does not have",
        cases=[snippet(_text)],
    )
for _name in ("memory_allocated", "max_memory_allocated", "memory_reserved", "reset_peak_memory_stats", "mem_get_info"):
    needs_you(f"torch.cuda.{_name}", "Jittor counts memory otherwise", workaround="jt.display_memory_info()")
for _name in ("get_device_name", "get_device_properties", "get_device_capability", "current_device"):
    needs_you(f"torch.cuda.{_name}", "Jittor does not tell this", workaround="ask nvidia-smi")
needs_you("torch.cuda.Event", "Jittor has no events", workaround="jt.sync_all(True) and time.perf_counter()")
needs_you("torch.cuda.Stream", "Jittor orders its work itself", workaround="leave the stream out")
