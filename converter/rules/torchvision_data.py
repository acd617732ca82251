"""torchvision.datasets: folders, CIFAR and MNIST; the other datasets are named with what to do instead."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import Case, needs_you, rule, snippet

_D = "torchvision.datasets."
_FOLDERS = """
import os
import tempfile
from PIL import Image
from torchvision import datasets

def images(root):
    for i, name in enumerate(['dog/b.png', 'dog/a.PNG', 'cat/x/c.bmp', 'cat/d.png', 'cat/notes.txt']):
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            Image.fromarray(np.full((4, 5, 3), 40 * i, dtype=np.uint8)).save(file, format='bmp' if i == 2 else 'png')
    return root

def to_tensor(image):
    return torch.from_numpy(np.asarray(image).copy()).float()

"""


def _folders(text: str) -> Case:
    """A snippet that finds ``images(folder)``, which writes four images of two classes, and ``to_tensor``."""
    body = "\n".join("    " + line for line in text.splitlines())
    return snippet(_FOLDERS + "with tempfile.TemporaryDirectory() as root:\n" + body, grad=False, tolerance="dtype")


rule(
    _D + "ImageFolder",
    "(root, transform=None, target_transform=None, loader=torchvision.datasets.folder.default_loader, is_valid_file=None, allow_empty=False)",
    to="helpers.ImageFolder",
    returns="dataset",
    restriction="needs Pillow, as torchvision does",
    cases=[
        _folders(
            "data = datasets.ImageFolder(images(root), transform=to_tensor, target_transform=lambda t: t + 10)\n"
            "loader = torch.utils.data.DataLoader(data, batch_size=3)\n"
            "return len(data), data.classes, data.class_to_idx, data.targets, [(os.path.relpath(p, root), t) for p, t in data.imgs], data.samples == data.imgs, list(loader)"
        ),
        _folders(
            "data = datasets.ImageFolder(images(root))\nimage, target = data[1]\n"
            "return image.size, image.mode, target, np.asarray(image), repr(data).replace(root, '-')"
        ),
        _folders(
            "class Second(datasets.ImageFolder):\n    def __getitem__(self, index):\n        image, target = super().__getitem__(index)\n        return to_tensor(image).mean(), target, self.imgs[index][1]\n\n"
            "data = Second(root=images(root), is_valid_file=lambda p: not p.endswith('.txt'), loader=lambda p: Image.open(p).convert('L'))\n"
            "return [data[i] for i in range(len(data))]"
        ),
        _folders(
            "found = []\nfor make in (lambda: datasets.ImageFolder(root), lambda: datasets.DatasetFolder(images(root), len, ('.jpg',)), lambda: datasets.DatasetFolder(root, len)):\n"
            "    try:\n        make()\n    except (FileNotFoundError, ValueError) as error:\n        found.append((type(error).__name__, str(error).replace(root, '-')))\n"
            "return found, len(datasets.ImageFolder(root, is_valid_file=lambda p: False, allow_empty=True))"
        ),
    ],
)
rule(
    _D + "DatasetFolder",
    "(root, loader, extensions=None, transform=None, target_transform=None, is_valid_file=None, allow_empty=False)",
    to="helpers.DatasetFolder",
    returns="dataset",
    cases=[
        _folders(
            "data = datasets.DatasetFolder(images(root), os.path.basename, extensions=('.png', '.txt'), transform=len)\n"
            "return [data[i] for i in range(len(data))], data.classes, data.extensions"
        ),
    ],
)
rule(
    _D + "VisionDataset",
    "(root=None, transforms=None, transform=None, target_transform=None)",
    to="helpers.VisionDataset",
    returns="dataset",
    cases=[
        _folders(
            "class Numbers(datasets.VisionDataset):\n    def __len__(self):\n        return 3\n\n    def __getitem__(self, index):\n        return self.transforms(index, -index)\n\n"
            "data = Numbers('place', transform=float, target_transform=abs)\n"
            "return [data[i] for i in range(3)], data.root, isinstance(data, torch.utils.data.Dataset), repr(Numbers('place'))"
        ),
    ],
)
rule(
    _D + "FakeData",
    "(size=1000, image_size=(3, 224, 224), num_classes=10, transform=None, target_transform=None, random_offset=0)",
    to="helpers.FakeData",
    returns="dataset",
    restriction="the same noise for the same index, but not the noise of Torch's generator",
    cases=[
        _folders(
            "data = datasets.FakeData(5, (3, 8, 6), num_classes=1, transform=to_tensor)\n"
            "return len(data), data[0][0].shape, data[4][1], bool((data[1][0] == data[1][0]).all()), bool((data[1][0] == data[2][0]).all()), datasets.FakeData(2)[1][0].size, datasets.FakeData(1, (1, 4, 4))[0][0].mode"
        ),
        _folders(
            "found = []\ntry:\n    datasets.FakeData(2, (3, 4, 4))[2]\nexcept IndexError as error:\n    found.append(str(error))\nreturn found"
        ),
    ],
)
_SIZES = "(root, train=True, transform=None, target_transform=None, download=False)"
_CIFAR = (
    "import pickle\nclass Small(datasets.{name}):\n    train_list = [['one', None], ['two', None]]\n    test_list = [['three', None]]\n"
    "    meta = {{'filename': 'meta', 'key': 'names', 'md5': None}}\n\n"
    "folder = os.path.join(root, Small.base_folder)\nos.makedirs(folder)\n"
    "for i, name in enumerate(['one', 'two', 'three']):\n    with open(os.path.join(folder, name), 'wb') as file:\n        pickle.dump({{'data': (np.arange(2 * 3072) * (i + 1) % 251).astype(np.uint8).reshape(2, 3072), '{labels}': [i, 1]}}, file)\n"
    "with open(os.path.join(folder, 'meta'), 'wb') as file:\n    pickle.dump({{'names': ['a', 'b', 'c']}}, file)\n"
    "data, test = Small(root, transform=to_tensor), Small(root, train=False)\n"
    "return len(data), len(test), data.data, data.targets, data[3], np.asarray(test[1][0]), data.classes, test.class_to_idx, repr(test).replace(root, '-')"
)
_MISSING = "found = []\ntry:\n    datasets.{name}(root)\nexcept RuntimeError as error:\n    found.append(str(error)[:17])\nreturn found"
for _name, _labels in (("CIFAR10", "labels"), ("CIFAR100", "fine_labels")):
    rule(
        _D + _name,
        _SIZES,
        to=f"helpers.{_name}",
        returns="dataset",
        restriction="downloads nothing: without the unpacked files an error says where to put them; needs Pillow",
        cases=[_folders(_CIFAR.format(name=_name, labels=_labels)), _folders(_MISSING.format(name=_name))],
    )
_MNIST = (
    "import struct\nfolder = os.path.join(root, '{name}', 'raw')\nos.makedirs(folder)\n"
    "for start, count in (('train', 3), ('t10k', 2)):\n"
    "    with open(os.path.join(folder, start + '-images-idx3-ubyte'), 'wb') as file:\n"
    "        file.write(struct.pack('>4Biii', 0, 0, 8, 3, count, 28, 28) + (np.arange(count * 784) % 253).astype(np.uint8).tobytes())\n"
    "    with open(os.path.join(folder, start + '-labels-idx1-ubyte'), 'wb') as file:\n"
    "        file.write(struct.pack('>4Bi', 0, 0, 8, 1, count) + bytes(range(count)))\n"
    "data = datasets.{name}(root, transform=to_tensor)\ntest = datasets.{name}(root=root, train=False)\n"
    "return len(data), data.data, data.targets, data[2], list(torch.utils.data.DataLoader(data, batch_size=2)), np.asarray(test[1][0]), test[1][1], data.classes, test.class_to_idx, repr(test).replace(root, '-')"
)
for _name in ("MNIST", "FashionMNIST", "KMNIST"):
    rule(
        _D + _name,
        _SIZES,
        to=f"helpers.{_name}",
        returns="dataset",
        restriction="downloads nothing: without the files an error says what to fetch where; needs Pillow",
        cases=[_folders(_MNIST.format(name=_name)), _folders(_MISSING.format(name=_name))],
    )
rule(
    "torchvision.datasets.folder.default_loader",
    "(path)",
    to="helpers.load_image",
    also=["torchvision.datasets.folder.pil_loader"],
    returns="unknown",
    cases=[
        _folders(
            "image = datasets.folder.default_loader(images(root) + '/dog/b.png')\nreturn image.mode, np.asarray(image)"
        )
    ],
)
rule(
    "torchvision.datasets.folder.find_classes",
    "(directory)",
    to="helpers.find_classes",
    returns="unknown",
    cases=[_folders("return datasets.folder.find_classes(images(root))")],
)
rule(
    "torchvision.datasets.folder.make_dataset",
    "(directory, class_to_idx=None, extensions=None, is_valid_file=None, allow_empty=False)",
    to="helpers.make_dataset",
    returns="unknown",
    cases=[
        _folders(
            "return [(os.path.relpath(p, root), t) for p, t in datasets.folder.make_dataset(images(root), {'dog': 3}, extensions='.png')]"
        )
    ],
)
for _name, _helper in (("is_image_file", "(filename)"), ("has_file_allowed_extension", "(filename, extensions)")):
    rule(
        f"torchvision.datasets.folder.{_name}",
        _helper,
        to=f"helpers.{_name}",
        returns="bool",
        cases=[
            _folders(
                "from torchvision.datasets.folder import has_file_allowed_extension\nreturn datasets.folder.is_image_file('A.JPG'), datasets.folder.is_image_file('b.txt'), has_file_allowed_extension('a.Npy', ('.npy',))"
            )
        ],
    )
rule(
    "torchvision.datasets.folder.IMG_EXTENSIONS",
    to="helpers.IMAGE_EXTENSIONS",
    returns="unknown",
    cases=[_folders("return datasets.folder.IMG_EXTENSIONS")],
)

_OTHERS = (
    "Caltech101 Caltech256 CarlaStereo CelebA Cityscapes CLEVRClassification CocoCaptions CocoDetection Country211 "
    "CREStereo DTD EMNIST ETH3DStereo EuroSAT FallingThingsStereo FER2013 FGVCAircraft Flickr30k Flickr8k Flowers102 "
    "FlyingChairs FlyingThings3D Food101 GTSRB HD1K HMDB51 ImageNet Imagenette INaturalist InStereo2k Kinetics Kitti "
    "Kitti2012Stereo Kitti2015Stereo KittiFlow LFWPairs LFWPeople LSUN LSUNClass Middlebury2014Stereo MovingMNIST "
    "Omniglot OxfordIIITPet PCAM PhotoTour Places365 QMNIST RenderedSST2 SBDataset SBU SceneFlowStereo SEMEION Sintel "
    "SintelStereo StanfordCars STL10 SUN397 SVHN UCF101 USPS VOCDetection VOCSegmentation WIDERFace "
    "wrap_dataset_for_transforms_v2"
).split()
_BY_CLASS = {"ImageNet", "Imagenette", "Caltech101", "Caltech256", "EuroSAT", "Food101", "SUN397", "DTD"}
for _name in _OTHERS:
    needs_you(
        _D + _name,
        f"torchvision's {_name} reads files of its own layout, and there is no helper for it",
        workaround=(
            "torchvision.datasets.ImageFolder, which is converted, on the unpacked folder that has one folder for each class"
            if _name in _BY_CLASS
            else "a subclass of torchvision.datasets.VisionDataset, which is converted, that reads the unpacked files"
        ),
    )
