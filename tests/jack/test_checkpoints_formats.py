"""Every form of file is read exactly, written exactly, and never run."""

from __future__ import annotations

import argparse
import collections
import errno
import hashlib
import importlib.util
import os
import pickle
import pickletools
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jack.checkpoints import CheckpointError, load_checkpoint, save_checkpoint, write
from jack.checkpoints.dtypes import SUPPORTED, narrowed, same_bits, widened

_spec = importlib.util.spec_from_file_location("checkpoint_files", Path(__file__).with_name("checkpoint_files.py"))
files = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(files)

FORMS = ["safetensors", "pth", "pkl", "npz"]


def same(found, wanted):
    assert list(found) == list(wanted)
    wrong = [name for name in wanted if not same_bits(found[name], wanted[name])]
    assert not wrong


@pytest.fixture(scope="module")
def tensors():
    return files.state()


@pytest.fixture(scope="module")
def arrays(tensors):
    return {name: files.array_of(tensor) for name, tensor in tensors.items()}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "stream"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_torch_files_are_read_as_torch_reads_them(tmp_path, tensors, arrays, zipped, protocol):
    path = tmp_path / "x.pth"
    torch.save(tensors, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    found = load_checkpoint(path)
    assert found.format == ("torch zip" if zipped else "torch stream")
    same(found.weights, arrays)


def test_the_first_torch_format(tmp_path):
    tensors = {"a": torch.randn(2, 3), "t": torch.randn(3, 4).t(), "s": torch.randn(9)[2:5]}
    files.write_tar(tmp_path / "old.pth", tensors)
    by_torch = torch.load(tmp_path / "old.pth", weights_only=False)
    assert all(torch.equal(by_torch[name], tensor) for name, tensor in tensors.items())
    found = load_checkpoint(tmp_path / "old.pth")
    assert found.format == "torch tar"
    same(found.weights, {name: files.array_of(tensor) for name, tensor in tensors.items()})


def test_a_training_state_is_told_apart_from_its_weights(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.rand(4, 2)).sum().backward()
    optimizer.step()
    content = {
        "epoch": 21,
        "arch": "resnet-101",
        "best": np.float64(0.5),
        "options": argparse.Namespace(lr=0.1, path=Path("a")),
        "optimizer": optimizer.state_dict(),
        "state_dict": collections.OrderedDict((f"module.{k}", v) for k, v in model.state_dict().items()),
    }
    for zipped in (True, False):
        torch.save(content, tmp_path / "save_20.pth", _use_new_zipfile_serialization=zipped)
        found = load_checkpoint(tmp_path / "save_20.pth")
        assert found.entry == "state_dict"
        assert found.ignored.keys() == {"epoch", "arch", "best", "options", "optimizer"}
        same(found.weights, {f"module.{k}": v.numpy() for k, v in model.state_dict().items()})


def test_weights_in_several_places_need_a_word(tmp_path):
    content = {"generator": {"w": torch.ones(2)}, "critic": {"w": torch.zeros(2)}, "lr": 0.1}
    torch.save(content, tmp_path / "gan.pth")
    with pytest.raises(CheckpointError, match="gan.pth: weights in several places: generator, critic; .*--entry"):
        load_checkpoint(tmp_path / "gan.pth")
    assert load_checkpoint(tmp_path / "gan.pth", entry="critic").weights["w"].tolist() == [0, 0]
    with pytest.raises(CheckpointError, match="no weights under 'x'"):
        load_checkpoint(tmp_path / "gan.pth", entry="x")


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5, "python 2"])
def test_pickles_of_arrays(tmp_path, protocol):
    big_endian = np.arange(4, dtype=">f4").reshape(2, 2)
    fortran = np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3))
    wanted = {"a": np.arange(300, dtype=np.float64), "z": np.array(3), "e": np.zeros((0, 2)), "f": fortran}
    content = collections.OrderedDict([*wanted.items(), ("be", big_endian)])
    data = files.python2_pickle(content) if protocol == "python 2" else pickle.dumps(content, protocol)
    if protocol == "python 2":
        assert {"BINSTRING", "SHORT_BINSTRING"} <= {op.name for op, _, _ in pickletools.genops(data)}
    (tmp_path / "x.pkl").write_bytes(data)
    found = load_checkpoint(tmp_path / "x.pkl").weights
    same(found, {**wanted, "be": big_endian.astype(np.float32)})
    assert all(array.flags.writeable for array in found.values())


def test_what_the_helpers_of_converted_programs_save(tmp_path):
    packed = {"jittor tensor": np.array([2**40]), "dtype": "int64", "trained": False}
    (tmp_path / "x.pt").write_bytes(pickle.dumps({"epoch": 1, "model": {"w": packed}}, 5))
    same(load_checkpoint(tmp_path / "x.pt").weights, {"w": np.array([2**40])})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("start", FORMS)
def test_round_trips_are_exact(tmp_path, arrays, start, form):
    save_checkpoint(arrays, tmp_path / f"a.{start}")
    save_checkpoint(load_checkpoint(tmp_path / f"a.{start}").weights, tmp_path / f"b.{form}")
    save_checkpoint(load_checkpoint(tmp_path / f"b.{form}").weights, tmp_path / f"c.{start}")
    found = load_checkpoint(tmp_path / f"c.{start}").weights
    same({name: found[name] for name in arrays}, arrays)  # safetensors keeps an order of its own
    assert len(found) == len(arrays)


def test_torch_reads_what_is_written_for_it(tmp_path, tensors, arrays):
    save_checkpoint(arrays, tmp_path / "x.pth")
    found = torch.load(tmp_path / "x.pth", weights_only=True)
    assert [(n, t.dtype, t.shape) for n, t in found.items()] == [(n, t.dtype, t.shape) for n, t in tensors.items()]
    same({name: files.array_of(tensor) for name, tensor in found.items()}, arrays)


def test_jittor_files_keep_every_value_for_programs_that_know_no_bfloat16(tmp_path, arrays):
    save_checkpoint(arrays, tmp_path / "x.pkl")
    data = (tmp_path / "x.pkl").read_bytes()
    assert data.endswith(b"HCAJSLHD") and hashlib.sha1(data[:-28]).digest() == data[-28:-8]
    plain = pickle.loads(data[:-28])  # as jt.load does
    assert plain["bfloat16"].dtype == np.float32
    assert np.array_equal(plain["bfloat16"], arrays["bfloat16"].astype(np.float32), equal_nan=True)
    (tmp_path / "x.pkl").write_bytes(data[:9] + bytes([data[9] ^ 1]) + data[10:])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path / "x.pkl")


def test_every_bfloat16_survives():
    every = np.arange(2**16, dtype=np.uint16).view(files.BFLOAT16)
    assert same_bits(narrowed(widened(every)), every)


KINDS = st.sampled_from(sorted(set(SUPPORTED) - {"complex64", "complex128", "uint16", "uint32", "uint64"}))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_view_of_a_storage(tmp_path, data):
    kind = getattr(torch, data.draw(KINDS))
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    base = torch.randint(0, 2, shape).to(kind)
    view = base.permute(data.draw(st.permutations(range(len(shape)))))
    axis = data.draw(st.integers(0, len(shape) - 1))
    view = view.narrow(axis, 0, data.draw(st.integers(0, view.shape[axis])))
    if data.draw(st.booleans()):
        view = view.unsqueeze(0).expand(3, *view.shape)
    content = {"view": view, "base": base, "scalar": base.flatten()[-1]}
    torch.save(content, tmp_path / "x.pt", _use_new_zipfile_serialization=data.draw(st.booleans()))
    same(load_checkpoint(tmp_path / "x.pt").weights, {name: files.array_of(t) for name, t in content.items()})


class Evil:
    """Unpickled by Python, it makes a file."""

    def __init__(self, call):
        self.call = call

    def __reduce__(self):
        return self.call


def attacks(mark):
    shell = f"touch {mark}"
    yield "system", Evil((os.system, (shell,)))
    yield "popen", Evil((subprocess.Popen, (["touch", str(mark)],)))
    yield "exec", Evil((exec, (f"open({str(mark)!r}, 'w')",)))
    yield "eval", Evil((eval, (f"open({str(mark)!r}, 'w')",)))
    yield "getattr", Evil((getattr, ("", "join")))
    yield "import", Evil((__import__, ("antigravity",)))
    yield "partial", Evil((__import__("functools").partial, (os.system, shell)))


NAMES = [name for name, _ in attacks(Path("/"))]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("where", ["alone", "beside weights", "torch zip", "torch stream"])
def test_nothing_in_a_file_is_run(tmp_path, name, where):
    mark = tmp_path / "run"
    evil = dict(attacks(mark))[name]
    path = tmp_path / "evil.pth"
    if where == "alone":
        path.write_bytes(pickle.dumps(evil))
    elif where == "beside weights":
        path.write_bytes(pickle.dumps({"w": np.ones(2), "x": evil}, 2))
    else:
        torch.save({"w": torch.ones(2), "x": evil}, path, _use_new_zipfile_serialization=where == "torch zip")
    with pytest.raises(CheckpointError, match=r"evil.pth: refused: it needs \S+, .*nothing of it was run") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value)
    if where == "alone":
        with pytest.raises(CheckpointError, match="no weights"):
            load_checkpoint(path, skip_code=True)
    else:
        found = load_checkpoint(path, skip_code=True)
        assert found.weights["w"].tolist() == [1, 1] and "an object of class" in found.ignored["x"]
    assert not mark.exists() and "antigravity" not in sys.modules


@pytest.mark.parametrize(
    "text",
    [
        b"cos\nsystem\n(S'touch run'\ntR.",  # protocol 0
        b"(S'touch run'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'touch run'\no.",  # OBJ
        b"\x80\x04\x8c\x06jittor\x8c\x09os.system\x93\x8c\x09touch run\x85R.",  # a dotted name through a known module
        b"\x80\x04\x8c\x15numpy.core.multiarray\x8c\x0cos.system\x00\x00\x00\x93)R.",
        b"\x80\x02cnumpy\ndtype\n}S'__call__'\ncos\nsystem\nsb.",  # BUILD on what the reader hands out
        b"\x80\x02ccollections\nOrderedDict\nN}S'_run'\nS'x'\ns\x86b.",
        b"\x80\x02ccollections\nOrderedDict\n)\x81.",  # NEWOBJ of what is no class
        b"\x80\x02ccopy_reg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.",
        b"\x80\x02cnumpy\nndarray\n(K\x05tR.",
    ],
)
def test_pickles_by_hand_cannot_reach_the_reader(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.pkl").write_bytes(text)
    for skip_code in (False, True):
        with pytest.raises(CheckpointError):
            load_checkpoint(tmp_path / "x.pkl", skip_code=skip_code)
    assert os.listdir(tmp_path) == ["x.pkl"]
    # The reader is what it was.
    good = collections.OrderedDict(w=np.ones(2))
    (tmp_path / "good.pkl").write_bytes(pickle.dumps(good, 2))
    assert load_checkpoint(tmp_path / "good.pkl").weights["w"].tolist() == [1, 1]


def test_arrays_of_objects_are_refused(tmp_path):
    (tmp_path / "x.pkl").write_bytes(pickle.dumps({"w": np.array([{}, 1], dtype=object)}))
    with pytest.raises(CheckpointError, match="x.pkl: w: an array of type 'O8'"):
        load_checkpoint(tmp_path / "x.pkl")
    np.savez(tmp_path / "x.npz", w=np.array(["a"], dtype=object))
    with pytest.raises(CheckpointError, match="x.npz: "):
        load_checkpoint(tmp_path / "x.npz")


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
        self.scale = torch.nn.Parameter(torch.rand(2))
        self.register_buffer("kept", torch.arange(3))
        self.register_buffer("table", torch.ones(5), persistent=False)
        self.tied = self.inner[0]


@pytest.mark.filterwarnings("ignore::torch.serialization.SourceChangeWarning")
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_whole_model_is_refused_or_read_without_its_code(tmp_path, monkeypatch, zipped, wrapped):
    model = torch.nn.DataParallel(Net()) if wrapped else Net()
    module = type(sys)("written_elsewhere")
    module.Net = Net
    monkeypatch.setitem(sys.modules, "written_elsewhere", module)
    monkeypatch.setattr(Net, "__module__", "written_elsewhere")
    path = tmp_path / "model.pth"
    torch.save(model, path, _use_new_zipfile_serialization=zipped)
    monkeypatch.delitem(sys.modules, "written_elsewhere")
    with pytest.raises(CheckpointError, match="model.pth: refused: .* --skip-code"):
        load_checkpoint(path)
    found = load_checkpoint(path, skip_code=True)
    wanted = model.state_dict()
    same({name: found.weights[name] for name in wanted}, {name: t.numpy() for name, t in wanted.items()})
    assert "tied.weight" in "".join(found.weights) and not any("table" in name for name in found.weights)
    assert "written_elsewhere" not in sys.modules
    assert any("pickled" in note for note in found.notes)


def test_modules_that_hold_one_another_waste_no_time(tmp_path):
    inner = torch.nn.Module()
    for _ in range(40):  # 2 ** 40 names
        outer = torch.nn.Module()
        outer.a = outer.b = inner
        inner = outer
    torch.save(inner, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match="x.pth: more than 100000 modules"):
        load_checkpoint(tmp_path / "x.pth", skip_code=True)


def test_a_damaged_file_takes_no_memory(tmp_path):
    place = 50_000_000  # 0.8 GB, and up to 64 GB in the worst case
    (tmp_path / "x.pkl").write_bytes(b"\x80\x02}r" + place.to_bytes(4, "little") + b".")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match="object 2 is noted as number 50000000"):
        load_checkpoint(tmp_path / "x.pkl")
    torch.save({"w": torch.ones(1).expand(2**14, 2**15)}, tmp_path / "x.pth")  # 2 GB
    with pytest.raises(CheckpointError, match="w: a tensor of shape .* that repeats 1 elements"):
        load_checkpoint(tmp_path / "x.pth")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


FOREIGN = {
    "photo.pth": (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 900, "a JPEG image"),
    "empty.pth": (b"", "is empty"),
    "page.pth": (b"\n<!DOCTYPE html><html></html>", "a web page"),
    "pointer.pth": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    "text.pkl": (b"hello, this is no pickle at all", "damaged, or no file of weights"),
    "random.safetensors": (np.random.default_rng(0).bytes(2000), "random.safetensors: "),
    "one.npy": (b"\x93NUMPY\x01\x00", "a single array"),
    "list.pkl": (pickle.dumps([np.ones(2)]), "a list of arrays without names"),
    "number.pkl": (pickle.dumps(3), "no weights by name"),
    "words.pkl": (pickle.dumps({"a": "b"}), "no weights: the file holds a"),
    "two.pkl": (pickle.dumps({"w": np.ones(2)}) * 2, "bytes follow"),
    "zeros.pth": (bytes(4000), "zeros.pth: "),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_told_in_one_line(tmp_path, name):
    data, word = FOREIGN[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CheckpointError, match=word) as caught:
        load_checkpoint(tmp_path / name)
    assert "\n" not in str(caught.value) and str(tmp_path / name) in str(caught.value)


def test_neither_framework_is_needed_to_read(tmp_path, tensors, arrays):
    for form in WRITTEN:
        written_as(tmp_path, arrays, tensors, form)
    program = (
        "import sys; sys.modules['torch'] = sys.modules['jittor'] = None\n"
        "from jack.checkpoints import load_checkpoint, save_checkpoint\n"
        "for path in sys.argv[1:]: print(len(load_checkpoint(path).weights))\n"
        "save_checkpoint(load_checkpoint(sys.argv[1]).weights, sys.argv[1] + '.pkl')\n"
    )
    paths = [str(tmp_path / f"x.{form}") for form in WRITTEN]
    command = [sys.executable, "-c", program, *paths]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout.split() == [str(len(arrays))] * len(WRITTEN), done.stderr
    same(load_checkpoint(paths[0] + ".pkl").weights, arrays)


def test_places_that_are_no_files(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        load_checkpoint(tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="a folder"):
        load_checkpoint(tmp_path)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(CheckpointError, match="a zip archive, but neither"):
        load_checkpoint(tmp_path / "x.zip")
    script = torch.jit.script(torch.nn.Linear(2, 2))
    torch.jit.save(script, tmp_path / "script.pt")
    with pytest.raises(CheckpointError, match="TorchScript"):
        load_checkpoint(tmp_path / "script.pt")


WRITTEN = ["zip", "stream", *FORMS]


def written_as(folder, arrays, tensors, form):
    path = folder / f"x.{form}"
    if form in FORMS:
        save_checkpoint(arrays, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=form == "zip")
    return path


@pytest.mark.parametrize("form", WRITTEN)
def test_a_truncated_file_is_damaged(tmp_path, arrays, tensors, form):
    path = written_as(tmp_path, arrays, tensors, form)
    data = path.read_bytes()
    for part in (1, 5, 20, len(data) // 3, len(data) // 2, len(data) - 40, len(data) - 9, len(data) - 1):
        path.write_bytes(data[:part])
        with pytest.raises(CheckpointError) as caught:
            load_checkpoint(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", WRITTEN)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_never_ends_in_anything_else(tmp_path, arrays, tensors, form, data):
    original = tmp_path / "original"
    if not original.exists():
        original.write_bytes(written_as(tmp_path, arrays, tensors, form).read_bytes())
    content = bytearray(original.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    changed = tmp_path / "changed"
    changed.write_bytes(content)
    try:
        found = load_checkpoint(changed, skip_code=data.draw(st.booleans())).weights
    except CheckpointError:
        return
    assert all(isinstance(array, np.ndarray) for array in found.values())
    if form in ("zip", "npz", "pkl") and content != original.read_bytes():
        # These have checksums: what is read is right.  (Names of a zip's members have none.)
        assert all(same_bits(found[name], arrays[name]) for name in found if name in arrays)


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, arrays, form):
    path = tmp_path / f"x.{form}"
    save_checkpoint({"old": np.ones(2)}, path)
    before = path.read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(write.os, "fsync", full)
    with pytest.raises(CheckpointError, match=f"x.{form}: cannot be written: No space left .*nothing was changed"):
        save_checkpoint(arrays, path, force=True)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]


def test_a_disk_that_lies_is_found_out(tmp_path, monkeypatch):
    path = tmp_path / "x.npz"

    def wrong(file, weights, metadata):
        write._npz(file, {name: array + 1 for name, array in weights.items()}, metadata)

    monkeypatch.setitem(write._WRITERS, "npz", wrong)
    with pytest.raises(CheckpointError, match="reads differently"):
        save_checkpoint({"w": np.ones(2)}, path)
    assert os.listdir(tmp_path) == []


def test_files_are_not_replaced_by_accident(tmp_path):
    path = tmp_path / "x.npz"
    save_checkpoint({"file": np.ones(2)}, path)  # the name of numpy.savez's own argument
    with pytest.raises(CheckpointError, match="is there already; --force"):
        save_checkpoint({"w": np.zeros(2)}, path)
    same(load_checkpoint(path).weights, {"file": np.ones(2)})
    save_checkpoint({"w": np.zeros(2)}, path, force=True)
    same(load_checkpoint(path).weights, {"w": np.zeros(2)})
    mask = os.umask(0o027)
    try:
        save_checkpoint({"w": np.ones(1)}, tmp_path / "y.npz")
    finally:
        os.umask(mask)
    assert (tmp_path / "y.npz").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("name", "to", "word"),
    [
        ("x.weights", None, "the suffix says no format"),
        ("x.pth", "jittor", "takes .pth for a Torch file"),
        ("none/x.pth", None, "there is no folder"),
        (".", "npz", "a folder"),
    ],
)
def test_outputs_that_cannot_be(tmp_path, name, to, word):
    with pytest.raises(CheckpointError, match=word):
        save_checkpoint({"w": np.ones(1)}, tmp_path / name, to=to)


def test_types_that_no_file_of_weights_has(tmp_path):
    with pytest.raises(CheckpointError, match="w is of type <U1"):
        save_checkpoint({"w": np.array(["a"])}, tmp_path / "x.npz")
    with pytest.raises(CheckpointError, match="complex128, which safetensors"):
        save_checkpoint({"w": np.ones(1, complex)}, tmp_path / "x.safetensors")
    assert os.listdir(tmp_path) == []
