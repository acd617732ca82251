"""``torchvision.datasets``: CIFAR and MNIST from their files."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.image_datasets import VisionDataset


def intact(path: str, digest: str | None = None) -> bool:
    """Whether a file is there and, where an MD5 digest is given, has it."""
    if not os.path.isfile(path):
        return False
    if digest is None:
        return True
    with open(path, "rb") as file:
        return hashlib.md5(file.read()).hexdigest() == digest


class CIFAR10(VisionDataset):
    """CIFAR-10 from the files of its Python version; nothing is downloaded.

    Raises:
        RuntimeError: when a file is missing or damaged, with what to fetch and where to unpack it.
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    train_list: Any = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list: Any = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta: Any = {"filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888"}

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None, download: bool = False
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        names = [*self.train_list, *self.test_list, [self.meta["filename"], self.meta["md5"]]]
        if not all(intact(self._path(name), digest) for name, digest in names):
            raise RuntimeError(
                f"Dataset not found or corrupted: {self._path('')} lacks files. This helper downloads nothing: "
                f"fetch {self.url} and unpack it in {self.root}"
            )
        parts = [self._read(name) for name, _ in (self.train_list if train else self.test_list)]
        self.data = np.vstack([part["data"] for part in parts]).reshape(-1, 3, 32, 32).transpose((0, 2, 3, 1))
        self.targets = [t for part in parts for t in part["labels" if "labels" in part else "fine_labels"]]
        self.classes = self._read(self.meta["filename"])[self.meta["key"]]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    def _path(self, name: str) -> str:
        return os.path.join(self.root, self.base_folder, name)

    def _read(self, name: str) -> Any:
        with open(self._path(name), "rb") as file:
            return pickle.load(file, encoding="latin1")

    def __getitem__(self, index: Any) -> Any:
        from PIL import Image

        return self._transformed(Image.fromarray(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """CIFAR-100 from the files of its Python version, with its fine labels; nothing is downloaded."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    train_list = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta = {"filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48"}


def read_idx(path: str) -> Any:
    """The array of bytes in a file of MNIST's format (two zeros, 8 for bytes, the dimensions, their sizes, values).

    Raises:
        RuntimeError: for a file of another format.
    """
    with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as file:
        content = file.read()
    if content[:3] != b"\x00\x00\x08":
        raise RuntimeError(f"{path} is no file of bytes in MNIST's format: fetch it again")
    dims = content[3]
    shape = np.frombuffer(content, dtype=">i4", count=dims, offset=4).tolist()
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * dims).reshape(shape).copy()


class MNIST(VisionDataset):
    """MNIST from its files, unpacked or as ``.gz``, in ``ROOT/MNIST/raw``; nothing is downloaded.

    Raises:
        RuntimeError: when a file is missing, with what to fetch and where to put it.
    """

    mirrors: Any = ["https://ossci-datasets.s3.amazonaws.com/mnist/"]
    classes: Any = [
        f"{i} - {word}" for i, word in enumerate("zero one two three four five six seven eight nine".split())
    ]

    def __init__(
        self, root: Any, train: bool = True, transform: Any = None, target_transform: Any = None, download: bool = False
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        start = "train" if train else "t10k"
        self.data = jt.array(self._read(f"{start}-images-idx3-ubyte"), dtype="uint8")
        self.targets = jt.array(self._read(f"{start}-labels-idx1-ubyte").astype(np.int64), dtype="int64")

    def _read(self, name: str) -> Any:
        paths = [os.path.join(self.raw_folder, name + ending) for ending in ("", ".gz")]
        for path in paths:
            if os.path.isfile(path):
                return read_idx(path)
        raise RuntimeError(
            f"Dataset not found: {paths[0]} is missing. This helper downloads nothing: "
            f"fetch {self.mirrors[0]}{name}.gz into {self.raw_folder}"
        )

    @property
    def raw_folder(self) -> str:
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.classes)}

    def __getitem__(self, index: Any) -> Any:
        from PIL import Image

        # `data` of a Jittor tensor is its memory as an array: no copy of all images, no operator for each.
        return self._transformed(Image.fromarray(self.data.data[index].copy()), int(self.targets.data[index]))

    def __len__(self) -> int:
        return int(self.data.shape[0])

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


class FashionMNIST(MNIST):
    """Fashion-MNIST, in ``ROOT/FashionMNIST/raw``; nothing is downloaded."""

    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    classes = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


class KMNIST(MNIST):
    """Kuzushiji-MNIST, in ``ROOT/KMNIST/raw``; nothing is downloaded."""

    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
