package dev.unmask.sft.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.Method;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.training.TrainingState;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.nio.file.Path;

/** Where the model of a run comes from, when it begins and when it goes on. */
public interface ModelSource {

  /** The shape, which is checked before any weight is read. */
  ModelConfig config() throws InvalidModelException;

  /** The model before the first step. */
  TrainableModel first() throws InvalidModelException;

  /**
   * The model as a state has it.
   *
   * @throws InvalidModelException when the state belongs to another model or method
   */
  TrainableModel resume(TrainingState state) throws InvalidModelException;

  /**
   * The model that the run began with, frozen, to compare with. The caller closes it.
   *
   * @throws InvalidModelException when there is none
   */
  TrainableModel reference() throws InvalidModelException;

  /**
   * A model folder and what a method makes of it.
   *
   * @param seed decides where an adapter begins
   */
  static ModelSource folder(Path folder, Compute compute, Method method, long seed) {
    return new ModelSource() {
      @Override
      public ModelConfig config() throws InvalidModelException {
        return ModelConfig.load(folder);
      }

      @Override
      public TrainableModel first() throws InvalidModelException {
        return TrainableModel.load(folder, compute, method, seed);
      }

      @Override
      public TrainableModel resume(TrainingState state) throws InvalidModelException {
        return TrainableModel.resume(folder, compute, method, state);
      }

      @Override
      public TrainableModel reference() throws InvalidModelException {
        return TrainableModel.frozen(folder, compute);
      }
    };
  }

  /** The same models, which compute their activations again rather than keep them. */
  default ModelSource recomputing() {
    ModelSource source = this;
    return new ModelSource() {
      @Override
      public ModelConfig config() throws InvalidModelException {
        return source.config();
      }

      @Override
      public TrainableModel first() throws InvalidModelException {
        return recomputing(source.first());
      }

      @Override
      public TrainableModel resume(TrainingState state) throws InvalidModelException {
        return recomputing(source.resume(state));
      }

      @Override
      public TrainableModel reference() throws InvalidModelException {
        return source.reference();
      }

      private static TrainableModel recomputing(TrainableModel model) {
        model.recomputeActivations();
        return model;
      }
    };
  }

  /** Random weights, all of which learn. */
  static ModelSource random(ModelConfig config, Compute compute, long seed) {
    return new ModelSource() {
      @Override
      public ModelConfig config() {
        return config;
      }

      @Override
      public TrainableModel first() {
        return TrainableModel.random(config, compute, seed);
      }

      @Override
      public TrainableModel resume(TrainingState state) throws InvalidModelException {
        return TrainableModel.of(config, compute, state.tensors());
      }

      @Override
      public TrainableModel reference() throws InvalidModelException {
        throw new InvalidModelException("random weights are no model to compare with");
      }
    };
  }
}
