package dev.unmask.sampler.schedule;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.likelihood.MaskDraws;
import dev.unmask.model.likelihood.MaskDraws.MaskedRow;
import dev.unmask.model.safetensors.SafetensorsFile;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Digest;
import dev.unmask.store.StoreException;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.RecordedDraws;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Recorded draws in safetensors files of the artifact store: {@code uniforms} and {@code
 * random_confidence} for a canvas, {@code noisy_ids} and {@code p_mask} for a score, in the shapes
 * that the reference implementation uses. Blocks on files; any thread.
 */
public final class StoredDraws implements DrawSource {

  private final ArtifactStore store;

  public StoredDraws(ArtifactStore store) {
    this.store = store;
  }

  @Override
  public Draws forTask(
      RecordedDraws named, int promptTokens, GenerationSettings settings, ServedModel model)
      throws RefusedRequestException {
    SafetensorsFile file = open(named);
    int length = promptTokens + settings.genLength();
    int columns = model.weights().config().embeddingSize();
    int forwards = settings.decoding() instanceof Decoding.Quota quota ? quota.steps() : 1;
    double[] uniforms =
        settings.temperature() > 0
            ? doubles(file, named, "uniforms", forwards, length, columns)
            : new double[0];
    double[] confidences =
        settings.remasking() == Remasking.RANDOM
            ? doubles(file, named, "random_confidence", forwards, length)
            : new double[0];
    return new Draws.Recorded(uniforms, confidences, length, columns);
  }

  @Override
  public MaskDraws forScore(
      RecordedDraws named, int promptTokens, int answerTokens, int samples, ServedModel model)
      throws RefusedRequestException {
    SafetensorsFile file = open(named);
    int length = promptTokens + answerTokens;
    int mask = model.weights().config().tokens().mask();
    long[] noisy = array(file, named, "noisy_ids", samples, length).toLongs();
    double[] probabilities = array(file, named, "p_mask", samples).toDoubles();
    List<MaskedRow> rows = new ArrayList<>();
    for (int row = 0; row < samples; row++) {
      int start = row * length + promptTokens;
      rows.add(
          new MaskedRow(
              IntStream.range(0, answerTokens).filter(i -> noisy[start + i] == mask).toArray(),
              1 / probabilities[row]));
    }
    return new MaskDraws.Recorded(rows);
  }

  private SafetensorsFile open(RecordedDraws named) throws RefusedRequestException {
    try {
      return SafetensorsFile.open(store.localBlob(Digest.parse(named.getDigest())));
    } catch (IllegalArgumentException | InvalidModelException | StoreException e) {
      throw refused("digest", String.valueOf(e.getMessage()));
    }
  }

  private static double[] doubles(
      SafetensorsFile file, RecordedDraws named, String array, long... least)
      throws RefusedRequestException {
    return array(file, named, array, least).toDoubles();
  }

  /** The array, whose first dimension is at least and whose others are exactly as wanted. */
  private static StoredTensor array(
      SafetensorsFile file, RecordedDraws named, String array, long... wanted)
      throws RefusedRequestException {
    String name = named.getPrefix().isEmpty() ? array : named.getPrefix() + "." + array;
    StoredTensor tensor = file.tensors().get(name);
    if (tensor == null) {
      throw refused("prefix", "the file has no array '" + name + "', which this request needs");
    }
    long[] shape = tensor.shape();
    boolean fits = shape.length == wanted.length && shape[0] >= wanted[0];
    for (int i = 1; fits && i < shape.length; i++) {
      fits = shape[i] == wanted[i];
    }
    if (!fits) {
      throw refused(
          "prefix",
          "the array '"
              + name
              + "' has the shape "
              + Arrays.toString(shape)
              + "; this request needs "
              + Arrays.toString(wanted)
              + ", or more in the first dimension");
    }
    return tensor;
  }

  private static RefusedRequestException refused(String part, String why) {
    return new RefusedRequestException(
        ErrorCode.ERROR_CODE_INVALID_ARGUMENT,
        "recorded_draws." + part,
        "the recorded draws cannot be used: " + why);
  }
}
