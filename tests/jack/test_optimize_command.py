"""``jack optimize`` and ``jack infer --optimize``, as a user types them."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.jack.inference_files import words_of, write_weights


def jack(*words):
    done = subprocess.run(
        [sys.executable, "-m", "jack.cli", *map(str, words)], capture_output=True, text=True, timeout=900
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_weights("bpmgcn", tmp_path_factory.mktemp("weights"))


def test_what_a_method_gains_is_told(weights):
    code, out, said = jack("optimize", "bpmgcn", *words_of("bpmgcn"), "--checkpoint", weights, "--calls", 2, "--json")
    assert code == 0, said
    found = json.loads(out)
    assert found["inputs"] == [[1, 3, 48, 16, 1], [1, 8, 48, 16, 1]]
    assert 0 < found["worst"] < 1e-4 and len(found["before"]) == len(found["after"]) == 2
    assert found["ratio"] == pytest.approx(np.median(found["before"]) / np.median(found["after"]))
    assert sum(step == "mixture" for step in found["steps"]) == 20


def test_an_optimized_inference_says_the_same(weights, tmp_path):
    walk = tmp_path / "walk.npy"
    np.save(walk, np.random.default_rng(0).standard_normal((30, 16, 3)).astype(np.float32))
    results = []
    for extra in ((), ("--optimize",)):
        words = ["infer", "bpmgcn", walk, *words_of("bpmgcn"), "--checkpoint", weights, *extra]
        code, _, said = jack(*words, "--output", tmp_path / f"results{len(extra)}")
        assert code == 0, said
        results.append(json.loads((tmp_path / f"results{len(extra)}" / "walk.bpmgcn.json").read_text()))
    plain, fast = (result["streams"]["movement"] | result["probabilities"] for result in results)
    assert plain.keys() == fast.keys()
    assert [fast[name] for name in plain] == pytest.approx(list(plain.values()), rel=1e-5)


@pytest.mark.parametrize("words", [("optimize", "bpmgcn"), ("infer", "bpmgcn", "walk.npy", "--optimize")])
def test_another_framework_is_refused(words, weights, tmp_path):
    np.save(tmp_path / "walk.npy", np.random.default_rng(0).standard_normal((30, 16, 3)).astype(np.float32))
    given = [tmp_path / word if word == "walk.npy" else word for word in words]
    code, out, said = jack(*given, *words_of("bpmgcn"), "--checkpoint", weights, "--framework", "torch")
    assert code == 2 and not out
    assert said.startswith("jack: ") and "for --framework jittor --device cpu" in said and len(said.splitlines()) == 1
