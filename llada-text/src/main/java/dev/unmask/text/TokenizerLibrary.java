package dev.unmask.text;

import ai.djl.huggingface.tokenizers.jni.LibUtils;

/**
 * The tokenizers' native library. DJL unpacks it from its jar into its cache folder and loads it
 * when the first tokenizer is made; who wants to know before whether that works asks here.
 */
public final class TokenizerLibrary {

  private TokenizerLibrary() {}

  /**
   * Unpacks it where it is not there yet, and loads it. Again does nothing. Any thread.
   *
   * @throws RuntimeException DJL's, when it cannot be unpacked or loaded
   */
  public static void load() {
    LibUtils.checkStatus();
  }
}
