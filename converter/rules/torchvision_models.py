"""torchvision.models: Torch programs themselves, to be converted like any other; and what their files need for it."""

# ruff: noqa: E501 - the source of a snippet stays on one line

from __future__ import annotations

from converter.rules.base import needs_you, rule, snippet

_M = "torchvision.models."
_REASON = "torchvision's models are Torch programs: their files are to be converted with yours"
# The commands are in docs/faq.md: a comment above a line must stay short.
_HOW = (
    "jack-convert a copy of torchvision/models whose imports from outside are absolute (docs/faq.md has the commands), "
    "and import from zoo_jittor.{file}; the published .pth files load as they are"
)

# The public names of each file.
_NAMES = {
    "alexnet": "AlexNet AlexNet_Weights alexnet",
    "convnext": "ConvNeXt ConvNeXt_Base_Weights ConvNeXt_Large_Weights ConvNeXt_Small_Weights ConvNeXt_Tiny_Weights "
    "convnext_base convnext_large convnext_small convnext_tiny",
    "densenet": "DenseNet DenseNet121_Weights DenseNet161_Weights DenseNet169_Weights DenseNet201_Weights "
    "densenet121 densenet161 densenet169 densenet201",
    "efficientnet": "EfficientNet EfficientNet_B0_Weights EfficientNet_B1_Weights EfficientNet_B2_Weights "
    "EfficientNet_B3_Weights EfficientNet_B4_Weights EfficientNet_B5_Weights EfficientNet_B6_Weights "
    "EfficientNet_B7_Weights EfficientNet_V2_L_Weights EfficientNet_V2_M_Weights EfficientNet_V2_S_Weights "
    "efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b5 efficientnet_b6 "
    "efficientnet_b7 efficientnet_v2_l efficientnet_v2_m efficientnet_v2_s",
    "googlenet": "GoogLeNet GoogLeNetOutputs GoogLeNet_Weights googlenet",
    "inception": "Inception3 InceptionOutputs Inception_V3_Weights inception_v3",
    "maxvit": "MaxVit MaxVit_T_Weights maxvit_t",
    "mnasnet": "MNASNet MNASNet0_5_Weights MNASNet0_75_Weights MNASNet1_0_Weights MNASNet1_3_Weights "
    "mnasnet0_5 mnasnet0_75 mnasnet1_0 mnasnet1_3",
    "mobilenetv2": "MobileNetV2 MobileNet_V2_Weights mobilenet_v2",
    "mobilenetv3": "MobileNetV3 MobileNet_V3_Large_Weights MobileNet_V3_Small_Weights mobilenet_v3_large mobilenet_v3_small",
    "regnet": "RegNet RegNet_X_16GF_Weights RegNet_X_1_6GF_Weights RegNet_X_32GF_Weights RegNet_X_3_2GF_Weights "
    "RegNet_X_400MF_Weights RegNet_X_800MF_Weights RegNet_X_8GF_Weights RegNet_Y_128GF_Weights RegNet_Y_16GF_Weights "
    "RegNet_Y_1_6GF_Weights RegNet_Y_32GF_Weights RegNet_Y_3_2GF_Weights RegNet_Y_400MF_Weights RegNet_Y_800MF_Weights "
    "RegNet_Y_8GF_Weights regnet_x_16gf regnet_x_1_6gf regnet_x_32gf regnet_x_3_2gf regnet_x_400mf regnet_x_800mf "
    "regnet_x_8gf regnet_y_128gf regnet_y_16gf regnet_y_1_6gf regnet_y_32gf regnet_y_3_2gf regnet_y_400mf "
    "regnet_y_800mf regnet_y_8gf",
    "resnet": "ResNet ResNet18_Weights ResNet34_Weights ResNet50_Weights ResNet101_Weights ResNet152_Weights "
    "ResNeXt50_32X4D_Weights ResNeXt101_32X8D_Weights ResNeXt101_64X4D_Weights Wide_ResNet50_2_Weights "
    "Wide_ResNet101_2_Weights resnet18 resnet34 resnet50 resnet101 resnet152 resnext50_32x4d resnext101_32x8d "
    "resnext101_64x4d wide_resnet50_2 wide_resnet101_2",
    "shufflenetv2": "ShuffleNetV2 ShuffleNet_V2_X0_5_Weights ShuffleNet_V2_X1_0_Weights ShuffleNet_V2_X1_5_Weights "
    "ShuffleNet_V2_X2_0_Weights shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0",
    "squeezenet": "SqueezeNet SqueezeNet1_0_Weights SqueezeNet1_1_Weights squeezenet1_0 squeezenet1_1",
    "swin_transformer": "SwinTransformer Swin_B_Weights Swin_S_Weights Swin_T_Weights Swin_V2_B_Weights "
    "Swin_V2_S_Weights Swin_V2_T_Weights swin_b swin_s swin_t swin_v2_b swin_v2_s swin_v2_t",
    "vgg": "VGG VGG11_BN_Weights VGG11_Weights VGG13_BN_Weights VGG13_Weights VGG16_BN_Weights VGG16_Weights "
    "VGG19_BN_Weights VGG19_Weights vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn",
    "vision_transformer": "ViT_B_16_Weights ViT_B_32_Weights ViT_H_14_Weights ViT_L_16_Weights ViT_L_32_Weights "
    "VisionTransformer vit_b_16 vit_b_32 vit_h_14 vit_l_16 vit_l_32",
    "_api": "Weights WeightsEnum get_model get_model_builder get_model_weights get_weight list_models",
}
# Names that are found in the file only.
_FILE_NAMES = {
    "alexnet": "model_urls",
    "densenet": "model_urls _DenseBlock _DenseLayer _Transition",
    "googlenet": "model_urls BasicConv2d Inception InceptionAux",
    "inception": "model_urls BasicConv2d InceptionA InceptionB InceptionC InceptionD InceptionE InceptionAux",
    "mobilenetv2": "InvertedResidual ConvBNReLU",
    "resnet": "model_urls BasicBlock Bottleneck conv1x1 conv3x3",
    "shufflenetv2": "InvertedResidual channel_shuffle",
    "squeezenet": "model_urls Fire",
    "vgg": "model_urls make_layers cfg cfgs",
    "vision_transformer": "ConvStemConfig Encoder EncoderBlock MLPBlock",
}
_INNER = {
    "detection": "FCOS FCOS_ResNet50_FPN_Weights FasterRCNN FasterRCNN_MobileNet_V3_Large_320_FPN_Weights "
    "FasterRCNN_MobileNet_V3_Large_FPN_Weights FasterRCNN_ResNet50_FPN_V2_Weights FasterRCNN_ResNet50_FPN_Weights "
    "KeypointRCNN KeypointRCNN_ResNet50_FPN_Weights MaskRCNN MaskRCNN_ResNet50_FPN_V2_Weights "
    "MaskRCNN_ResNet50_FPN_Weights RetinaNet RetinaNet_ResNet50_FPN_V2_Weights RetinaNet_ResNet50_FPN_Weights "
    "SSD300_VGG16_Weights SSDLite320_MobileNet_V3_Large_Weights fasterrcnn_mobilenet_v3_large_320_fpn "
    "fasterrcnn_mobilenet_v3_large_fpn fasterrcnn_resnet50_fpn fasterrcnn_resnet50_fpn_v2 fcos_resnet50_fpn "
    "keypointrcnn_resnet50_fpn maskrcnn_resnet50_fpn maskrcnn_resnet50_fpn_v2 retinanet_resnet50_fpn "
    "retinanet_resnet50_fpn_v2 ssd300_vgg16 ssdlite320_mobilenet_v3_large",
    "segmentation": "DeepLabV3 DeepLabV3_MobileNet_V3_Large_Weights DeepLabV3_ResNet101_Weights "
    "DeepLabV3_ResNet50_Weights FCN FCN_ResNet101_Weights FCN_ResNet50_Weights LRASPP "
    "LRASPP_MobileNet_V3_Large_Weights deeplabv3_mobilenet_v3_large deeplabv3_resnet101 deeplabv3_resnet50 "
    "fcn_resnet101 fcn_resnet50 lraspp_mobilenet_v3_large",
    "video": "MC3_18_Weights MViT MViT_V1_B_Weights MViT_V2_S_Weights R2Plus1D_18_Weights R3D_18_Weights S3D "
    "S3D_Weights Swin3D_B_Weights Swin3D_S_Weights Swin3D_T_Weights SwinTransformer3d VideoResNet mc3_18 mvit_v1_b "
    "mvit_v2_s r2plus1d_18 r3d_18 s3d swin3d_b swin3d_s swin3d_t",
    "optical_flow": "RAFT Raft_Large_Weights Raft_Small_Weights raft_large raft_small",
}
_QUANTIZED = (
    "GoogLeNet_QuantizedWeights Inception_V3_QuantizedWeights MobileNet_V2_QuantizedWeights "
    "MobileNet_V3_Large_QuantizedWeights QuantizableGoogLeNet QuantizableInception3 QuantizableMobileNetV2 "
    "QuantizableMobileNetV3 QuantizableResNet QuantizableShuffleNetV2 ResNeXt101_32X8D_QuantizedWeights "
    "ResNeXt101_64X4D_QuantizedWeights ResNet18_QuantizedWeights ResNet50_QuantizedWeights "
    "ShuffleNet_V2_X0_5_QuantizedWeights ShuffleNet_V2_X1_0_QuantizedWeights ShuffleNet_V2_X1_5_QuantizedWeights "
    "ShuffleNet_V2_X2_0_QuantizedWeights googlenet inception_v3 mobilenet_v2 mobilenet_v3_large resnet18 resnet50 "
    "resnext101_32x8d resnext101_64x4d shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0"
)

for _file, _text in _NAMES.items():
    for _name in _text.split():
        needs_you(_M + _name, _REASON, workaround=_HOW.format(file=_file), also=[f"{_M}{_file}.{_name}"])
for _file, _text in _FILE_NAMES.items():
    for _name in _text.split():
        needs_you(f"{_M}{_file}.{_name}", _REASON, workaround=_HOW.format(file=_file))
for _file, _text in _INNER.items():
    for _name in _text.split():
        needs_you(f"{_M}{_file}.{_name}", _REASON, workaround=_HOW.format(file=_file))
for _name in _QUANTIZED.split():
    needs_you(
        f"{_M}quantization.{_name}",
        "built on torch.ao.quantization, which has no counterpart in Jittor",
        workaround="the model of the same name that computes in float32",
    )
for _name in ("create_feature_extractor", "get_graph_node_names"):
    needs_you(
        f"{_M}feature_extraction.{_name}",
        "cuts a graph of torch.fx, which has no counterpart in Jittor",
        workaround="register_forward_hook on the inner modules, or torchvision.models._utils.IntermediateLayerGetter of the converted files",
    )

# What the files of models take from the rest of torchvision.
rule(
    "torchvision.utils._log_api_usage_once",
    "(obj)",
    to="helpers.nothing",
    returns="none",
    cases=[
        snippet("from torchvision.utils import _log_api_usage_once\nreturn _log_api_usage_once(nn.ReLU())", grad=False)
    ],
)
rule(
    "torchvision._utils.sequence_to_str",
    "(seq, separate_last='')",
    to="helpers.sequence_to_str",
    returns="str",
    cases=[
        snippet(
            "from torchvision._utils import sequence_to_str\nwords = ['a', 'b', 'c']\n"
            "return [sequence_to_str(words[:n], separate_last=last) for n in range(4) for last in ('', 'and ')]",
            grad=False,
        )
    ],
)
_PRESETS = "torchvision.transforms._presets."
_IMPORT = "from torchvision.transforms._presets import ImageClassification, InterpolationMode, ObjectDetection, SemanticSegmentation\nfrom PIL import Image\nimage = Image.fromarray((np.arange(9 * 12 * 3) % 251).astype(np.uint8).reshape(9, 12, 3))\n"
_PUBLISHED = (
    "mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), interpolation=InterpolationMode.BILINEAR, antialias=True"
)
rule(
    _PRESETS + "ImageClassification",
    f"(*, crop_size, resize_size=256, {_PUBLISHED})",
    to="helpers.ImageClassification",
    returns="module",
    cases=[
        snippet(
            _IMPORT
            + "prepare = ImageClassification(crop_size=4, resize_size=6, interpolation=InterpolationMode.BICUBIC)\nreturn prepare(image), ImageClassification(crop_size=5, resize_size=6, mean=(0, 0, 0), std=(1, 1, 2))(IMG), prepare.crop_size, prepare.mean",
            grad=False,
        )
    ],
)
rule(
    _PRESETS + "ObjectDetection",
    "()",
    to="helpers.ObjectDetection",
    returns="module",
    cases=[snippet(_IMPORT + "return ObjectDetection()(image), ObjectDetection()(IMG)", grad=False)],
)
rule(
    _PRESETS + "SemanticSegmentation",
    f"(*, resize_size, {_PUBLISHED})",
    to="helpers.SemanticSegmentation",
    returns="module",
    cases=[
        snippet(
            _IMPORT + "return SemanticSegmentation(resize_size=6)(image), SemanticSegmentation(resize_size=None)(IMG)",
            grad=False,
        )
    ],
)
rule(
    _PRESETS + "VideoClassification",
    "(*, crop_size, resize_size, mean=(0.43216, 0.394666, 0.37645), std=(0.22803, 0.22145, 0.216989), interpolation=InterpolationMode.BILINEAR)",
    to="helpers.VideoClassification",
    returns="module",
    cases=[
        snippet(
            "from torchvision.transforms._presets import VideoClassification\nvideo = (IMG.reshape(2, 1, 3, 8, 8) * 50).to(torch.uint8)\n"
            "prepare = VideoClassification(crop_size=(4, 5), resize_size=(6, 7))\nreturn prepare(IMG), VideoClassification(crop_size=(4, 4), resize_size=(5,))(video), prepare.std",
            inputs={"IMG": "uniform(0, 1; 2, 3, 8, 8)"},
            grad=False,
        )
    ],
)
rule(
    _PRESETS + "OpticalFlow",
    "()",
    to="helpers.OpticalFlow",
    returns="module",
    cases=[
        snippet(
            _IMPORT
            + "from torchvision.transforms._presets import OpticalFlow\nreturn OpticalFlow()(image, image), OpticalFlow()(IMG, IMG * 2)",
            grad=False,
        )
    ],
)
rule(
    "torchvision._is_tracing",
    "()",
    to="python:False",
    returns="bool",
    cases=[snippet("import torchvision\nreturn A * 2 if torchvision._is_tracing() else A", grad=False)],
)
_ADDRESS = (
    "import os\nimport tempfile\nwith tempfile.TemporaryDirectory() as root:\n"
    "    torch.save({'weight': A, 'bias': V}, os.path.join(root, 'net-00.pth'))\n"
    "    address = 'file://' + os.path.join(root, 'net-00.pth')\n    kept = os.path.join(root, 'kept')\n"
)
rule(
    "torch.hub.load_state_dict_from_url",
    "(url, model_dir=None, map_location=None, progress=True, check_hash=False, file_name=None, weights_only=False)",
    to="helpers.load_state_dict_from_url",
    also=["torch.utils.model_zoo.load_url", "torchvision._internally_replaced_utils.load_state_dict_from_url"],
    returns="unknown",
    restriction="no progress bar",
    cases=[
        snippet(
            _ADDRESS
            + "    found = torch.hub.load_state_dict_from_url(address, kept, progress=False, map_location='cpu')\n"
            "    again = torch.hub.load_state_dict_from_url('file:///nowhere/net-00.pth', model_dir=kept)\n"
            "    from torch.utils import model_zoo\n    other = model_zoo.load_url(address, model_dir=kept, file_name='other.pth')\n"
            "    return found['weight'], again['bias'], list(other), sorted(os.listdir(kept))",
            grad=False,
        ),
        snippet(
            _ADDRESS
            + "    os.rename(os.path.join(root, 'net-00.pth'), os.path.join(root, 'net-0badc0de.pth'))\n    try:\n"
            "        torch.hub.load_state_dict_from_url(address.replace('00', '0badc0de'), kept, check_hash=True)\n"
            "    except RuntimeError as error:\n        return str(error)[:40], os.listdir(kept)",
            grad=False,
        ),
    ],
)
for _name in ("download_url_to_file", "get_dir", "set_dir", "load", "list", "help"):
    needs_you(
        f"torch.hub.{_name}",
        "loads Torch programs or files of a kind that is not known here",
        workaround="fetch the files once and convert the program like any other; torch.hub.load_state_dict_from_url is converted",
    )
