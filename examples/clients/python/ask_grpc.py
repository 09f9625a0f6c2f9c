"""ask_grpc.py ADDRESS QUESTION: a stream over gRPC with plain grpcio.

The stubs are made from the .proto files of this checkout when the program starts; a program of
yours makes them once:

    python -m grpc_tools.protoc -I proto/src/main/protobuf --python_out=. --grpc_python_out=. \
        proto/src/main/protobuf/unmask/v1/generation.proto
"""

import os
import pathlib
import sys
import tempfile

import grpc
from grpc_tools import protoc

protos = pathlib.Path(__file__).resolve().parents[3] / "proto/src/main/protobuf"
stubs = tempfile.TemporaryDirectory()
if protoc.main(
    ["", f"-I{protos}", f"--python_out={stubs.name}", f"--grpc_python_out={stubs.name}",
     str(protos / "unmask/v1/generation.proto")]
):
    sys.exit("the stubs could not be made")
sys.path.insert(0, stubs.name)

from unmask.v1 import generation_pb2, generation_pb2_grpc  # noqa: E402

address, question = sys.argv[1:3]
authority = os.environ.get("UNMASK_TLS_CA")
if authority:
    credentials = grpc.ssl_channel_credentials(pathlib.Path(authority).read_bytes())
    channel = grpc.secure_channel(address, credentials)
else:
    channel = grpc.insecure_channel(address)
key = os.environ.get("UNMASK_API_KEY")
metadata = [("authorization", f"Bearer {key}")] if key else []

request = generation_pb2.GenerateStreamRequest(
    request=generation_pb2.GenerateRequest(
        messages=generation_pb2.Messages(
            messages=[generation_pb2.Message(role="user", content=question)]
        ),
        sampling=generation_pb2.SamplingParams(seed=7, max_tokens=32),
    ),
    mode=generation_pb2.STREAM_MODE_BLOCK,
)
try:
    # The call's deadline goes with the request: work that nobody waits for is not done.
    for event in generation_pb2_grpc.GenerationStub(channel).GenerateStream(
        request, timeout=120, metadata=metadata
    ):
        kind = event.WhichOneof("event")
        if kind == "text":
            print(event.text.delta, end="", flush=True)
        elif kind == "final":
            print()
            print("steps:", event.final.usage.denoising_steps)
            print("weights:", event.final.model_digest)
except grpc.RpcError as error:
    sys.exit(f"{error.code().name}: {error.details()}")
