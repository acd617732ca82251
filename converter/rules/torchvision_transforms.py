"""torchvision.transforms, of PIL images and of tensors: helpers that do the same with PIL, NumPy and Jittor."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from collections.abc import Iterable

from converter.rules.base import Case, needs_you, rule, snippet

_IMAGE = (
    "import numpy as np\nfrom PIL import Image\nfrom torchvision import transforms as T\n"
    "pixels = (np.arange(20 * 30 * 3) * 7919 % 256).astype(np.uint8).reshape(20, 30, 3)\nimage = Image.fromarray(pixels)\n"
)
_FUNCTIONS = _IMAGE + "from torchvision.transforms import functional as TF\n"
_RANDOM = "numbers drawn from a seed are not Torch's"
_PIL = "PIL images only: a tensor is an error when the program runs"


def _seen(*results: str) -> Case:
    """PIL images as arrays, tensors as they are."""
    return snippet(_IMAGE + "return " + ", ".join(results))


def _function(
    name: str,
    signature: str,
    to: str,
    *results: str,
    returns: str = "unknown",
    restriction: str = "",
    more: Iterable[Case] = (),
) -> None:
    rule(
        f"torchvision.transforms.functional.{name}",
        signature,
        to=f"helpers.{to}",
        returns=returns,
        restriction=restriction,
        cases=[snippet(_FUNCTIONS + f"return {result}") for result in results] + list(more),
    )


def _transform(name: str, signature: str, *results: str, returns: str = "unknown", restriction: str = "") -> None:
    rule(
        f"torchvision.transforms.{name}",
        signature,
        to=f"helpers.{name}",
        also=[f"torchvision.transforms.transforms.{name}"],
        returns=returns,
        restriction=restriction,
        cases=[snippet(_IMAGE + f"return {result}") for result in results],
    )


_BYTES = "T.PILToTensor()(image)"
_MODE = "interpolation=InterpolationMode.BILINEAR"

rule(
    "torchvision.transforms.InterpolationMode",
    to="helpers.InterpolationMode",
    also=["torchvision.transforms.functional.InterpolationMode", "torchvision.transforms.transforms.InterpolationMode"],
    returns="unknown",
    cases=[
        snippet(
            _IMAGE
            + "from torchvision.transforms import InterpolationMode\nmodes = [T.InterpolationMode.BICUBIC, InterpolationMode.NEAREST]\n"
            "return [np.asarray(T.Resize(9, interpolation=mode)(image)) for mode in modes], [mode.value for mode in modes]"
        )
    ],
)

for _name in ("NEAREST", "NEAREST_EXACT", "BILINEAR", "BICUBIC", "BOX", "HAMMING", "LANCZOS"):
    rule(
        f"torchvision.transforms.InterpolationMode.{_name}",
        to=f"helpers.InterpolationMode.{_name}",
        also=[f"torchvision.transforms.{_file}.InterpolationMode.{_name}" for _file in ("functional", "transforms")],
        returns="unknown",
        cases=[snippet(_IMAGE + f"return (lambda mode: (mode.value, mode.name))(T.InterpolationMode.{_name})")],
    )

_function(
    "to_tensor",
    "(pic)",
    "to_tensor",
    "TF.to_tensor(image), TF.to_tensor(pixels[:, :, 0]), TF.to_tensor(pixels.astype(np.int64))",
    "TF.to_tensor(image.convert('L')), TF.to_tensor(image.convert('RGBA')), TF.to_tensor(image.convert('F')), TF.to_tensor(image.convert('1'))",
    returns="tensor",
)
_function(
    "pil_to_tensor",
    "(pic)",
    "pil_to_tensor",
    "TF.pil_to_tensor(image), TF.pil_to_tensor(image.convert('I'))",
    returns="tensor",
)
_function(
    "to_pil_image",
    "(pic, mode=None)",
    "to_pil_image",
    "np.asarray(TF.to_pil_image(TF.to_tensor(image))), np.asarray(TF.to_pil_image(pixels)), TF.to_pil_image(pixels, 'HSV').mode",
    "np.asarray(TF.to_pil_image(torch.clamp(A, 0, 1))), TF.to_pil_image(A, mode='F').mode, np.asarray(TF.to_pil_image(U)), TF.to_pil_image(pixels[:, :, :2]).mode",
)
_function(
    "convert_image_dtype",
    "(image, dtype=torch.float)",
    "convert_image_dtype",
    "TF.convert_image_dtype(U), TF.convert_image_dtype(P, torch.uint8), TF.convert_image_dtype(U, dtype=torch.int32), TF.convert_image_dtype(P, torch.float64)",
    returns="tensor",
)
_function(
    "normalize",
    "(tensor, mean, std, inplace=False)",
    "image_normalize",
    "TF.normalize(IMG, [0.5, 0.4, 0.3], [0.1, 0.2, 0.3]), TF.normalize(IMG, (0.5,), (2,)), TF.normalize(tensor=IMG[0], mean=torch.tensor([1., 2, 3]), std=[1, 2, 3])",
    returns="tensor",
)
for _name, _to in (("hflip", "image_hflip"), ("vflip", "image_vflip")):
    _function(_name, "(img)", _to, f"TF.{_name}(IMG), np.asarray(TF.{_name}(image))")
_function(
    "resize",
    "(img, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True)",
    "image_resize",
    "[np.asarray(TF.resize(image, size)) for size in (10, [7], [12, 9], (20, 30))], np.asarray(TF.resize(image, 15, max_size=18)), np.asarray(TF.resize(image, [8, 8], Image.BICUBIC))",
    "TF.resize(IMG, 5), TF.resize(IMG, [3, 12]), TF.resize(IMG, 6, antialias=False), TF.resize(IMG, 5, TF.InterpolationMode.NEAREST)",
    "TF.resize(IMG, [5, 11], TF.InterpolationMode.BICUBIC), TF.resize(IMG, 11, TF.InterpolationMode.BICUBIC, antialias=False), TF.resize(TF.pil_to_tensor(image), 7)",
)
_function(
    "pad",
    "(img, padding, fill=0, padding_mode='constant')",
    "image_pad",
    "np.asarray(TF.pad(image, 2)), np.asarray(TF.pad(image, [1, 2], fill=(9, 8, 7))), [np.asarray(TF.pad(image, (1, 2, 3, 4), padding_mode=mode)) for mode in ('edge', 'reflect', 'symmetric')]",
    "TF.pad(IMG, 2), TF.pad(IMG, [1, 2, 0, 3], 0.5), [TF.pad(IMG, [1, 2], padding_mode=mode) for mode in ('edge', 'reflect', 'symmetric')]",
)
_function(
    "crop",
    "(img, top, left, height, width)",
    "image_crop",
    "np.asarray(TF.crop(image, 3, 4, 5, 6)), np.asarray(TF.crop(image, -3, 20, 8, 15))",
    "TF.crop(IMG, 1, 2, 3, 4), TF.crop(IMG, -2, 5, 6, 7), TF.crop(IMG, 6, -3, 5, 20)",
)
_function(
    "center_crop",
    "(img, output_size)",
    "image_center_crop",
    "np.asarray(TF.center_crop(image, 11)), np.asarray(TF.center_crop(image, [25, 7])), np.asarray(TF.center_crop(image, (33, 34)))",
    "TF.center_crop(IMG, 5), TF.center_crop(IMG, [11, 3]), TF.center_crop(IMG, [9])",
)
_function(
    "resized_crop",
    "(img, top, left, height, width, size, interpolation=InterpolationMode.BILINEAR, antialias=True)",
    "image_resized_crop",
    "np.asarray(TF.resized_crop(image, 2, 3, 10, 12, [6, 6])), TF.resized_crop(IMG, 1, 1, 6, 6, [4, 4])",
)
_function(
    "five_crop",
    "(img, size)",
    "image_five_crop",
    "[np.asarray(c) for c in TF.five_crop(image, 7)], TF.five_crop(IMG, (3, 5))",
)
_function(
    "ten_crop",
    "(img, size, vertical_flip=False)",
    "image_ten_crop",
    "[np.asarray(c) for c in TF.ten_crop(image, 7)], TF.ten_crop(IMG, 3, True)",
)
_function(
    "erase",
    "(img, i, j, h, w, v, inplace=False)",
    "image_erase",
    "TF.erase(IMG, 1, 2, 3, 4, 0.5), TF.erase(IMG[0], 0, 0, 3, 4, A)",
    returns="tensor",
)
for _name in ("brightness", "contrast", "saturation"):
    _function(
        f"adjust_{_name}",
        f"(img, {_name}_factor)",
        f"image_{_name}",
        f"[np.asarray(TF.adjust_{_name}(image, f)) for f in (0, 0.5, 1.7)], np.asarray(TF.adjust_{_name}(image.convert('L'), 0.4))",
        f"TF.adjust_{_name}(torch.sigmoid(IMG), 0.5), TF.adjust_{_name}(torch.sigmoid(IMG), 1.6), TF.adjust_{_name}({_BYTES}, 1.3)",
    )
_function(
    "adjust_hue",
    "(img, hue_factor)",
    "image_hue",
    "[np.asarray(TF.adjust_hue(image, f)) for f in (-0.4, 0, 0.25)], TF.adjust_hue(torch.sigmoid(IMG), 0.2), TF.adjust_hue(torch.sigmoid(IMG), -0.45)",
)
_function(
    "adjust_gamma",
    "(img, gamma, gain=1)",
    "image_gamma",
    f"np.asarray(TF.adjust_gamma(image, 0.7)), np.asarray(TF.adjust_gamma(image, 2, gain=1.2)), TF.adjust_gamma(torch.sigmoid(IMG), 2.2), TF.adjust_gamma({_BYTES}, 0.5)",
)
_function(
    "rgb_to_grayscale",
    "(img, num_output_channels=1)",
    "image_to_gray",
    f"np.asarray(TF.rgb_to_grayscale(image)), np.asarray(TF.rgb_to_grayscale(image, 3)), TF.rgb_to_grayscale(IMG), TF.rgb_to_grayscale({_BYTES}, 3)",
)
rule(
    "torchvision.transforms.functional.to_grayscale",
    "(img, num_output_channels=1)",
    to="helpers.image_to_gray",
    returns="unknown",
    cases=[
        snippet(
            _FUNCTIONS
            + "return np.asarray(TF.to_grayscale(image)), np.asarray(TF.to_grayscale(image, num_output_channels=3))"
        )
    ],
)
_function(
    "invert",
    "(img)",
    "image_invert",
    f"np.asarray(TF.invert(image)), TF.invert(torch.sigmoid(IMG)), TF.invert({_BYTES})",
)
_function("posterize", "(img, bits)", "image_posterize", "np.asarray(TF.posterize(image, 3))", restriction=_PIL)
_function("solarize", "(img, threshold)", "image_solarize", "np.asarray(TF.solarize(image, 100))", restriction=_PIL)
_function("autocontrast", "(img)", "image_autocontrast", "np.asarray(TF.autocontrast(image))", restriction=_PIL)
_function("equalize", "(img)", "image_equalize", "np.asarray(TF.equalize(image))", restriction=_PIL)
_function(
    "adjust_sharpness",
    "(img, sharpness_factor)",
    "image_sharpness",
    "np.asarray(TF.adjust_sharpness(image, 1.5))",
    restriction=_PIL,
)
_function(
    "rotate",
    "(img, angle, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=None)",
    "image_rotate",
    "[np.asarray(TF.rotate(image, angle, expand=expand)) for angle in (30, -75.5, 90) for expand in (False, True)], np.asarray(TF.rotate(image, 10, TF.InterpolationMode.BILINEAR, center=(3, 4), fill=(9, 8, 7)))",
    restriction=_PIL,
)
_function(
    "affine",
    "(img, angle, translate, scale, shear, interpolation=InterpolationMode.NEAREST, fill=None, center=None)",
    "image_affine",
    "np.asarray(TF.affine(image, 20, [2, -3], 0.9, [5.0, -7.0])), np.asarray(TF.affine(image, 0, (0, 0), 1.5, 10.0, TF.InterpolationMode.BILINEAR, fill=50)), np.asarray(TF.affine(image, -100, [1, 1], 1.0, [0.0], center=[2, 2]))",
    restriction=_PIL,
)
_function(
    "perspective",
    "(img, startpoints, endpoints, interpolation=InterpolationMode.BILINEAR, fill=None)",
    "image_perspective",
    "np.asarray(TF.perspective(image, [[0, 0], [29, 0], [29, 19], [0, 19]], [[2, 3], [25, 1], [27, 18], [1, 16]], fill=7))",
    restriction=_PIL,
)
_function(
    "gaussian_blur",
    "(img, kernel_size, sigma=None)",
    "image_gaussian_blur",
    f"np.asarray(TF.gaussian_blur(image, 5)), np.asarray(TF.gaussian_blur(image, [3, 7], [0.7, 1.5])), TF.gaussian_blur(IMG, (5, 3)), TF.gaussian_blur({_BYTES}, 3, 1.0)",
)
_function(
    "get_dimensions",
    "(img)",
    "image_dimensions",
    "TF.get_dimensions(image), TF.get_dimensions(IMG), TF.get_dimensions(A)",
)
_function("get_image_size", "(img)", "image_size", "TF.get_image_size(image), TF.get_image_size(IMG)")
_function(
    "get_image_num_channels",
    "(img)",
    "image_channels",
    "TF.get_image_num_channels(image), TF.get_image_num_channels(IMG)",
)

_transform(
    "Compose",
    "(transforms)",
    "T.Compose([T.Resize(12), T.CenterCrop(10), T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])(image)",
    "str(T.Compose([T.Resize(12), T.ToTensor(), T.Normalize((0.5,), (0.5,))]))",
)
_transform("ToTensor", "()", "T.ToTensor()(image), str(T.ToTensor())", returns="module")
_transform("PILToTensor", "()", f"{_BYTES}, str(T.PILToTensor())", returns="module")
_transform("ToPILImage", "(mode=None)", "np.asarray(T.ToPILImage()(T.ToTensor()(image))), str(T.ToPILImage('RGB'))")
_transform("Lambda", "(lambd)", "T.Lambda(lambda x: x * 2)(A), str(T.Lambda(abs))")
_transform("ConvertImageDtype", "(dtype)", "T.ConvertImageDtype(torch.float32)(U)", returns="module")
_transform(
    "Normalize",
    "(mean, std, inplace=False)",
    "T.Normalize([0.5, 0.4, 0.3], std=[0.1, 0.2, 0.3])(IMG), str(T.Normalize(0.5, 0.5)), str(T.Normalize(mean=[0.5], std=[0.2]))",
    returns="module",
)
_transform(
    "Resize",
    f"(size, {_MODE}, max_size=None, antialias=True)",
    "np.asarray(T.Resize(12)(image)), np.asarray(T.Resize((12, 9), T.InterpolationMode.NEAREST)(image)), T.Resize(size=5)(IMG), str(T.Resize([4, 5]))",
)
_transform(
    "CenterCrop", "(size)", "np.asarray(T.CenterCrop(9)(image)), T.CenterCrop((3, 4))(IMG), str(T.CenterCrop(9))"
)
_transform(
    "Pad",
    "(padding, fill=0, padding_mode='constant')",
    "np.asarray(T.Pad(2)(image)), T.Pad((1, 2), padding_mode='reflect')(IMG), str(T.Pad(4, 1))",
)
_transform(
    "Grayscale", "(num_output_channels=1)", "np.asarray(T.Grayscale()(image)), T.Grayscale(3)(IMG), str(T.Grayscale())"
)
_transform("FiveCrop", "(size)", "[np.asarray(c) for c in T.FiveCrop(5)(image)], str(T.FiveCrop(5))")
_transform("TenCrop", "(size, vertical_flip=False)", "T.TenCrop((3, 4))(IMG), str(T.TenCrop(5))")
_transform(
    "LinearTransformation",
    "(transformation_matrix, mean_vector)",
    "T.LinearTransformation(Q, V)(A[:1, None])",
    returns="module",
)
_transform(
    "RandomApply",
    "(transforms, p=0.5)",
    "T.RandomApply([T.CenterCrop(3)], p=1.0)(IMG), T.RandomApply([T.CenterCrop(3)], p=0)(IMG)",
    restriction=_RANDOM,
)
_transform("RandomOrder", "(transforms)", "T.RandomOrder([T.CenterCrop(3)])(IMG)", restriction=_RANDOM)
_transform(
    "RandomChoice",
    "(transforms, p=None)",
    "T.RandomChoice([T.CenterCrop(3)])(IMG), T.RandomChoice([T.CenterCrop(2), T.CenterCrop(3)], p=[0, 1])(IMG)",
    restriction=_RANDOM,
)
_transform(
    "RandomCrop",
    "(size, padding=None, pad_if_needed=False, fill=0, padding_mode='constant')",
    "np.asarray(T.RandomCrop((20, 30))(image)), T.RandomCrop(3)(IMG).shape, T.RandomCrop(12, padding=2)(IMG), T.RandomCrop(9, pad_if_needed=True)(IMG[:, :, :, :7]).shape, str(T.RandomCrop(32, 4))",
    restriction=_RANDOM,
)
for _name in ("RandomHorizontalFlip", "RandomVerticalFlip"):
    _transform(
        _name,
        "(p=0.5)",
        f"np.asarray(T.{_name}(1.0)(image)), T.{_name}(p=0.0)(IMG), T.{_name}(p=1.0)(IMG), str(T.{_name}())",
        restriction=_RANDOM,
    )
_transform(
    "RandomGrayscale",
    "(p=0.1)",
    "np.asarray(T.RandomGrayscale(p=1.0)(image)), T.RandomGrayscale(1.0)(IMG), str(T.RandomGrayscale())",
    restriction=_RANDOM,
)
_transform(
    "RandomInvert", "(p=0.5)", "np.asarray(T.RandomInvert(1.0)(image)), str(T.RandomInvert())", restriction=_RANDOM
)
for _name in ("RandomAutocontrast", "RandomEqualize"):
    _transform(
        _name, "(p=0.5)", f"np.asarray(T.{_name}(1.0)(image)), str(T.{_name}())", restriction=f"{_RANDOM}; {_PIL}"
    )
for _name, _parameter, _value in (
    ("RandomPosterize", "bits", "3"),
    ("RandomSolarize", "threshold", "128"),
    ("RandomAdjustSharpness", "sharpness_factor", "2"),
):
    _transform(
        _name,
        f"({_parameter}, p=0.5)",
        f"np.asarray(T.{_name}({_value}, p=1.0)(image)), str(T.{_name}({_value}))",
        restriction=f"{_RANDOM}; {_PIL}",
    )
_transform(
    "RandomResizedCrop",
    f"(size, scale=(0.08, 1.0), ratio=(0.75, 1.3333333333333333), {_MODE}, antialias=True)",
    "np.asarray(T.RandomResizedCrop(8, scale=(1.0, 1.0), ratio=(1.5, 1.5))(image)), T.RandomResizedCrop((5, 4))(IMG).shape, str(T.RandomResizedCrop(224))",
    restriction=_RANDOM,
)
_transform(
    "ColorJitter",
    "(brightness=0, contrast=0, saturation=0, hue=0)",
    "np.asarray(T.ColorJitter(brightness=(1.5, 1.5))(image)), np.asarray(T.ColorJitter(hue=(0.2, 0.2))(image)), np.asarray(T.ColorJitter(contrast=(0.5, 0.5))(image)), str(T.ColorJitter(0.4, 0.3, (0.5, 1.5), 0.1))",
    restriction=_RANDOM,
)
_transform(
    "RandomRotation",
    "(degrees, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=0)",
    "np.asarray(T.RandomRotation((30, 30))(image)), np.asarray(T.RandomRotation([90, 90], expand=True)(image)), str(T.RandomRotation(15))",
    restriction=f"{_RANDOM}; {_PIL}",
)
_transform(
    "RandomAffine",
    "(degrees, translate=None, scale=None, shear=None, interpolation=InterpolationMode.NEAREST, fill=0, center=None)",
    "np.asarray(T.RandomAffine((20, 20), scale=(0.8, 0.8), shear=(5, 5))(image))",
    restriction=f"{_RANDOM}; {_PIL}",
)
_transform(
    "RandomPerspective",
    "(distortion_scale=0.5, p=0.5, interpolation=InterpolationMode.BILINEAR, fill=0)",
    "np.asarray(T.RandomPerspective(p=0.0)(image)), np.asarray(T.RandomPerspective(p=1.0)(image)).shape, str(T.RandomPerspective())",
    restriction=f"{_RANDOM}; {_PIL}",
)
_transform(
    "RandomErasing",
    "(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False)",
    "T.RandomErasing(p=0)(IMG), (T.RandomErasing(p=1.0, value='random')(IMG) != IMG).sum() > 0, T.RandomErasing(1.0, (0.99, 0.99), (9, 9))(IMG[0])",
    returns="module",
    restriction=_RANDOM,
)
_transform(
    "GaussianBlur",
    "(kernel_size, sigma=(0.1, 2.0))",
    "np.asarray(T.GaussianBlur(5, 1.0)(image)), T.GaussianBlur((3, 5), sigma=(0.5, 0.5))(IMG), str(T.GaussianBlur(5))",
    restriction=_RANDOM,
)

_LATER = "there is no helper for it yet"
for _name in ("AutoAugment", "AutoAugmentPolicy", "RandAugment", "TrivialAugmentWide", "AugMix", "ElasticTransform"):
    needs_you(
        f"torchvision.transforms.{_name}",
        _LATER,
        workaround="the transforms of which it is made (rotate, affine, posterize, solarize, ...) are converted",
        also=[f"torchvision.transforms.autoaugment.{_name}"] if _name != "ElasticTransform" else (),
    )
needs_you(
    "torchvision.transforms.functional.elastic_transform",
    _LATER,
    workaround="torch.nn.functional.grid_sample is converted",
)
