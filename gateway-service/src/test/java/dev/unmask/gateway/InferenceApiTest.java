package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import dev.unmask.testkit.ScriptedCall;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Preset;
import dev.unmask.v1.inference.GRPCInferenceServiceGrpc;
import dev.unmask.v1.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.unmask.v1.inference.InferParameter;
import dev.unmask.v1.inference.InferTensorContents;
import dev.unmask.v1.inference.ModelInferRequest;
import dev.unmask.v1.inference.ModelInferRequest.InferInputTensor;
import dev.unmask.v1.inference.ModelInferRequest.InferRequestedOutputTensor;
import dev.unmask.v1.inference.ModelInferResponse;
import dev.unmask.v1.inference.ModelMetadataRequest;
import dev.unmask.v1.inference.ModelMetadataResponse;
import dev.unmask.v1.inference.ModelReadyRequest;
import dev.unmask.v1.inference.ServerLiveRequest;
import dev.unmask.v1.inference.ServerMetadataRequest;
import dev.unmask.v1.inference.ServerReadyRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The calls of the Open Inference Protocol. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class InferenceApiTest {

  private final TestGateway gateway = TestGateway.shared();

  private GRPCInferenceServiceBlockingStub stub() {
    return GRPCInferenceServiceGrpc.newBlockingStub(gateway.channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private ModelInferRequest.Builder asking(String text) {
    return ModelInferRequest.newBuilder()
        .setModelName(gateway.base)
        .setId("mine")
        .addInputs(
            InferInputTensor.newBuilder()
                .setName("text_input")
                .setDatatype("BYTES")
                .addShape(1)
                .setContents(
                    InferTensorContents.newBuilder()
                        .addBytesContents(ByteString.copyFromUtf8(text))));
  }

  private static InferParameter text(String value) {
    return InferParameter.newBuilder().setStringParam(value).build();
  }

  private static InferParameter whole(long value) {
    return InferParameter.newBuilder().setInt64Param(value).build();
  }

  @Test
  void theServerAndItsModelsSayWhatTheyAre() throws Exception {
    assertThat(stub().serverLive(ServerLiveRequest.getDefaultInstance()).getLive()).isTrue();
    assertThat(stub().serverReady(ServerReadyRequest.getDefaultInstance()).getReady()).isTrue();
    assertThat(stub().serverMetadata(ServerMetadataRequest.getDefaultInstance()).getName())
        .isEqualTo("unmask");
    TestGateway.await(
        "a sampler holds the model",
        () ->
            stub()
                .modelReady(ModelReadyRequest.newBuilder().setName(gateway.base).build())
                .getReady());
    assertThat(
            stub()
                .modelReady(ModelReadyRequest.newBuilder().setName(gateway.lonelyModel()).build())
                .getReady())
        .isFalse();
    ModelMetadataResponse model =
        stub()
            .modelMetadata(
                ModelMetadataRequest.newBuilder()
                    .setName(gateway.base)
                    .setVersion(gateway.model.digest())
                    .build());
    assertThat(model.getVersionsList()).containsExactly(gateway.model.digest());
    assertThat(model.getInputs(0).getName()).isEqualTo("text_input");
    assertThat(model.getOutputs(0).getDatatype()).isEqualTo("BYTES");
  }

  @Test
  void aTextGoesInAndATextComesOut() throws Exception {
    BlockingQueue<GenerationJob> jobs = new LinkedBlockingQueue<>();
    String prompt =
        gateway.prompt(call -> {
          jobs.add(call.job());
          call.finish("Paris — é");
        });
    ModelInferResponse response =
        stub()
            .modelInfer(
                asking(prompt)
                    .putParameters("steps", whole(8))
                    .putParameters("gen_length", whole(32))
                    .putParameters("seed", whole(5))
                    .putParameters("cache", text("CACHE_PREFIX"))
                    .putParameters(
                        "temperature", InferParameter.newBuilder().setDoubleParam(0.5).build())
                    .addOutputs(InferRequestedOutputTensor.newBuilder().setName("text_output"))
                    .build());
    assertThat(response.getOutputs(0).getContents().getBytesContents(0).toStringUtf8())
        .isEqualTo("Paris — é");
    assertThat(response.getOutputs(0).getName()).isEqualTo("text_output");
    assertThat(response.getId()).isEqualTo("mine");
    assertThat(response.getModelName()).isEqualTo(gateway.base);
    assertThat(response.getModelVersion()).isEqualTo(gateway.model.digest());
    assertThat(response.getParametersOrThrow("finish_reason").getStringParam())
        .isEqualTo("FINISH_REASON_STOP");
    GenerationJob job = jobs.take();
    assertThat(job.getRequest().getPrompt()).isEqualTo(prompt);
    assertThat(job.getRequest().getDiffusion().getSteps()).isEqualTo(8);
    assertThat(job.getRequest().getDiffusion().getPreset()).isEqualTo(Preset.PRESET_UNSPECIFIED);
    assertThat(job.getRequest().getSampling().getSeed()).isEqualTo(5);
    assertThat(job.getRequest().getSampling().getTemperature()).isEqualTo(0.5);
  }

  @Test
  void rawContentsComeBackRaw() {
    byte[] prompt = gateway.prompt(call -> call.finish("raw")).getBytes(StandardCharsets.UTF_8);
    ByteBuffer raw =
        ByteBuffer.allocate(4 + prompt.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(prompt.length)
            .put(prompt)
            .flip();
    ModelInferRequest.Builder request = asking("").addRawInputContents(ByteString.copyFrom(raw));
    request.getInputsBuilder(0).clearContents();
    ModelInferResponse response = stub().modelInfer(request.build());
    assertThat(response.getOutputs(0).hasContents()).isFalse();
    assertThat(response.getRawOutputContents(0))
        .isEqualTo(ByteString.copyFrom(new byte[] {3, 0, 0, 0, 'r', 'a', 'w'}));
  }

  private String refused(ModelInferRequest.Builder request) {
    StatusRuntimeException e =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> {
              var unused = stub().modelInfer(request.build());
            });
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    return TestGateway.detail(e, BadRequest.class).getFieldViolations(0).getField();
  }

  @Test
  void whatCannotBeHonouredIsRefusedByName() {
    String prompt = gateway.prompt(ScriptedCall::started);
    assertThat(refused(asking(prompt).clearInputs())).isEqualTo("inputs");
    ModelInferRequest.Builder named = asking(prompt);
    named.getInputsBuilder(0).setName("input");
    assertThat(refused(named)).isEqualTo("inputs[0].name");
    ModelInferRequest.Builder typed = asking(prompt);
    typed.getInputsBuilder(0).setDatatype("INT64");
    assertThat(refused(typed)).isEqualTo("inputs[0].datatype");
    ModelInferRequest.Builder two = asking(prompt);
    two.getInputsBuilder(0).setShape(0, 2);
    assertThat(refused(two)).isEqualTo("inputs[0].shape");
    assertThat(refused(asking(prompt).addRawInputContents(ByteString.EMPTY)))
        .isEqualTo("inputs[0].contents");
    ModelInferRequest.Builder broken =
        asking(prompt).addRawInputContents(ByteString.copyFromUtf8("abcdef"));
    broken.getInputsBuilder(0).clearContents();
    assertThat(refused(broken)).isEqualTo("raw_input_contents[0]");
    assertThat(refused(asking(prompt).putParameters("colour", text("red"))))
        .isEqualTo("parameters.colour");
    assertThat(refused(asking(prompt).putParameters("steps", text("8"))))
        .isEqualTo("parameters.steps");
    assertThat(refused(asking(prompt).putParameters("steps", whole(1L << 40))))
        .isEqualTo("parameters.steps");
    assertThat(refused(asking(prompt).putParameters("preset", text("best"))))
        .isEqualTo("parameters.preset");
    assertThat(refused(asking(prompt).putParameters("steps", whole(0))))
        .isEqualTo("diffusion.steps");
    assertThat(
            refused(
                asking(prompt)
                    .addOutputs(InferRequestedOutputTensor.newBuilder().setName("logits"))))
        .isEqualTo("outputs[0].name");
  }
}
