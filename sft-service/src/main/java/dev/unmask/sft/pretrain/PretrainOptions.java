package dev.unmask.sft.pretrain;

import dev.unmask.model.training.LossWeight;
import dev.unmask.sft.recipe.LearningRate;
import dev.unmask.sft.recipe.NoiseDraws;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The command line of a pre-training run. */
@SuppressWarnings("NullAway.Init") // picocli fills the required options.
final class PretrainOptions {

  @Option(
      names = "--data",
      required = true,
      paramLabel = "FILE[:WEIGHT]",
      description =
          "Training file: .jsonl dialogues, anything else is plain text. WEIGHT is how often a pass"
              + " goes over the file (default 1; 0.25 is a quarter of it). Repeatable.")
  List<String> data;

  @Option(
      names = "--valid",
      paramLabel = "FILE",
      description = "Dialogues whose loss is measured at every checkpoint. Repeatable.")
  List<Path> valid = List.of();

  @Option(
      names = "--tokenizer",
      required = true,
      paramLabel = "DIR",
      description = "Folder with tokenizer.json and tokenizer_config.json.")
  Path tokenizer;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description =
          "Run folder: train-state.safetensors, metrics.jsonl, the data in tokens in tokens/ and the"
              + " model in model/. A run that is there is continued.")
  Path out;

  @Option(names = "--from", paramLabel = "DIR", description = "Model folder to start from.")
  @Nullable Path from;

  @Option(names = "--d-model", description = "Width (default ${DEFAULT-VALUE}).")
  int width = 256;

  @Option(
      names = "--layers",
      description =
          "Blocks (default 6); with --from it is grown to them: new blocks begin as copies that"
              + " change nothing.")
  @Nullable Integer layers;

  @Option(names = "--heads", description = "Attention heads (default ${DEFAULT-VALUE}).")
  int heads = 4;

  @Option(names = "--kv-heads", description = "Key and value heads (default: as --heads).")
  @Nullable Integer kvHeads;

  @Option(names = "--ffn", description = "Width of the MLP (default ${DEFAULT-VALUE}).")
  int mlp = 640;

  @Option(names = "--tied", description = "Use the embedding as the head, too.")
  boolean tied;

  @Option(names = "--context", description = "The model's context (default ${DEFAULT-VALUE}).")
  int context = 512;

  @Option(names = "--rope-theta", description = "Base of the angles (default ${DEFAULT-VALUE}).")
  double ropeTheta = 10_000;

  @Option(
      names = "--row-tokens",
      description = "Longest training row and size of text windows (default ${DEFAULT-VALUE}).")
  int rowTokens = 256;

  @Option(names = "--batch-tokens", description = "Tokens of a batch (default ${DEFAULT-VALUE}).")
  int batchTokens = 2048;

  @Option(
      names = "--eos-share",
      description =
          "Share of EOS padding among the answer slots of dialogues (default ${DEFAULT-VALUE}).")
  double eosShare = 0.35;

  @Option(
      names = "--whole-share",
      description =
          "Share of the dialogues that are learned whole, prompts included"
              + " (default ${DEFAULT-VALUE}).")
  double wholeShare = 0;

  @Option(
      names = "--weight",
      description = "Weight of a masked slot: ${COMPLETION-CANDIDATES} (default ${DEFAULT-VALUE}).")
  LossWeight weight = LossWeight.UNIFORM;

  @Option(
      names = "--draws",
      description =
          "How masking times are drawn: ${COMPLETION-CANDIDATES} (default ${DEFAULT-VALUE}).")
  NoiseDraws draws = NoiseDraws.STRATIFIED;

  @Option(
      names = "--random-lengths",
      paramLabel = "SHARE",
      description =
          "Share of the text batches that are cut to a random length; LLaDA's is 0.01 (default"
              + " ${DEFAULT-VALUE}).")
  double randomLengths = 0.01;

  @Option(
      names = "--accumulate",
      description = "Batches whose gradients make one update (default ${DEFAULT-VALUE}).")
  int accumulation = 1;

  @Option(names = "--lr", description = "Peak learning rate (default ${DEFAULT-VALUE}).")
  double learningRate = 1e-3;

  @Option(names = "--warm-up", description = "Steps of the rise (default ${DEFAULT-VALUE}).")
  long warmUp = 100;

  @Option(
      names = "--schedule",
      description = "${COMPLETION-CANDIDATES} (default ${DEFAULT-VALUE}).")
  LearningRate.Curve schedule = LearningRate.Curve.STABLE;

  @Option(
      names = "--final-lr",
      description = "Last rate as a share of the peak (default ${DEFAULT-VALUE}).")
  double finalFraction = 0.05;

  @Option(names = "--beta2", description = "AdamW's second beta (default ${DEFAULT-VALUE}).")
  double beta2 = 0.95;

  @Option(names = "--weight-decay", description = "Default ${DEFAULT-VALUE}.")
  double weightDecay = 0.1;

  @Option(names = "--clip", description = "Largest gradient norm (default ${DEFAULT-VALUE}).")
  double clip = 1.0;

  @Option(names = "--minutes", description = "Time budget over all continuations.")
  @Nullable Double minutes;

  @Option(names = "--steps", description = "Updates; instead of --minutes.")
  @Nullable Long steps;

  @Option(
      names = "--checkpoint-minutes",
      description = "Minutes between checkpoints (default ${DEFAULT-VALUE}).")
  double checkpointMinutes = 5;

  @Option(
      names = "--checkpoint-steps",
      description = "Steps between checkpoints, besides the minutes (default: none).")
  long checkpointSteps;

  @Option(
      names = "--log-steps",
      description = "Steps between lines of metrics.jsonl (default ${DEFAULT-VALUE}).")
  long logSteps = 10;

  @Option(names = "--seed", description = "Fixes weights, order and noise (default 1).")
  long seed = 1;

  @Option(names = "--threads", description = "Threads of one operation (default 1).")
  int threads = 1;

  @Option(
      names = "--precision",
      description =
          "f32 or bf16: what the network computes in; weights stay float32 (default"
              + " ${DEFAULT-VALUE}). bf16 is slow on CPUs without bfloat16 arithmetic.")
  String precision = "f32";

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Shows this.")
  boolean help;
}
