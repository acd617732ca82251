"""torchvision.utils: images side by side."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

_GRID = "from torchvision.utils import make_grid, save_image\nimport torchvision\n"
rule(
    "torchvision.utils.make_grid",
    "(tensor, nrow=8, padding=2, normalize=False, value_range=None, scale_each=False, pad_value=0.0)",
    to="helpers.make_grid",
    cases=[
        snippet(
            _GRID
            + "images = P.reshape(3, 1, 2, 2)\nreturn make_grid(IMG), make_grid(images, nrow=2, padding=1, pad_value=0.5), make_grid(A), make_grid(X), torchvision.utils.make_grid(IMG[:1]), make_grid([X, X], 1)",
            grad=False,
        ),
        snippet(
            _GRID
            + "return make_grid(IMG, normalize=True), make_grid(IMG, normalize=True, scale_each=True), make_grid(IMG, normalize=True, value_range=(-1, 1)), make_grid(U.reshape(3, 1, 2, 2), pad_value=7), make_grid(A, normalize=True)",
            grad=False,
        ),
    ],
)
rule(
    "torchvision.utils.save_image",
    "(tensor, fp, format=None, **kwargs)",
    to="helpers.save_image",
    returns="none",
    restriction="needs Pillow, as torchvision does",
    cases=[
        snippet(
            _GRID
            + "import io\nfrom PIL import Image\nfile = io.BytesIO()\nsave_image(IMG, file, format='png', nrow=1, normalize=True)\nother = io.BytesIO()\ntorchvision.utils.save_image(X[0] * 2, fp=other, format='bmp')\nreturn np.asarray(Image.open(file)), np.asarray(Image.open(other))",
            grad=False,
        )
    ],
)
for _name in ("draw_bounding_boxes", "draw_segmentation_masks", "draw_keypoints", "flow_to_image"):
    needs_you(
        f"torchvision.utils.{_name}",
        "drawing that torchvision does with Pillow on tensors",
        workaround="turn the image into an array with .numpy() and draw with PIL.ImageDraw or matplotlib",
    )
