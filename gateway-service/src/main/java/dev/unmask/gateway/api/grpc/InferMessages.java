package dev.unmask.gateway.api.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.SamplingParams;
import dev.unmask.v1.inference.InferParameter;
import dev.unmask.v1.inference.ModelInferRequest;
import dev.unmask.v1.inference.ModelInferRequest.InferInputTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Messages of the Open Inference Protocol as requests to generate. */
final class InferMessages {

  static final String INPUT = "text_input";
  static final String OUTPUT = "text_output";
  static final String BYTES = "BYTES";

  private InferMessages() {}

  /** {@code name@version}, where a version is an alias or a digest. */
  static String model(String name, String version) {
    return version.isEmpty() ? name : name + "@" + version;
  }

  /** The request that an inference stands for; INVALID_ARGUMENT names what cannot be honoured. */
  static GenerateRequest generate(ModelInferRequest request) throws RefusedException {
    DiffusionParams.Builder diffusion = DiffusionParams.newBuilder();
    SamplingParams.Builder sampling = SamplingParams.newBuilder();
    for (Map.Entry<String, InferParameter> entry : request.getParametersMap().entrySet()) {
      parameter(entry.getKey(), entry.getValue(), diffusion, sampling);
    }
    for (int i = 0; i < request.getOutputsCount(); i++) {
      if (!request.getOutputs(i).getName().equals(OUTPUT)) {
        throw invalid("outputs[" + i + "].name", "The only output is " + OUTPUT + ".");
      }
      if (request.getOutputs(i).getParametersCount() > 0) {
        throw invalid("outputs[" + i + "].parameters", "An output takes no parameters.");
      }
    }
    GenerateRequest.Builder generate =
        GenerateRequest.newBuilder()
            .setModel(model(request.getModelName(), request.getModelVersion()))
            .setPrompt(text(request))
            .setSampling(sampling);
    if (!diffusion.getAllFields().isEmpty()) {
      generate.setDiffusion(diffusion);
    }
    return generate.build();
  }

  private static String text(ModelInferRequest request) throws RefusedException {
    if (request.getInputsCount() != 1) {
      throw invalid(
          "inputs",
          "inputs holds "
              + request.getInputsCount()
              + " tensors; it must hold one, "
              + INPUT
              + ".");
    }
    InferInputTensor input = request.getInputs(0);
    if (!input.getName().equals(INPUT)) {
      throw invalid("inputs[0].name", "The input's name must be " + INPUT + ".");
    }
    if (!input.getDatatype().equals(BYTES)) {
      throw invalid("inputs[0].datatype", "The input's datatype must be BYTES.");
    }
    if (input.getParametersCount() > 0) {
      throw invalid("inputs[0].parameters", "An input takes no parameters; the request does.");
    }
    if (input.getShapeList().stream().anyMatch(size -> size != 1)) {
      throw invalid("inputs[0].shape", "The input's shape must be [1]: one text.");
    }
    int typed = input.getContents().getBytesContentsCount();
    int raw = request.getRawInputContentsCount();
    if (typed + raw != 1) {
      throw invalid(
          "inputs[0].contents",
          "Give one text, in bytes_contents or in raw_input_contents; there are "
              + (typed + raw)
              + ".");
    }
    return utf8(
        raw == 1
            ? withoutLength(request.getRawInputContents(0))
            : input.getContents().getBytesContents(0));
  }

  private static String utf8(ByteString bytes) throws RefusedException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.asReadOnlyByteBuffer()).toString();
    } catch (CharacterCodingException e) {
      throw invalid("inputs[0].contents", "The text is not UTF-8.");
    }
  }

  private static ByteString withoutLength(ByteString raw) throws RefusedException {
    if (raw.size() >= Integer.BYTES) {
      int length = raw.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getInt();
      if (length == raw.size() - Integer.BYTES) {
        return raw.substring(Integer.BYTES);
      }
    }
    throw invalid(
        "raw_input_contents[0]",
        "A text must stand behind its length in four bytes, the least one first.");
  }

  /** A text as raw contents have it. */
  static ByteString behindLength(ByteString text) {
    ByteBuffer length =
        ByteBuffer.allocate(Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(text.size())
            .flip();
    return ByteString.copyFrom(length).concat(text);
  }

  private static void parameter(
      String name,
      InferParameter value,
      DiffusionParams.Builder diffusion,
      SamplingParams.Builder sampling)
      throws RefusedException {
    for (Message.Builder into : new Message.Builder[] {diffusion, sampling}) {
      FieldDescriptor field = into.getDescriptorForType().findFieldByName(name);
      if (field != null && !field.isRepeated()) {
        into.setField(field, value("parameters." + name, value, field));
        return;
      }
    }
    throw invalid("parameters." + name, "There is no parameter " + name + "; leave it out.");
  }

  private static Object value(String path, InferParameter value, FieldDescriptor field)
      throws RefusedException {
    return switch (field.getJavaType()) {
      case INT -> (int) whole(path, value, Integer.MIN_VALUE, Integer.MAX_VALUE);
      case LONG -> whole(path, value, Long.MIN_VALUE, Long.MAX_VALUE);
      case DOUBLE ->
          value.hasDoubleParam()
              ? value.getDoubleParam()
              : (double) whole(path, value, Long.MIN_VALUE, Long.MAX_VALUE);
      case BOOLEAN -> {
        if (!value.hasBoolParam()) {
          throw invalid(path, path + " must be a bool_param.");
        }
        yield value.getBoolParam();
      }
      case ENUM -> {
        for (EnumValueDescriptor constant : field.getEnumType().getValues()) {
          if (constant.getName().equals(value.getStringParam())) {
            yield constant;
          }
        }
        throw invalid(path, path + " must be the name of a " + field.getEnumType().getName() + ".");
      }
      default -> throw invalid(path, path + " cannot be given here.");
    };
  }

  private static long whole(String path, InferParameter value, long least, long most)
      throws RefusedException {
    boolean fits = value.hasInt64Param() || (value.hasUint64Param() && value.getUint64Param() >= 0);
    long number = value.hasUint64Param() ? value.getUint64Param() : value.getInt64Param();
    if (!fits || number < least || number > most) {
      throw invalid(path, path + " must be an int64_param that is small enough for it.");
    }
    return number;
  }

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }
}
