/**
 * The training corpus of unmask-mini: English dialogues made from tables of facts and lists of
 * phrasings, all written for this project (the resource files beside this package).
 *
 * <p>A {@link dev.unmask.sft.corpus.Task} asks for facts of a table; a {@link
 * dev.unmask.sft.corpus.Scene} asks for what was said in the dialogue, so that nothing can be known
 * by heart. Phrasings, values and directions of facts are held out for {@link
 * dev.unmask.sft.corpus.Questions}.
 *
 * <p>{@link dev.unmask.sft.corpus.TaskFile} reads the resources, {@link
 * dev.unmask.sft.corpus.DialogueMaker} puts dialogues together, {@link
 * dev.unmask.sft.corpus.CorpusMain} writes the files. One seed gives the same files, byte for byte.
 * Plain objects, one thread.
 */
@NullMarked
package dev.unmask.sft.corpus;

import org.jspecify.annotations.NullMarked;
